from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from fakes import AdditiveModel

from attribution.effort import Effort
from attribution.estimators.replacement import measure
from attribution.scorer import Row, TokenLogprobs
from attribution.types import Answer


class Watched(AdditiveModel):
    """Remembers every row that it was given."""

    def __init__(self, weights: dict[str, float]) -> None:
        super().__init__(weights)
        self.rows: list[Row] = []

    def score(self, rows: Sequence[Row], answer: Answer) -> Iterator[list[TokenLogprobs]]:
        self.rows += rows
        return super().score(rows, answer)


def test_a_contribution_is_the_token_less_its_stand_in() -> None:
    model = AdditiveModel({" red": 2.0, " hat": 1.0, " it": 0.5})
    prompt = model.encode("The red hat")
    *_, last = measure(
        model, prompt, model.answer("x", after=prompt), effort=Effort(baseline=" it")
    )
    assert last.contributions == pytest.approx([None, -0.5, 1.5, 0.5])
    assert last.approximation is None, "nothing about it is a guess"
    assert last.complete


@pytest.mark.parametrize(("baseline", "id"), [("mask", 4), ("unk", 5)])
def test_the_place_stays_and_the_whole_word_gives_way(baseline: str, id: int) -> None:
    model = Watched({"Al": 1.0, "K": 0.5})
    prompt = model.encode("Al-K?")
    *_, last = measure(
        model, prompt, model.answer("x", after=prompt), "word", Effort(baseline=baseline)
    )
    begin, *word, mark = prompt.ids
    assert (begin, *[id] * len(word), mark) in model.rows
    assert {len(row) for row in model.rows} == {len(prompt.ids)}
    assert last.contributions == pytest.approx([None, 1.5, 1.5, 1.5, 0.0])
