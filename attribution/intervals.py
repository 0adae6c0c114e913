"""Intervals for shares and means, from the standard library alone.

Knows nothing of what is counted or averaged. No estimate leaves this package without one of these.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
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
    return bootstrap_means({"": values}, seed, level=level, samples=samples)[""]


def bootstrap_means(
    columns: Mapping[str, Sequence[float]],
    seed: int,
    *,
    level: float = 0.95,
    samples: int = 2000,
) -> dict[str, Interval]:
    """Return `bootstrap_mean` of each column; columns of one length are drawn together, once.

    Raises `statistics.StatisticsError` where a column has no values.
    """
    means: dict[str, list[float]] = {name: [] for name in columns}
    for n in {len(values) for values in columns.values() if len(values) > 1}:
        same = [(values, means[name]) for name, values in columns.items() if len(values) == n]
        for draw in resamples(n, resamplings(n, samples), seed):
            for values, into in same:
                into.append(fmean(draw(values)))
    return {name: _percentiles(values, means[name], level) for name, values in columns.items()}


def _percentiles(values: Sequence[float], means: list[float], level: float) -> Interval:
    mean = fmean(values)
    if len(values) == 1:
        return single(mean)
    means.sort()
    lower, upper = (quantile(means, share) for share in ((1 - level) / 2, (1 + level) / 2))
    return Interval(mean, min(lower, mean), max(upper, mean), len(values))


_FEWEST = 200
"""Resamplings of however many observations."""
_MOST_DRAWN = 2_000_000
"""Observations that all resamplings draw together, where that leaves enough of them. Ours."""


def resamplings(n: int, samples: int) -> int:
    """Return how often to resample `n` observations where `samples` are wanted.

    Of thousands fewer do: their mean hardly varies, and somebody waits for it.
    """
    return min(samples, max(_FEWEST, _MOST_DRAWN // max(1, n)))


Draw = Callable[[Sequence[float]], Sequence[float]]
"""Takes what was drawn out of one number per observation."""


def resamples(n: int, samples: int, seed: int) -> Iterator[Draw]:
    """Yield draws with replacement of `n` out of `n` observations; at least two."""
    # A generator of its own: the caller's random numbers do not move.
    generator = Random(seed)
    for _ in range(samples):
        yield itemgetter(*generator.choices(range(n), k=n))


def quantile(ordered: Sequence[float], share: float) -> float:
    """Return a quantile of ordered values, between the two nearest order statistics."""
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
