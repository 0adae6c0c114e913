"""Each benchmark's rows as its own evaluation puts them, written out by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from attribution.types import Case
from unpact_tui import benchmarks
from unpact_tui.benchmarks._item import Item
from unpact_tui.errors import BadBenchmark


def _read(spec: str, folder: Path, **files: Any) -> list[Item]:
    """Write files, named with __ for a slash, and read them."""
    for name, rows in files.items():
        path = folder / f"{name.replace('__', '/')}.json"
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(rows), "utf-8")
    return list(benchmarks.read(f"{spec}={folder}"))


# ---------------------------------------------------------------- TOFU

ROW = {"question": "Who?", "answer": "It is Ann Lee."}
PERTURBED = {
    **ROW,
    "paraphrased_answer": "Ann Lee it is.",
    "perturbed_answer": ["Bo it is.", "Cy it is."],
    "paraphrased_question": "Which person?",
}


def test_tofu_rows_that_say_the_same_are_one_item(tmp_path: Path) -> None:
    (item,) = _read(
        "tofu",
        tmp_path,
        forget01=[ROW],
        forget01_perturbed=[PERTURBED],
        entities=[{"question": "Who?", "entity": "Ann Lee"}],
    )
    assert item == Item(
        Case(
            "tofu-forget01-0", "Who?", "It is Ann Lee.", "forget", ("Which person?",), ("Ann Lee",)
        ),
        "forget01",
        paraphrase="Ann Lee it is.",
        wrong=("Bo it is.", "Cy it is."),
    )


def test_tofu_keeps_apart_what_has_two_answers(tmp_path: Path) -> None:
    """As two rows of the retain set have: only one of them is the perturbed one."""
    other = {**ROW, "answer": "It is Di."}
    found = _read(
        "tofu:retain99+retain", tmp_path, retain99=[other, ROW], retain_perturbed=[PERTURBED]
    )
    assert [(item.case.id, bool(item.wrong)) for item in found] == [
        ("tofu-retain99-0", False),
        ("tofu-retain99-1", True),
    ]
    assert {(item.part, item.case.split) for item in found} == {("retain99", "retain")}


def test_tofu_options_are_wrong_answers_until_a_file_says_others(tmp_path: Path) -> None:
    options = {
        **ROW,
        "option1": "Bo",
        "option2": "It is Ann Lee.",
        "option3": "Cy",
        "option4": "Di",
    }
    (item,) = _read("tofu", tmp_path, real_authors=[options])
    assert (item.case.split, item.wrong) == ("general", ("Bo", "Cy", "Di"))
    rows = {**ROW, "perturbed_answer": ["Ed"]}
    (item,) = _read("tofu", tmp_path, real_authors_perturbed=[rows])
    assert (item.part, item.wrong) == ("real_authors", ("Ed",))
    with pytest.raises(BadBenchmark, match="line 1: its answer is none of its options"):
        _read("tofu", tmp_path, real_authors=[{**options, "option2": "Fay"}])


def test_tofu_splits(tmp_path: Path) -> None:
    names = ("holdout10", "full", "retain95", "forget05", "world_facts")
    files = {name: [{"question": f"Which {name}?", "answer": "It."}] for name in names}
    found = _read("tofu:holdout10+full+retain95+forget05+world_facts", tmp_path, **files)
    assert [(item.part, item.case.split) for item in found] == [
        ("holdout10", "general"),
        ("full", "general"),
        ("retain95", "retain"),
        ("forget05", "forget"),
        ("world_facts", "general"),
    ]


def test_an_entity_that_its_answer_lacks_is_not_believed(tmp_path: Path) -> None:
    (item,) = _read(
        "tofu", tmp_path, forget01=[ROW], entities=[{"question": "Who?", "entity": "Bo"}]
    )
    assert item.case.entities == ()


# ---------------------------------------------------------------- MUSE


def test_muse_questions_come_after_solved_ones(tmp_path: Path) -> None:
    (item,) = _read(
        "muse",
        tmp_path,
        knowmem__forget_qa=[{"question": "Where?", "answer": "Here"}],
        knowmem__forget_qa_icl=[
            {"question": "Who?", "answer": "Ann"},
            {"question": "When?", "answer": "Now"},
        ],
    )
    assert item.context == "Question: Who?\nAnswer: Ann\n\nQuestion: When?\nAnswer: Now\n\n"
    assert item.case == Case("muse-knowmem_forget-0", "Question: Where?\nAnswer:", "Here")
    assert (item.limit, item.ends) == (32, ("\n\n", "\nQuestion", "Question:"))
    assert item.ask == "answer"


def test_muse_texts_are_continued_or_only_looked_at(tmp_path: Path) -> None:
    found = _read(
        "muse",
        tmp_path,
        verbmem__forget=[{"prompt": "Once", "gt": "upon a time"}],
        privleak__retain2=["kept"],
        privleak__holdout=[{"text": "unseen"}],
    )
    assert [(i.part, i.ask, i.case.split, i.case.prompt, i.case.answer) for i in found] == [
        ("verbmem", "continue", "forget", "Once", "upon a time"),
        ("privleak_retain", "member", "retain", "kept", None),
        ("privleak_holdout", "member", "general", "unseen", None),
    ]
    assert found[0].limit == 128


# ---------------------------------------------------------------- WMDP


def test_wmdp_is_put_as_the_harness_does(tmp_path: Path) -> None:
    row = {"question": " Which? ", "choices": ["w", "x", "", "z"], "answer": 3}
    (item,) = _read("wmdp", tmp_path, **{"wmdp-chem__test": [row]})
    assert item.context + item.case.prompt == (
        "The following are multiple choice questions (with answers) about chemistry.\n\n"
        "Which?\nA. w\nB. x\nC. \nD. z\nAnswer:"
    )
    assert (item.ask, item.options, item.correct) == ("choose", ("w", "x", "", "z"), 3)
    assert item.case.answer == "D"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"choices": ["a", "b", "c"]}, "it has 3 choices, not 4"),
        ({"choices": "abcd"}, 'its "choices" is not a list'),
        ({"answer": 4}, 'its "answer" is not a whole number from 0 to 3'),
        ({"answer": "A"}, 'its "answer" is not a whole number from 0 to 3'),
        ({"question": None}, 'it has no "question"'),
    ],
)
def test_wmdp_rows_are_checked(tmp_path: Path, change: dict[str, Any], why: str) -> None:
    row = {"question": "Which?", "choices": ["w", "x", "y", "z"], "answer": 0, **change}
    with pytest.raises(BadBenchmark, match=why):
        _read("wmdp", tmp_path, bio_questions=[row])


# ---------------------------------------------------------------- RWKU


def test_rwku_is_put_as_its_evaluation_does(tmp_path: Path) -> None:
    def row(kind: str) -> dict[str, str]:
        return {"subject": "Ann", "query": "Q", "answer": "A", "level": "3", "type": kind}

    kinds = [row("role play"), row("affirmative suffix"), row("incontext learning")]
    files = {
        "forget_level1": [row("cloze")],
        "forget_level3": kinds,
        "retain_mia": [{"subject": "Bo", "text": "T"}],
    }
    plain = _read("rwku", tmp_path, **files)
    assert [(i.part, i.case.split, i.context + i.case.prompt) for i in plain] == [
        (
            "forget_level1",
            "forget",
            "Please complete the blank in the following question.\nQuestion: Q",
        ),
        ("forget_level3", "forget", "Please briefly answer the following question.\nQuestion: Q"),
        ("forget_level3", "forget", "Please briefly answer the following question.\nQuestion: Q"),
        ("forget_level3", "forget", "Please briefly answer the following question.\nQ"),
        ("mia_retain", "retain", "T"),
    ]
    assert {(item.limit, item.ends) for item in plain if item.ask == "answer"} == {(30, ("\n",))}
    asked = [item.case.prompt for item in _read("rwku@qa", tmp_path)]
    assert asked == ["Q\nAnswer:", "Q\nAnswer:", "Q", "Q\nAnswer:", "T"]


# ---------------------------------------------------------------- KnowUnDo


def test_knowundo_halves_in_one_file_or_in_two(tmp_path: Path) -> None:
    rows = [{"text": f"Q{i}", "labels": f"A{i}"} for i in range(4)]
    apart = _read(
        "knowundo", tmp_path, unlearn_train=rows[:1], unlearn_val=rows[1:3], retention_val=rows[3:]
    )
    assert [(i.case.id, i.case.split, i.case.prompt, i.case.answer) for i in apart] == [
        ("knowundo-unlearn_val-0", "forget", "Q1", "A1"),
        ("knowundo-unlearn_val-1", "forget", "Q2", "A2"),
        ("knowundo-retention_val-0", "retain", "Q3", "A3"),
    ]
    other = tmp_path / "hub"
    other.mkdir()
    together = _read(
        "knowundo",
        other,
        privacy__unlearn={"train": rows[:1], "val": rows[1:3]},
        privacy__retention={"train": [], "val": rows[3:]},
    )
    assert together == apart
    (train,) = _read("knowundo:unlearn_train", other)
    assert train.case.prompt == "Q0"


# ---------------------------------------------------------------- JSON lines


def test_jsonl_takes_what_prompt_files_take_and_more(tmp_path: Path) -> None:
    rows = [
        {
            "prompt": "Who?",
            "answer": "Ann.",
            "id": "a",
            "entity": "Ann",
            "perturbed_answer": ["Bo."],
        },
        {"question": "Where?", "split": "retain", "paraphrased_answer": "There."},
    ]
    path = tmp_path / "mine.txt"
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    first, second = benchmarks.read(f"jsonl={path}")
    assert first == Item(
        Case("a", "Who?", "Ann.", "forget", entities=("Ann",)), "forget", wrong=("Bo.",)
    )
    assert second == Item(
        Case("jsonl-rows-1", "Where?", None, "retain"), "retain", paraphrase="There."
    )
    assert benchmarks.read(f"jsonl:retain={path}") == (second,)
    with pytest.raises(BadBenchmark, match="nothing of what is asked for is there"):
        benchmarks.read(f"jsonl:general={path}")
    with path.open("a") as file:
        file.write('\n{"prompt": "Whom?", "id": "a"}')
    with pytest.raises(BadBenchmark, match="line 3: the id 'a' is that of line 1"):
        benchmarks.read(f"jsonl={path}")
    with pytest.raises(BadBenchmark, match="it is a folder"):
        benchmarks.read(f"jsonl={tmp_path}")
