from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, pairwise, permutations
from statistics import fmean, pstdev

import pytest
from fakes import AdditiveModel

from attribution.effort import Effort
from attribution.errors import BadOption
from attribution.estimators.shapley import measure
from attribution.scorer import Row, TokenLogprobs
from attribution.types import Answer, Attribution, Prompt, Span, Token

WORDS = ("a", " b", " c", " d", " e", " f", " g", " h", " i", " j")


class Interacting(AdditiveModel):
    """Beside the weights, each answer token gets what pairs and orders of words are worth."""

    def __init__(self, *, batch: int = 4) -> None:
        super().__init__({"a": 1.0, " c": -0.5, " e": 0.25}, batch=batch)
        self.rows: list[Row] = []
        self.words = [self.id_of(word) for word in WORDS]

    def worth(self, row: Row, token: int) -> float:
        a, b, c, d, e, *_ = (word in row for word in self.words)
        follows = any(x == self.words[1] and y == self.words[3] for x, y in pairwise(row))
        plain = self.bias + sum(self.weights.get(id, 0.0) for id in row)
        return plain + (1 + token) * (2.0 * (a and b) - 1.5 * (b and c and e) + (d or a) + follows)

    def score(self, rows: Sequence[Row], answer: Answer) -> Iterator[list[TokenLogprobs]]:
        self.rows += rows
        done = 0
        for batch in super().score(rows, answer):
            here = rows[done : done + len(batch)]
            done += len(batch)
            yield [tuple(self.worth(row, t) for t in range(len(answer.ids))) for row in here]


def _measure(
    model: AdditiveModel, text: str, samples: int = 128, *, seed: int = 0
) -> list[Attribution]:
    prompt = model.encode(text)
    answer = model.answer("x y", after=prompt)
    return list(measure(model, prompt, answer, effort=Effort(samples=samples), seed=seed))


def _by_definition(model: Interacting, prompt: Prompt, *, leave: int = 0) -> list[float]:
    """Each word's mean marginal over all orders of removal, one order after the other."""
    gains: dict[int, list[float]] = {i: [] for i in prompt.removable}
    for order in permutations(prompt.removable):
        for k in range(len(order) - leave):
            before = prompt.without(frozenset(order[:k]))
            after = prompt.without(frozenset(order[: k + 1]))
            gain = fmean(model.worth(before, t) - model.worth(after, t) for t in range(2))
            gains[order[k]].append(gain)
    return [fmean(gains[i]) for i in prompt.removable]


def test_with_samples_for_every_subset_it_is_the_definition() -> None:
    model = Interacting()
    *_, last = _measure(model, "".join(WORDS[:5]), 31)
    assert last.contributions[1:] == pytest.approx(_by_definition(model, last.prompt), abs=1e-12)
    assert last.approximation is None, "everything it is made of was measured"
    assert len(set(model.rows)) == 32
    assert last.contributions != last.by_answer_token[0]


def test_without_a_fixed_token_the_last_stays() -> None:
    model = Interacting()
    tokens = tuple(Token(model.id_of(t), t, 2 * i, 2 * i + 2) for i, t in enumerate(WORDS[:4]))
    prompt = Prompt("a b c d ", tokens, Span(0, 8))
    answer = model.answer("x y", after=prompt)
    *_, last = measure(model, prompt, answer, effort=Effort(samples=14))
    assert () not in model.rows
    assert last.contributions == pytest.approx(_by_definition(model, prompt, leave=1), abs=1e-12)
    *_, sampled = measure(model, prompt, answer, effort=Effort(samples=13))
    assert () not in model.rows
    assert sampled.approximation is not None
    assert None not in sampled.contributions


@pytest.mark.parametrize("samples", [60, 200])
def test_the_values_add_up_to_what_the_prompt_is_worth(samples: int) -> None:
    model = Interacting()
    *_, last = _measure(model, "".join(WORDS), samples)
    nothing = last.prompt.without(frozenset(last.prompt.removable))
    worth = last.logprob - fmean(model.worth(nothing, t) for t in range(2))
    assert sum(c for c in last.contributions if c is not None) == pytest.approx(worth)
    made = last.approximation
    assert made is not None
    assert len(made.draws) == 64
    read = {row for row in model.rows if row != last.prompt.ids}
    assert len(read) <= samples
    assert len(read) == len(model.rows) - model.rows.count(last.prompt.ids), "none twice"
    for draw in made.draws:
        assert sum(c for c in draw if c is not None) == pytest.approx(worth)


def test_draws_spread_as_far_as_the_seed_moves_the_value() -> None:
    model = Interacting(batch=512)
    made = [_measure(model, "".join(WORDS), 180, seed=seed)[-1] for seed in range(40)]
    moved = pstdev(a.contributions[2] or 0.0 for a in made)
    spreads = [
        pstdev(draw[2] or 0.0 for draw in a.approximation.draws) for a in made if a.approximation
    ]
    assert fmean(spreads) == pytest.approx(moved, rel=0.3)


def test_what_adds_up_is_exact_from_one_order_on() -> None:
    model = AdditiveModel({"a": 1.0, " c": -0.5, " j": 0.25})
    *_, last = _measure(model, "".join(WORDS), 10)
    assert last.contributions[1:] == pytest.approx([1.0, 0, -0.5, 0, 0, 0, 0, 0, 0, 0.25])
    made = last.approximation
    assert made is not None
    assert made.draws == (), "one order says nothing about its error"
    assert "1 of the orders" in made.how
    assert made.how.endswith("10 prompts read")


def test_an_order_and_its_reverse_cost_little_more_than_one() -> None:
    model = Interacting()
    *_, last = _measure(model, "".join(WORDS), 19)
    made = last.approximation
    assert made is not None
    assert made.how == (
        "Shapley values over 2 of the orders in which 10 units may be removed, "
        "half of them reversed; 19 prompts read"
    )
    sizes = sorted(len(last.prompt.ids) - len(row) for row in set(model.rows))
    assert sizes == [0, *sorted([*range(1, 10)] * 2), 10]


def test_the_seed_decides_the_orders() -> None:
    def last(seed: int) -> Attribution:
        return _measure(Interacting(), "".join(WORDS), 64, seed=seed)[-1]

    assert last(1) == last(1)
    assert last(1).contributions != last(2).contributions


def test_it_tells_more_and_more_and_is_complete_once() -> None:
    made = _measure(Interacting(batch=3), "".join(WORDS), 40)
    assert [a.complete for a in made] == [False] * (len(made) - 1) + [True]
    known = [sum(c is not None for c in a.contributions) for a in made]
    assert known == sorted(known)
    assert 0 < known[0] < known[-1] == 10
    assert all(a.approximation is not None for a in made)


@pytest.mark.parametrize("samples", [-1, 0, 9])
def test_too_few_samples_are_said_with_how_many_it_takes(samples: int) -> None:
    with pytest.raises(BadOption, match="at least 10 to go once through 10 units"):
        _measure(Interacting(), "".join(WORDS), samples)


def test_every_subset_is_every_subset() -> None:
    model = Interacting()
    *_, last = _measure(model, "".join(WORDS[:3]), 7)
    free = last.prompt.removable
    subsets = {
        last.prompt.without(frozenset(gone)) for k in range(4) for gone in combinations(free, k)
    }
    assert set(model.rows) == subsets
