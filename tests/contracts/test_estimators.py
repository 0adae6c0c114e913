"""What every estimator promises, checked the moment its file is there."""

from __future__ import annotations

from functools import cache
from itertools import islice
from statistics import fmean
from typing import get_args

import pytest
from fakes import AdditiveModel
from hypothesis import given, settings
from hypothesis import strategies as st

from attribution import estimators
from attribution.effort import DEFAULT_EFFORT, Effort
from attribution.errors import NothingToAblate, UnknownName
from attribution.keytokens import belongs
from attribution.types import Attribution, Granularity, KeyTokenRule, Prompt

WEIGHTS = {"Who": 0.0, " wrote": 0.5, " the": -0.25, " red": 2.0, " hat": 1.0}
WORDS = ("Who", " wrote", " the", " red", ",", " hat", " the", "?")

LONG = "".join((*WORDS, *(f" w{i}" for i in range(12)), ".", *WORDS))
LITTLE = Effort(top_k=2, checked=4, samples=32)
"""Too little to measure every unit of a long prompt."""

BY_REMOVAL = ("hierarchical", "leave_one_out", "screened")
"""A contribution of theirs is that of removal, even where others are estimated."""

every_estimator = pytest.mark.parametrize("name", estimators.names())
every_granularity = pytest.mark.parametrize("granularity", get_args(Granularity))


def _measure(
    name: str,
    model: AdditiveModel,
    text: str,
    granularity: Granularity = "token",
    effort: Effort = DEFAULT_EFFORT,
    also: frozenset[int] = frozenset(),
) -> list[Attribution]:
    prompt = model.encode(text)
    answer = model.answer(" Ann Lee", after=prompt)
    return list(estimators.load(name)(model, prompt, answer, granularity, effort, also=also))


@cache
def _little(name: str) -> list[Attribution]:
    return _measure(name, AdditiveModel(WEIGHTS), LONG, effort=LITTLE)


def _say_what_is_not_exact(made: Attribution) -> None:
    """Hold an approximate attribution to what its type says."""
    approximation = made.approximation
    assert approximation is not None
    assert 0 <= approximation.measured <= approximation.units
    assert approximation.how
    tokens = made.prompt.tokens
    for row in (made.contributions, approximation.estimates, *approximation.draws):
        assert len(row) == len(tokens)
        assert all(value is None for value, token in zip(row, tokens, strict=True) if token.fixed)
    for interval in (approximation.agreement, approximation.r_squared):
        assert interval is None or interval.lower <= interval.estimate <= interval.upper


@every_estimator
@every_granularity
@pytest.mark.parametrize("chat", [False, True])
def test_it_recovers_an_additive_model(name: str, granularity: Granularity, chat: bool) -> None:
    model = AdditiveModel(WEIGHTS, chat=chat)
    text = "".join(WORDS)
    last = _measure(name, model, text, granularity)[-1]
    for token, contribution in zip(last.prompt.tokens, last.contributions, strict=True):
        if token.fixed:
            assert contribution is None, "what is fixed is never measured"
        elif granularity == "sentence":
            assert contribution == pytest.approx(sum(WEIGHTS.get(w, 0.0) for w in WORDS))
        else:
            assert contribution == pytest.approx(WEIGHTS.get(token.text, 0.0), abs=1e-9)
    assert last.logprob == pytest.approx(-5.0 + sum(WEIGHTS.get(w, 0.0) for w in WORDS))


@every_estimator
@settings(max_examples=25)
@given(st.fixed_dictionaries({word: st.floats(-9, 9) for word in WEIGHTS}))
def test_it_recovers_any_additive_model(name: str, weights: dict[str, float]) -> None:
    last = _measure(name, AdditiveModel(weights), "".join(WEIGHTS))[-1]
    measured = [c for c in last.contributions if c is not None]
    assert measured == pytest.approx([weights[word] for word in WEIGHTS], abs=1e-9)


@every_estimator
@every_granularity
def test_only_the_last_is_complete(name: str, granularity: Granularity) -> None:
    made = _measure(name, AdditiveModel(WEIGHTS, batch=2), "".join(WORDS), granularity)
    assert [attribution.complete for attribution in made] == [False] * (len(made) - 1) + [True]
    known = [sum(c is not None for c in attribution.contributions) for attribution in made]
    assert known == sorted(known), "what was measured stays measured"
    for attribution in made:
        assert attribution.estimator == name
        assert attribution.granularity == granularity
        assert len(attribution.contributions) == len(attribution.prompt.tokens)


@every_estimator
@every_granularity
def test_what_each_answer_token_gets_adds_up(name: str, granularity: Granularity) -> None:
    for found in _measure(name, AdditiveModel(WEIGHTS, batch=2), "".join(WORDS), granularity):
        if found.answer_logprobs:
            assert len(found.answer_logprobs) == len(found.answer.ids)
            assert fmean(found.answer_logprobs) == pytest.approx(found.logprob)
        if found.by_answer_token:
            assert found.complete
            assert len(found.by_answer_token) == len(found.answer.ids)
            for here, row in zip(
                found.contributions, zip(*found.by_answer_token, strict=True), strict=True
            ):
                assert set(row) == {None} if here is None else fmean(row) == pytest.approx(here)


@every_estimator
def test_it_says_what_it_did_not_measure(name: str) -> None:
    *partial, last = _little(name)
    for made in partial:
        assert not made.complete
        if made.approximation is not None:
            _say_what_is_not_exact(made)
    free = [i for i, token in enumerate(last.prompt.tokens) if not token.fixed]
    unmeasured = [i for i in free if last.contributions[i] is None]
    if last.approximation is None:
        assert not unmeasured, "what is exact is whole"
        return
    _say_what_is_not_exact(last)
    assert all(last.approximation.estimates[i] is not None for i in free)
    assert all(draw[i] is not None for draw in last.approximation.draws for i in free)
    chances = belongs(last, KeyTokenRule())
    assert all(chance is None or 0 <= chance <= 1 for chance in chances)


@pytest.mark.parametrize("name", [name for name in estimators.names() if name in BY_REMOVAL])
def test_what_was_measured_by_removal_is_exact_beside_estimates(name: str) -> None:
    """Those of the others are means over several removals."""
    model = AdditiveModel(WEIGHTS)
    model.blur = 0.01
    *_, last = _measure(name, model, LONG, effort=LITTLE, also=frozenset({20, 21}))
    measured = {i: c for i, c in enumerate(last.contributions) if c is not None}
    assert {20, 21} <= measured.keys()
    for i, contribution in measured.items():
        weight = WEIGHTS.get(last.prompt.tokens[i].text, 0.0)
        assert contribution == pytest.approx(weight, abs=1e-9)
    if last.approximation is not None:
        assert last.approximation.measured == len(measured) < last.approximation.units
        for draw in last.approximation.draws:
            assert {i: draw[i] for i in measured} == measured, "a draw keeps what was measured"


@every_estimator
def test_the_seed_decides_what_is_left_to_chance(name: str) -> None:
    again = _measure(name, AdditiveModel(WEIGHTS), LONG, effort=LITTLE)
    assert again[-1] == _little(name)[-1]


@every_estimator
def test_leaving_the_loop_stops_the_model(name: str) -> None:
    model = AdditiveModel(WEIGHTS, batch=1)
    prompt = model.encode("".join(WORDS))
    answer = model.answer(" Ann Lee", after=prompt)
    list(islice(estimators.load(name)(model, prompt, answer, "token"), 1))
    stopped = model.passes
    list(estimators.load(name)(model, prompt, answer, "token"))
    assert stopped < model.passes - stopped


@every_estimator
def test_nothing_to_remove_is_said(name: str) -> None:
    model = AdditiveModel(WEIGHTS, chat=True)
    whole = model.encode("Who")
    template = Prompt(whole.text, tuple(t for t in whole.tokens if t.fixed), whole.content)
    answer = model.answer(" Ann", after=whole)
    with pytest.raises(NothingToAblate):
        list(estimators.load(name)(model, template, answer, "token"))


def test_there_is_the_paper_s_own() -> None:
    assert "leave_one_out" in estimators.names()


def test_a_typing_error_is_answered_with_the_right_name() -> None:
    with pytest.raises(UnknownName) as caught:
        estimators.load("leave_one_outt")
    assert "leave_one_out" in caught.value.hint
