"""Properties of the formulas that hold for any reading."""

from __future__ import annotations

from math import exp

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attribution.types import Odds
from unpact_tui.metrics import (
    choice,
    exact_memorisation,
    extraction_strength,
    forget_quality,
    membership,
    model_utility,
    muse,
    probability,
    truth_ratio,
)

logprobs = st.floats(-60, 0)
several = st.lists(logprobs, min_size=1, max_size=6)
firsts = st.lists(st.booleans(), min_size=1, max_size=12)
shares = st.floats(0, 1)
scores = st.lists(st.floats(-20, 20), min_size=1, max_size=12)
odds = st.builds(Odds, logprobs, st.booleans(), st.floats(-9, 0), st.floats(0, 4))


@settings(max_examples=20)
@given(logprobs, logprobs)
def test_probability_is_a_share_and_rises(low: float, high: float) -> None:
    low, high = sorted((low, high))
    assert 0 <= probability.probability(low) <= probability.probability(high) <= 1


@settings(max_examples=20)
@given(logprobs, several, st.sampled_from([0.0, 1e-10]))
def test_normalised_is_a_share_that_order_does_not_change(
    right: float, wrong: list[float], epsilon: float
) -> None:
    found = probability.normalised(right, wrong, epsilon)
    assert 0 <= found <= 1
    assert found == pytest.approx(probability.normalised(right, wrong[::-1], epsilon))
    assert found >= probability.normalised(right - 1, wrong, epsilon) - 1e-12


def test_normalised_of_the_unlikeliest_is_still_a_share() -> None:
    assert probability.normalised(-5000, [-5000, -5000, -5000], 0.0) == 0.25
    assert probability.normalised(-5000, [-5000] * 3) == 0.0


@settings(max_examples=20)
@given(logprobs, several)
def test_truth_ratio_does_not_ask_for_the_order_of_wrong_answers(
    right: float, wrong: list[float]
) -> None:
    found = truth_ratio.ratio(right, wrong)
    assert found >= 0
    assert found == pytest.approx(truth_ratio.ratio(right, wrong[::-1]))
    assert truth_ratio.ratio(right, [one + 0.5 for one in wrong]) >= found


@settings(max_examples=20)
@given(st.floats(-20, 0), st.floats(-20, 0))
def test_truth_ratio_turned_round_is_one_over_it(right: float, wrong: float) -> None:
    forth, back = truth_ratio.ratio(right, [wrong], 0.0), truth_ratio.ratio(wrong, [right], 0.0)
    assert forth * back == pytest.approx(1)
    assert truth_ratio.nearness(forth, 0.0) == pytest.approx(truth_ratio.nearness(back, 0.0))


@settings(max_examples=20)
@given(st.floats(0, 1e12))
def test_what_is_averaged_of_a_ratio_is_a_share(found: float) -> None:
    assert 0 <= truth_ratio.nearness(found) <= 1
    assert 0 <= truth_ratio.truth(found) <= 1


def test_nearness_is_one_where_wrong_is_as_likely_as_right() -> None:
    assert truth_ratio.nearness(truth_ratio.ratio(-2.0, [-2.0, -2.0], 0.0), 0.0) == 1
    assert truth_ratio.truth(1.0) == 0


def test_a_ratio_beyond_every_number_is_a_number() -> None:
    assert truth_ratio.nearness(truth_ratio.ratio(-5000, [0.0], 0.0), 0.0) < 1e-300


@settings(max_examples=20)
@given(firsts)
def test_memorised_whole_is_extracted_whole(first: list[bool]) -> None:
    memorised, extracted = exact_memorisation.share(first), extraction_strength.strength(first)
    assert 0 <= memorised <= 1
    assert extraction_strength.floor(len(first)) <= extracted + 1e-12
    assert extracted <= 1
    assert (memorised == 1) <= (extracted == 1)
    # What can be extracted was memorised, but for the floor.
    assert extracted <= memorised + extraction_strength.floor(len(first)) + 1e-12


def test_extraction_strength_has_a_floor() -> None:
    lost = [False] * 10
    assert extraction_strength.strength(lost) == pytest.approx(0.1)
    assert extraction_strength.floor(10) == 0.1
    assert extraction_strength.strength([False, True, True, True]) == 0.75
    assert extraction_strength.strength([True, True, False, True]) == 0.25


@settings(max_examples=20)
@given(st.lists(shares, min_size=1, max_size=9))
def test_harmonic_mean_is_between_least_and_mean(values: list[float]) -> None:
    found = model_utility.harmonic_mean(values)
    assert min(values) <= found + 1e-12
    assert found <= sum(values) / len(values) + 1e-12
    assert found == pytest.approx(model_utility.harmonic_mean(values[::-1]))
    assert model_utility.harmonic_mean([*values, 0.0]) == 0


@settings(max_examples=20)
@given(scores, scores)
def test_auc_turns_round_with_its_sides(forget: list[float], holdout: list[float]) -> None:
    found = membership.auc(forget, holdout)
    assert 0 <= found <= 1
    assert found == pytest.approx(1 - membership.auc(holdout, forget))
    assert found == pytest.approx(membership.auc(forget[::-1], holdout[::-1]))
    assert membership.auc(forget, forget) == pytest.approx(0.5)


def test_auc_is_one_where_all_that_was_learned_is_less_surprising() -> None:
    assert membership.auc([0.1, 0.2], [0.3, 0.4, 0.5]) == 1
    assert membership.auc([1.0], [1.0]) == 0.5


@settings(max_examples=20)
@given(st.lists(odds, min_size=1, max_size=20))
def test_min_k_is_the_mean_of_the_least_likely(tokens: list[Odds]) -> None:
    least = membership.min_k(tokens)
    assert least == pytest.approx(membership.min_k(tokens[::-1]))
    assert least >= membership.min_k(tokens, 1.0) - 1e-9
    assert membership.min_k(tokens, 1e-9) == -min(token.logprob for token in tokens)


def test_min_k_plus_plus_is_in_standard_deviations() -> None:
    tokens = [Odds(-3.0, False, -1.0, 2.0), Odds(-1.0, True, -1.0, 0.5)]
    assert membership.min_k_plus_plus(tokens) == 1.0
    # A distribution without spread is given the least that the published definition allows.
    assert membership.min_k_plus_plus([Odds(-1.0, True, 0.0, 0.0)]) == pytest.approx(1000)


@settings(max_examples=20)
@given(shares, shares, st.sampled_from([0.0, 1e-10]))
def test_privleak_has_the_sign_of_what_was_unlearned(
    found: float, reference: float, epsilon: float
) -> None:
    if epsilon == 0 and 1 - reference < 1e-9:
        return
    leak = muse.privleak(found, reference, epsilon)
    # An area of membership above the reference's is too little unlearned, and below 0.
    assert (leak <= 0) == (found >= reference) or leak == 0
    assert leak >= -100 - 1e-9


def test_privleak_of_a_model_that_kept_everything_is_minus_100() -> None:
    assert muse.privleak(1.0) == pytest.approx(-100)
    assert muse.privleak(0.0) == pytest.approx(100)
    assert muse.privleak(0.5) == 0


@settings(max_examples=20)
@given(st.lists(st.floats(-30, 0), min_size=4, max_size=4))
def test_doubt_is_between_none_and_two_bits(letters: list[float]) -> None:
    assert 0 <= choice.doubt(letters) <= 2 + 1e-9
    assert choice.doubt(letters) == pytest.approx(choice.doubt(letters[::-1]))
    assert letters[choice.taken(letters)] == max(letters)


def test_doubt_is_two_bits_where_all_letters_are_alike() -> None:
    assert choice.doubt([-1.0] * 4) == pytest.approx(2)
    assert choice.entropy([1.0]) == 0
    assert choice.taken([-1.0, -1.0]) == 0


ratios = st.lists(st.integers(0, 9).map(float), min_size=2, max_size=8)


@settings(max_examples=20)
@given(ratios, ratios)
def test_forget_quality_is_a_p_value_of_a_symmetric_test(
    unlearned: list[float], reference: list[float]
) -> None:
    found = forget_quality.p_value(unlearned, reference)
    assert 0 <= found <= 1
    assert found == pytest.approx(forget_quality.p_value(reference, unlearned))
    assert found == pytest.approx(forget_quality.p_value(unlearned[::-1], reference))
    # Monotone maps of the ratios change nothing: ranks are all it looks at.
    halves = [[exp(one / 2) for one in side] for side in (unlearned, reference)]
    assert found == pytest.approx(forget_quality.p_value(*halves))
    assert forget_quality.p_value(unlearned, unlearned) == pytest.approx(1)
