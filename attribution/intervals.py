"""Intervals for shares and means, from the standard library alone.

Knows nothing of what is counted or averaged. No estimate leaves this package without one of these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import sqrt
from operator import itemgetter
from random import Random
from statistics import NormalDist, fmean

from attribution.types import Interval


def single(value: float) -> Interval:
    """Return one observation: it says nothing about its own spread, so the interval is a point."""
    return Interval(value, value, value, 1)


def spread(values: Sequence[float]) -> Interval:
    """Return the mean with the smallest and the largest value: for the few draws of a control."""
    # fmean may leave the range by one rounding.
    mean = min(max(fmean(values), min(values)), max(values))
    return Interval(mean, min(values), max(values), len(values))


def wilson(successes: float, n: int, *, level: float = 0.95) -> Interval:
    """Return the share `successes / n` with its Wilson score interval.

    A success may be a part of one, as the mean of several draws is. Unlike the normal interval it
    never leaves [0, 1] and is not a point at 0 of n or n of n.
    """
    if not 0 <= successes <= n or n == 0:
        message = f"{successes} of {n} is not a share"
        raise ValueError(message)
    z = NormalDist().inv_cdf((1 + level) / 2)
    share = successes / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Interval(
        estimate=share,
        lower=0.0 if successes == 0 else centre - half,
        upper=1.0 if successes == n else centre + half,
        n=n,
    )


def bootstrap_mean(
    values: Sequence[float], seed: int, *, level: float = 0.95, samples: int = 2000
) -> Interval:
    """Return the mean with its percentile bootstrap interval; the same seed gives the same one.

    Raises `statistics.StatisticsError` without values: a mean of nothing is absent, not zero.
    """
    mean = fmean(values)
    if len(values) == 1:
        return single(mean)
    # A generator of its own: the caller's random numbers do not move.
    generator = Random(seed)
    means = sorted(fmean(generator.choices(values, k=len(values))) for _ in range(samples))
    lower, upper = (quantile(means, share) for share in ((1 - level) / 2, (1 + level) / 2))
    return Interval(mean, min(lower, mean), max(upper, mean), len(values))


Draw = Callable[[Sequence[float]], Sequence[float]]
"""Takes what was drawn out of one number per observation."""


def resamples(n: int, samples: int, seed: int) -> Iterator[Draw]:
    """Yield draws with replacement of `n` out of `n` observations; at least two."""
    generator = Random(seed)
    for _ in range(samples):
        yield itemgetter(*generator.choices(range(n), k=n))


def quantile(ordered: Sequence[float], share: float) -> float:
    """Return a quantile of ordered values, between the two nearest order statistics."""
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
