from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from fakes import AdditiveModel

from attribution.effort import Effort
from attribution.errors import BadOption, Unsupported
from attribution.estimators import leave_one_out
from attribution.estimators.screened import measure
from attribution.keytokens import belongs, key_tokens
from attribution.scorer import Hidden, Row, TokenLogprobs
from attribution.types import Answer, Attribution, KeyTokenRule, Prompt

WEIGHTS = {" red": 2.0, " hat": 1.0, " not": -1.5, " f3": 0.1, " f7": -0.05}
TEXT = "A red hat is not" + "".join(f" f{i}" for i in range(30)) + "."
EFFORT = Effort(top_k=4, checked=6)


def read(
    model: AdditiveModel, effort: Effort = EFFORT, *, also: frozenset[int] = frozenset()
) -> tuple[Prompt, list[Attribution]]:
    prompt = model.encode(TEXT)
    answer = model.answer("x y", after=prompt)
    return prompt, list(measure(model, prompt, answer, "token", effort, also=also))


def places(prompt: Prompt, *texts: str) -> list[int]:
    return [i for i, token in enumerate(prompt.tokens) if token.text in texts]


@pytest.mark.parametrize("screen", ["hidden", "gradient"])
def test_the_most_promising_and_a_random_few_are_removed(screen: str) -> None:
    model = AdditiveModel(WEIGHTS)
    assert screen in ("hidden", "gradient")
    prompt, (*_, last) = read(model, replace(EFFORT, screen=screen))
    measured = [i for i, c in enumerate(last.contributions) if c is not None]
    assert len(measured) == 4 + 6
    assert set(places(prompt, " red", " hat", " not", " f3")) <= set(measured)
    assert last.approximation is not None
    assert (last.approximation.measured, last.approximation.units) == (10, len(prompt.tokens) - 1)
    assert f"10 of {len(prompt.tokens) - 1} tokens were measured" in last.approximation.how
    assert ("gradient" in last.approximation.how) == (screen == "gradient")
    weights = [WEIGHTS.get(token.text, 0.0) for token in prompt.tokens[1:]]
    assert last.approximation.estimates[1:] == pytest.approx(weights)
    assert last.approximation.estimates[0] is None


def test_half_are_the_largest_and_half_the_farthest_from_zero() -> None:
    model = AdditiveModel({" f1": 0.5, " f2": 0.4, " f3": 0.3, " f4": -0.6, " f5": -0.45})
    prompt, (*_, last) = read(model, Effort(top_k=4, checked=0))
    measured = [i for i, c in enumerate(last.contributions) if c is not None]
    assert measured == places(prompt, " f1", " f2", " f4", " f5")


def test_key_tokens_are_those_of_exact_removal() -> None:
    model = AdditiveModel(WEIGHTS)
    model.blur = 0.001
    prompt, (*_, last) = read(model)
    *_, exact = leave_one_out.measure(model, prompt, last.answer)
    rule = KeyTokenRule()
    assert key_tokens(last, rule) == key_tokens(exact, rule)
    chances = belongs(last, rule)
    assert all((chances[i] or 0) > 0.9 for i in places(prompt, " red", " hat"))
    assert [chances[i] for i in places(prompt, " not")] == [0.0]
    assert all((chances[i] or 0) < 0.1 for i in places(prompt, " f20", " f21"))


def test_also_is_measured_whatever_the_look_says() -> None:
    _, (*_, last) = read(AdditiveModel(WEIGHTS), also=frozenset({30, 31}))
    assert last.contributions[30:32] == pytest.approx((0.0, 0.0))


def test_two_models_are_checked_on_nearly_the_same_units() -> None:
    prompt, (*_, one) = read(AdditiveModel(WEIGHTS))
    also = frozenset(i for i, c in enumerate(one.contributions) if c is not None)
    _, (*_, other) = read(AdditiveModel({" f20": 1.0, " f21": 0.7, " f22": 0.5}), also=also)
    measured = {i for i, c in enumerate(other.contributions) if c is not None}
    assert also <= measured
    assert len(measured) <= len(also) + EFFORT.top_k
    assert len(prompt.tokens) - 1 > len(measured)


def test_where_everything_may_be_removed_it_is_and_there_is_no_look() -> None:
    class Blind(AdditiveModel):
        def hide(
            self, row: Row, answer: Answer, hidden: Sequence[Hidden]
        ) -> Iterator[list[TokenLogprobs]]:
            raise AssertionError

    model = Blind(WEIGHTS)
    prompt, (*_, last) = read(model, Effort(top_k=30, checked=6))
    *_, exact = leave_one_out.measure(model, prompt, last.answer)
    assert last == replace(exact, estimator="screened")
    assert last.approximation is None


def test_there_is_no_look_that_costs_more_than_it_spares() -> None:
    model = AdditiveModel(WEIGHTS)
    prompt = model.encode(TEXT)
    long = model.answer("x " * 40, after=prompt)
    *_, last = measure(model, prompt, long, effort=EFFORT)
    assert last.approximation is None
    *_, last = measure(model, prompt, long, effort=replace(EFFORT, screen="gradient"))
    assert last.approximation is not None


def test_it_is_exact_when_also_covers_what_the_look_left_out() -> None:
    _, (*partial, last) = read(AdditiveModel(WEIGHTS), also=frozenset(range(99)))
    assert last.approximation is None
    assert None not in last.contributions[1:]
    assert any(made.approximation for made in partial)


def test_estimates_come_first_and_contributions_after() -> None:
    model = AdditiveModel(WEIGHTS)
    model.rounds = 0.25
    _, (first, *_, last) = read(model)
    assert set(first.contributions) == {None}
    assert first.approximation is not None
    assert first.approximation.measured == 0
    assert first.approximation.draws == ()
    assert first.approximation.agreement is None
    assert first.logprob == last.logprob
    assert (first.noise, last.noise) == (None, 0.25)
    assert last.by_answer_token
    assert [row[-1] is None for row in last.by_answer_token] == [last.contributions[-1] is None] * 2


def test_nothing_measured_is_still_an_answer() -> None:
    _, (*_, last) = read(AdditiveModel(WEIGHTS), Effort(top_k=0, checked=0))
    assert last.complete
    assert last.approximation is not None
    assert last.approximation.draws == ()
    assert set(belongs(last, KeyTokenRule())) == {None}


@pytest.mark.parametrize("effort", [Effort(top_k=-1), Effort(checked=-1)])
def test_a_negative_number_is_refused(effort: Effort) -> None:
    with pytest.raises(BadOption, match=r"top_k|checked"):
        read(AdditiveModel({}), effort)


def test_a_model_that_cannot_be_looked_at_so_is_heard() -> None:
    class Closed(AdditiveModel):
        def salience(self, row: Row, answer: Answer) -> tuple[float, ...]:
            raise Unsupported("give gradients", "Try --set screen=hidden.")

    with pytest.raises(Unsupported):
        read(Closed({}), replace(EFFORT, screen="gradient"))
