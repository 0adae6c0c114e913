from __future__ import annotations

from dataclasses import replace

import pytest

from attribution.types import Case
from unpact_tui.benchmarks._item import Item
from unpact_tui.settings import Settings
from unpact_tui.triage.candidates import Candidate
from unpact_tui.triage.keys import keys
from unpact_tui.triage.question import Question

QUESTION = Question("base", None, Settings(), (Case("1", "Who?", "Ann."),))
CANDIDATES = (Candidate("sweep/a", "a", "f1"), Candidate("sweep/b", "b", "f2"))


def asked(question: Question = QUESTION, base: str = "f0", reference: str | None = None) -> object:
    return keys(question, base, reference, CANDIDATES)


@pytest.mark.parametrize(
    "other",
    [
        asked(base="f9"),
        asked(reference="f8"),
        asked(replace(QUESTION, settings=Settings(draws=9))),
        asked(replace(QUESTION, cases=(Case("1", "Who?", "Bob."),))),
        asked(replace(QUESTION, cases=(*QUESTION.cases, Case("2", "Where?")))),
        asked(replace(QUESTION, items=(Item(Case("1", "Who?", "Ann."), "forget"),))),
        asked(replace(QUESTION, weights=False)),
    ],
)
def test_whatever_changes_a_row_changes_every_key(other: tuple[str, ...]) -> None:
    plain = asked()
    assert isinstance(plain, tuple)
    assert not set(plain) & set(other)


def test_where_checkpoints_lie_and_how_rows_are_opened_changes_none() -> None:
    moved = tuple(replace(one, path=f"elsewhere/{one.name}", name="x") for one in CANDIDATES)
    question = replace(QUESTION, base="moved", documents="d", compare=("other",))
    assert keys(question, "f0", None, moved) == asked()


def test_a_prompt_is_not_an_item() -> None:
    one = replace(QUESTION, cases=(), items=())
    assert len({keys(q, "f0", None, CANDIDATES) for q in (one, QUESTION)}) == 2


def test_copies_and_what_cannot_be_read_have_keys_of_their_own() -> None:
    copies = (*CANDIDATES, *CANDIDATES, Candidate("x", "x"), Candidate("y", "y"))
    assert len(set(keys(QUESTION, "f0", None, copies))) == len(copies)
    assert keys(QUESTION, "f0", None, copies)[:2] == asked()


def test_a_path_that_is_no_text_has_a_key() -> None:
    assert keys(QUESTION, "f0", None, (Candidate("a\udcff", "a\udcff"),))
