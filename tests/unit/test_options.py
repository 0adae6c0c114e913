from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from attribution.errors import UnknownName
from attribution.types import KeyTokenRule
from attribution.verdict import Thresholds
from unpact_tui.catalogue import fields
from unpact_tui.errors import BadUsage
from unpact_tui.options import Chosen, choose_cases, setting_names, settle
from unpact_tui.settings import Settings


def chosen(**given: str | None) -> Chosen:
    blank: dict[str, str | None] = {"reference": None, "prompts": None, "prompt": None}
    return Chosen(**({"base": "a", "unlearned": "b", "answer": None} | blank | given))  # pyright: ignore[reportArgumentType]


def test_settings_are_set_by_name_wherever_they_are() -> None:
    settled = settle(
        Settings(),
        ["alpha=0.3", "normalisation=sum", "collapse=1.5", "draws=5", "granularity=word"],
    )
    assert settled.rule == KeyTokenRule(alpha=0.3, normalisation="sum")
    assert settled.thresholds.collapse == 1.5
    assert settled.draws == 5
    assert settled.granularity == "word"


def test_strategies_are_a_list_without_repeats() -> None:
    assert settle(Settings(), ["strategies=quote, bold,quote"]).strategies == ("quote", "bold")


@pytest.mark.parametrize(
    ("pair", "sentence", "hint"),
    [
        ("alpha", "not of the form", "alpha=0.2"),
        ("alhpa=1", "no setting named 'alhpa'", "alpha"),
        ("zzz=1", "no setting named 'zzz'", "unpact-tui settings"),
        ("draws=many", "draws cannot be 'many'", ""),
        ("draws=", "draws cannot be ''", ""),
        ("granularity=letter", "granularity cannot be 'letter'", ""),
        ("strategies=,", "No strategy", "bold"),
    ],
)
def test_what_cannot_be_set(pair: str, sentence: str, hint: str) -> None:
    with pytest.raises(BadUsage) as error:
        settle(Settings(), [pair])
    assert sentence in str(error.value)
    assert hint in error.value.hint


def test_unknown_plug_ins_are_refused_before_anything_is_loaded() -> None:
    for pair in ("strategies=bold,loud", "estimator=guess"):
        with pytest.raises(UnknownName):
            settle(Settings(), [pair])


def test_every_setting_can_be_set_and_is_documented() -> None:
    documented = {
        field.name
        for module, kind in (
            ("unpact_tui.settings", "Settings"),
            ("attribution.types", "KeyTokenRule"),
            ("attribution.verdict", "Thresholds"),
        )
        for field in fields(module, kind)
    }
    assert documented == set(setting_names())


def test_names_of_groups_do_not_collide() -> None:
    names = [f.name for kind in (KeyTokenRule, Thresholds) for f in dataclasses.fields(kind)]
    assert len(names) == len(set(names))
    assert not set(names) & {f.name for f in dataclasses.fields(Settings)}


def test_one_prompt_or_a_file(tmp_path: Path) -> None:
    file = tmp_path / "p.jsonl"
    file.write_text('{"prompt": "Who?", "answer": "Me"}\n')
    (case,) = choose_cases(chosen(prompts=str(file)))
    assert (case.prompt, case.answer) == ("Who?", "Me")
    (case,) = choose_cases(chosen(prompt="What?", answer="That"))
    assert (case.prompt, case.answer) == ("What?", "That")
    assert list(choose_cases(chosen())) == []


def test_what_does_not_fit_together() -> None:
    for given in (
        {"prompt": "a", "prompts": "b"},
        {"answer": "a"},
        {"answer": "a", "prompts": "b"},
    ):
        with pytest.raises(BadUsage):
            list(choose_cases(chosen(**given)))
