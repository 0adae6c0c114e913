"""The first row is chosen by what the models do."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from fakes import AdditiveModel

from attribution.recover import Trio
from unpact_tui.demo.corpus import ATTRIBUTES, Fact
from unpact_tui.demo.showcase import choose

FACT = Fact(0, "Ann Weswick", ATTRIBUTES[0], "Oslo")
OTHER = Fact(1, "Bob Corling", ATTRIBUTES[0], "Lima")
RIGHT = {"Weswick": FACT.ask().answer, "Corling": OTHER.ask().answer}
MARKED = {f"**{name}**": answer for name, answer in RIGHT.items()}


def model(says: Mapping[str, str]) -> AdditiveModel:
    return AdditiveModel({" Weswick": 2.0, " Corling": 2.0}, says=says)


def trio(
    base: Mapping[str, str] = RIGHT,
    unlearned: Mapping[str, str] = MARKED,
    reference: Mapping[str, str] | None = None,
) -> Trio:
    models = [model(says) for says in (base, unlearned, reference or {})]
    for other in models[1:]:
        other._ids = models[0]._ids  # one tokenizer, as in a family
    return Trio(*models)


def test_the_first_fact_that_only_emphasis_brings_back_is_shown() -> None:
    assert choose([FACT, OTHER], trio()) == 0
    assert choose([OTHER, FACT], trio()) == 0


@pytest.mark.parametrize(
    "other",
    [
        trio(base={"Corling": RIGHT["Corling"]}),
        trio(unlearned={"**Corling**": RIGHT["Corling"]}),
        trio(unlearned=MARKED | {"Weswick": RIGHT["Weswick"]}),
        trio(reference={"Weswick": RIGHT["Weswick"]}),
    ],
    ids=["unknown to the base", "not recovered", "not forgotten", "guessed by the reference"],
)
def test_a_fact_that_shows_nothing_is_passed_over(other: Trio) -> None:
    assert choose([FACT, OTHER], other) == 1


def test_a_last_name_in_pieces_is_passed_over() -> None:
    pieces = Fact(0, "Ann Wes-wick", ATTRIBUTES[0], "Oslo")
    says = {"wick": pieces.ask().answer, "Corling": RIGHT["Corling"]}
    assert choose([pieces, OTHER], trio(base=says)) == 1


def test_there_may_be_none() -> None:
    assert choose([FACT, OTHER], trio(unlearned={})) is None
    assert choose([], trio()) is None
