from __future__ import annotations

from random import Random
from statistics import fmean

import pytest
from fakes import WordTokens

from attribution.compare import LEAST_RANKED
from attribution.effort import Effort
from attribution.errors import BadOption
from attribution.fidelity import Guesses, agreement, at_random, by_token, calibration, check
from attribution.removal import units
from attribution.types import Attribution

UNITS = [(i,) for i in range(50)]


def pairs(count: int, noise: float) -> list[tuple[float, float]]:
    generator = Random(7)
    return [(k, k + generator.gauss(0, noise)) for k in range(count)]


def test_agreement_is_spearman_s_rho_with_an_interval() -> None:
    found = agreement(pairs(30, 6.0), 0)
    assert found is not None
    assert found.n == 30
    assert -1 <= found.lower < found.estimate < found.upper < 1
    assert found.lower > 0.3
    assert agreement(pairs(30, 6.0), 0) == found, "the seed decides"


def test_agreement_needs_as_many_as_can_be_ranked() -> None:
    assert agreement(pairs(LEAST_RANKED - 1, 0.0), 0) is None
    assert agreement([(1.0, k) for k in range(9)], 0) is None, "equal guesses have no ranks"


@pytest.mark.parametrize("sign", [1, -1])
def test_a_small_sample_that_agrees_throughout_does_not_make_certain(sign: int) -> None:
    widths: list[float] = []
    for count in (3, 5, 16, 60):
        found = agreement([(k, sign * k) for k in range(count)], 0)
        assert found is not None
        assert found.estimate == pytest.approx(sign)
        widths.append(found.upper - found.lower)
    assert widths == sorted(widths, reverse=True)
    assert widths[0] == pytest.approx(2.0)
    assert widths[-1] < 0.02


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    generator = Random(3)
    inside = 0
    for _ in range(15):
        sample: list[tuple[float, float]] = []
        for _ in range(16):
            x = generator.gauss(0, 1)
            sample.append((x, 0.5 * x + 0.75**0.5 * generator.gauss(0, 1)))
        found = agreement(sample, 0)
        assert found is not None
        inside += found.lower <= 0.483 <= found.upper  # rho of Pearson's r = .5
    assert inside >= 12


def test_the_line_is_that_of_least_squares() -> None:
    assert calibration([(k, 3.0 * k + 1) for k in range(5)]) == pytest.approx((3.0, 1.0))
    rising = calibration([(0, 0.0), (1, 2.0), (2, 1.0), (3, 3.0)])
    assert rising == pytest.approx((0.8, 0.3))


@pytest.mark.parametrize(
    ("known", "line"),
    [
        ([], (1.0, 0.0)),
        ([(2.0, 2.5)], (1.0, 0.5)),
        ([(0.0, 0.0), (1.0, 5.0)], (1.0, 2.0)),
        ([(4.0, 1.0), (4.0, 3.0), (4.0, 2.0)], (1.0, -2.0)),
        ([(0.0, 3.0), (1.0, 2.0), (2.0, 1.0)], (0.0, 2.0)),
    ],
    ids=["none", "one", "two", "all guessed alike", "falling"],
)
def test_a_line_through_too_little(
    known: list[tuple[float, float]], line: tuple[float, float]
) -> None:
    assert calibration(known) == pytest.approx(line)


def test_a_line_is_not_moved_by_picking_the_largest_guesses() -> None:
    generator = Random(5)
    known: list[tuple[float, float]] = []
    for _ in range(3000):
        guess = generator.gauss(0, 1)
        known.append((guess, 0.5 * guess + generator.gauss(0, 0.5)))
    slope, offset = calibration(sorted(known)[-600:])
    assert slope == pytest.approx(0.5, abs=0.15)
    assert offset == pytest.approx(0.0, abs=0.25)


def test_random_units_come_in_the_same_order_whatever_was_picked() -> None:
    before = at_random(UNITS, frozenset(), 10, 4)
    assert len(set(before)) == 10
    gone = frozenset(before[:3])
    after = at_random(UNITS, gone, 10, 4)
    assert after[:7] == before[3:]
    assert gone.isdisjoint(after)
    assert at_random(UNITS, frozenset(), 10, 5) != before
    assert len(at_random(UNITS, frozenset(), 99, 4)) == len(UNITS)


def guessed(words: int, measured: int, checked: int) -> tuple[Guesses, Attribution]:
    tokens = WordTokens()
    prompt = tokens.encode(" ".join(["w"] * words))
    found = units(prompt, "token")
    guesses = Guesses("x", prompt, tokens.answer("y"), "token", "by guessing", found, 0)
    guesses.estimates = {unit: 0.1 * unit[0] for unit in found}
    guesses.checked = found[:checked]
    off = Random(1)
    without = {unit: (-0.1 * unit[0] + off.uniform(-0.01, 0.01),) for unit in found[:measured]}
    return guesses, guesses.attribution((0.0,), without, complete=True)


def test_draws_keep_what_was_measured_and_resample_the_rest() -> None:
    guesses, found = guessed(30, 12, 12)
    assert found.approximation is not None
    draws = found.approximation.draws
    assert len(draws) == 64
    for draw in draws:
        assert draw[:13] == found.contributions[:13]
        assert None not in draw[1:]
    for i in range(13, 31):
        drawn = [draw[i] or 0.0 for draw in draws]
        assert len(set(drawn)) > 1
        assert fmean(drawn) == pytest.approx(0.1 * i, abs=0.05)
    assert guesses.attribution((0.0,), {}, complete=True).approximation is not None


def test_equal_guesses_are_resampled_evenly() -> None:
    guesses, _ = guessed(120, 0, 40)
    guesses.estimates = dict.fromkeys(guesses.units, 0.5)
    without = {unit: (-1.0 if unit[0] % 2 else 0.0,) for unit in guesses.units[:60]}
    found = guesses.attribution((0.0,), without, complete=True)
    assert found.approximation is not None
    drawn = [value or 0.0 for draw in found.approximation.draws for value in draw[61:]]
    assert set(drawn) == {0.0, 1.0}
    assert 0.2 < fmean(drawn) < 0.8


def test_a_long_prompt_has_fewer_draws() -> None:
    _, found = guessed(8000, 40, 40)
    assert found.approximation is not None
    assert len(found.approximation.draws) == 24
    assert sum(map(len, found.approximation.draws)) <= 200_000


def test_without_a_sample_there_is_neither_agreement_nor_a_draw() -> None:
    _, found = guessed(30, 12, 0)
    assert found.approximation is not None
    assert (found.approximation.agreement, found.approximation.draws) == (None, ())


def test_all_measured_is_exact() -> None:
    assert guessed(12, 12, 4)[1].approximation is None


def test_a_unit_s_number_is_that_of_its_tokens() -> None:
    prompt = WordTokens().encode("a b c d")
    assert by_token(prompt, {(1, 2): 0.5, (4,): -1.0}) == (None, 0.5, 0.5, None, -1.0)


def test_a_number_of_units_cannot_be_negative() -> None:
    check(Effort(top_k=0, checked=0))
    with pytest.raises(BadOption, match="checked"):
        check(Effort(checked=-1))
