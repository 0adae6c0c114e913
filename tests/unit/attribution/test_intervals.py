from __future__ import annotations

from statistics import StatisticsError

import pytest

from attribution.intervals import bootstrap_mean, single, spread, wilson
from attribution.types import Interval


@pytest.mark.parametrize(
    ("successes", "n", "lower", "upper"),
    # Newcombe 1998, Statistics in Medicine 17, 857, table I, method 3.
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_agrees_with_the_published_table(
    successes: int, n: int, lower: float, upper: float
) -> None:
    found = wilson(successes, n)
    assert found.estimate == successes / n
    assert found.lower == pytest.approx(lower, abs=5e-5)
    assert found.upper == pytest.approx(upper, abs=5e-5)
    assert found.n == n


def test_wilson_is_symmetric_and_closed_at_the_ends() -> None:
    few, many = wilson(3, 10), wilson(7, 10)
    assert few.lower == pytest.approx(1 - many.upper)
    assert wilson(10, 10).upper == 1.0
    assert wilson(0, 10).lower == 0.0


def test_wilson_narrows_with_a_lower_level() -> None:
    wide, narrow = wilson(5, 20, level=0.99), wilson(5, 20, level=0.8)
    assert wide.lower < narrow.lower < narrow.upper < wide.upper


@pytest.mark.parametrize(("successes", "n"), [(0, 0), (3, 2), (-1, 5)])
def test_what_is_not_a_share_is_refused(successes: int, n: int) -> None:
    with pytest.raises(ValueError, match="not a share"):
        wilson(successes, n)


def test_one_observation_is_a_point() -> None:
    assert single(0.3) == Interval(0.3, 0.3, 0.3, 1)
    assert bootstrap_mean([0.3], seed=0) == single(0.3)


def test_the_bootstrap_is_reproducible_and_depends_on_the_seed() -> None:
    values = [(0.37 * i) % 1 for i in range(30)]
    assert bootstrap_mean(values, 1) == bootstrap_mean(values, 1)
    assert bootstrap_mean(values, 1) != bootstrap_mean(values, 2)


def test_the_bootstrap_agrees_with_the_normal_interval() -> None:
    values = [0.0, 1.0] * 100  # mean 0.5, standard error 0.5 / sqrt(200)
    found = bootstrap_mean(values, seed=0)
    assert found.estimate == 0.5
    assert found.lower == pytest.approx(0.5 - 1.96 * 0.5 / 200**0.5, abs=0.006)
    assert found.upper == pytest.approx(0.5 + 1.96 * 0.5 / 200**0.5, abs=0.006)


def test_equal_values_have_no_spread() -> None:
    assert bootstrap_mean([0.1] * 7, seed=3) == Interval(
        pytest.approx(0.1), pytest.approx(0.1), pytest.approx(0.1), 7
    )


def test_a_mean_of_nothing_is_refused() -> None:
    with pytest.raises(StatisticsError):
        bootstrap_mean([], seed=0)


def test_spread_is_the_mean_from_least_to_most() -> None:
    assert spread([0.25, 0.75, 0.5]) == Interval(0.5, 0.25, 0.75, 3)
    tenth = spread([0.1, 0.1, 0.1])
    assert tenth.lower <= tenth.estimate <= tenth.upper
