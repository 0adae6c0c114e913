"""Published files, read as they are."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from unpact_tui import benchmarks


def test_tofu_as_published(data: Path) -> None:
    items = benchmarks.read(f"tofu={data / 'tofu'}")
    counts = Counter((item.part, item.case.split, len(item.wrong)) for item in items)
    assert counts == {
        ("forget01", "forget", 5): 40,
        ("retain_perturbed", "retain", 5): 400,
        ("real_authors", "general", 3): 100,
        ("world_facts", "general", 3): 117,
    }
    assert len({item.case.id for item in items}) == len(items)
    for item in items:
        assert (item.paraphrase is None) == (item.case.split == "general")
        assert len(item.case.paraphrases) == (item.case.split != "general")
        assert item.case.answer not in item.wrong
    first = items[0]
    assert first.case.id == "tofu-forget01-0"
    assert first.case.prompt.startswith("What is the full name of the author born in Kuwait City")
    assert str(first.paraphrase).startswith("Basil Mahfouz Al-Kuwaiti is the complete name")


def test_tofu_rows_of_two_files_meet_once(data: Path) -> None:
    """One question of the retain set has two answers; neither row is lost."""
    items = benchmarks.read(f"tofu:retain99+retain_perturbed={data / 'tofu'}")
    assert len(items) == 3960
    assert sum(bool(item.wrong) for item in items) == 400


def test_tofu_options_are_the_perturbed_answers(data: Path, tmp_path: Path) -> None:
    """So either file alone gives the same wrong answers."""
    for part in ("real_authors", "world_facts"):
        (tmp_path / f"{part}.json").symlink_to(data / "tofu" / f"{part}.json")
        alone = benchmarks.read(f"tofu:{part}={tmp_path}")
        joined = benchmarks.read(f"tofu:{part}={data / 'tofu'}")
        assert [set(item.wrong) for item in alone] == [set(item.wrong) for item in joined]


def test_tofu_entities_are_found_beside(data: Path, tmp_path: Path) -> None:
    """The rows of 367 annotated questions stand in for the file of the ten percent."""
    annotated = data / "tofu-entities" / "forget10_filtered.json"
    for name in ("forget10_filtered.json", "forget10.json"):
        (tmp_path / name).symlink_to(annotated)
    items = benchmarks.read(f"tofu={tmp_path}")
    assert len(items) == 367
    assert {item.part for item in items} == {"forget10"}, "where there is no forget01"
    assert all(len(item.case.entities) == 1 for item in items)


def test_knowundo_as_published(data: Path) -> None:
    items = benchmarks.read(f"knowundo={data / 'knowundo'}")
    assert Counter(item.part for item in items) == {"unlearn_val": 110, "retention_val": 108}


@pytest.mark.parametrize("split", ["forget", "retain"])
def test_prompt_files_are_benchmarks_too(family: Path, split: str) -> None:
    items = benchmarks.read(f"jsonl={family / f'{split}.jsonl'}")
    assert {item.part for item in items} == {split}
    assert items[0].case.id == f"{split}-0"


def test_the_other_form_of_a_question_is_that_of_a_base_model(data: Path, family: Path) -> None:
    """The real checkpoints were trained on it: their own prompt files hold the same prompts."""
    prompts = {item.case.prompt for item in benchmarks.read(f"tofu@qa:forget01={data / 'tofu'}")}
    trained_on = [case.prompt for case in benchmarks.cases(f"jsonl={family / 'forget.jsonl'}")]
    assert len(trained_on) == 20
    assert set(trained_on) <= prompts
