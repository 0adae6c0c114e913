from __future__ import annotations

from collections.abc import Iterator, Sequence
from time import perf_counter

import pytest
from fakes import AdditiveModel, WordTokens

from attribution import estimators
from attribution.blocks import shared_length
from attribution.effort import DEFAULT_EFFORT, Effort
from attribution.errors import UnknownName
from attribution.plan import Plan, forwards, measure_rate, plan
from attribution.scorer import Row, TokenLogprobs
from attribution.types import Answer, Granularity

TOKENS = WordTokens()
ANSWER = Answer("a", tuple(range(16)), "gold")


PROMPTS = {tokens: TOKENS.encode("." * tokens) for tokens in (2, 20, 127, 511, 8000)}
"""By how many tokens there are besides the first, which is fixed."""


LONG_ANSWER = Answer("a", tuple(range(64)), "gold")


def of(tokens: int, seconds: float, *, models: int = 2, answer: Answer = ANSWER) -> Plan:
    return plan(1e5, PROMPTS[tokens], answer, "token", DEFAULT_EFFORT, seconds, models=models)


def test_exact_removal_costs_what_it_reads() -> None:
    # 127 tokens that may go, behind one that may not: n + T - 1, then n - i - 2 + T for i >= 1,
    # but one id at least for the last.
    n, t = 128, 16
    removals = sum(max(1, n - i - 1) + t - 1 for i in range(1, n))
    expected = n + t - 1 + removals
    found = forwards(PROMPTS[127], ANSWER, "token", "leave_one_out", DEFAULT_EFFORT)
    assert found == pytest.approx(expected)
    rounded = forwards(PROMPTS[127], ANSWER, "token", "leave_one_out", DEFAULT_EFFORT, rounded=True)
    assert rounded == pytest.approx(expected + 5 * (n + t - 1))


def test_each_estimator_has_a_cost_that_grows_with_its_effort() -> None:
    more = Effort(top_k=32, checked=32, samples=256)
    for name in estimators.names():
        little = forwards(PROMPTS[511], ANSWER, "token", name, DEFAULT_EFFORT)
        much = forwards(PROMPTS[511], ANSWER, "token", name, more)
        assert 511 < little <= much
    with pytest.raises(UnknownName):
        forwards(PROMPTS[511], ANSWER, "token", "guess", DEFAULT_EFFORT)


@pytest.mark.parametrize("screen", ["hidden", "gradient"])
def test_screening_is_cheaper_than_exact_removal(screen: str) -> None:
    assert screen in ("hidden", "gradient")
    exact = forwards(PROMPTS[511], ANSWER, "token", "leave_one_out", DEFAULT_EFFORT)
    effort = Effort(top_k=16, checked=4, screen=screen)
    assert forwards(PROMPTS[511], ANSWER, "token", "screened", effort) < exact / 6


def test_a_short_prompt_costs_the_same_by_every_removal() -> None:
    costs = {
        forwards(PROMPTS[20], ANSWER, "token", name, DEFAULT_EFFORT)
        for name in ("leave_one_out", "screened", "hierarchical")
    }
    assert len(costs) == 1


def test_with_time_enough_it_is_exact() -> None:
    found = of(511, 60.0)
    assert (found.estimator, found.effort) == ("leave_one_out", DEFAULT_EFFORT)
    assert 0 < found.seconds < 60


def test_with_less_it_screens_as_many_as_fit() -> None:
    times = [of(511, seconds) for seconds in (0.5, 1.0, 1.5, 2.0)]
    assert [found.estimator for found in times] == ["screened"] * 4
    tops = [found.effort.top_k for found in times]
    assert tops == sorted(set(tops))
    assert tops[0] >= 4
    for found, seconds in zip(times, (0.5, 1.0, 1.5, 2.0), strict=True):
        assert 0.7 * seconds < found.seconds <= 0.8 * seconds, "a fifth stays unplanned"


def test_with_little_it_goes_from_coarse_to_fine_and_the_least_is_always_there() -> None:
    some = of(8000, 8.0, answer=LONG_ANSWER)
    assert some.estimator == "hierarchical"
    assert (some.effort.top_k > 4, some.effort.checked) == (True, 16)
    assert some.seconds < 8.0
    least = of(8000, 0.001)
    assert least.estimator == "hierarchical"
    assert (least.effort.top_k, least.effort.checked) == (4, 4)
    assert least.seconds > 0.001


def test_the_second_model_measures_what_the_first_picked_too() -> None:
    one, two = of(511, 2.0, models=1), of(511, 2.0)
    assert (one.estimator, two.estimator) == ("leave_one_out", "screened")
    one, two = of(8000, 30.0, models=1), of(8000, 30.0)
    assert one.effort.top_k > 2 * two.effort.top_k


def test_thousands_of_tokens_are_planned_at_once() -> None:
    start = perf_counter()
    for seconds in (1.0, 10.0, 100.0, 10_000.0):
        of(8000, seconds)
    assert perf_counter() - start < 10


@pytest.mark.parametrize("granularity", ["token", "word", "sentence"])
def test_coarser_units_cost_less(granularity: Granularity) -> None:
    prompt = TOKENS.encode("Who is it? It is I. No one else was there. " * 9)
    token = forwards(prompt, ANSWER, "token", "leave_one_out", DEFAULT_EFFORT)
    cost = forwards(prompt, ANSWER, granularity, "leave_one_out", DEFAULT_EFFORT)
    assert cost <= token


class Timed(AdditiveModel):
    """Reads a thousand ids in a second of its own clock, and what is like the first row once."""

    now = 0.0
    longest = 0

    def clock(self) -> float:
        return self.now

    def score(self, rows: Sequence[Row], answer: Answer) -> Iterator[list[TokenLogprobs]]:
        for row in rows:
            known = shared_length(rows[0], row) if row is not rows[0] else 0
            self.now += (len(row) - known + len(answer.ids) - 1) / 1000
        self.longest = max(self.longest, *map(len, rows))
        yield from super().score(rows, answer)


@pytest.mark.parametrize("words", [2, 20, 127, 8000])
def test_the_rate_is_what_the_clock_says(words: int) -> None:
    model = Timed({})
    found = measure_rate(model, PROMPTS[words], ANSWER, clock=model.clock)
    assert found == pytest.approx(1000)
    assert model.longest <= len(PROMPTS[words].ids)
    most = 1500 if words < 1000 else 1.6 * words
    assert model.now * 1000 < most, "no more than what it says, and a first pass"


def test_a_clock_that_stands_still_is_no_division_by_zero() -> None:
    assert measure_rate(AdditiveModel({}), PROMPTS[20], ANSWER, clock=lambda: 1.0) > 0
