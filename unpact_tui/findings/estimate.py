"""Means over several models, with intervals that know that prompts of one model belong together.

Seeds are what is repeated: an interval resamples them, and within each the prompts; where seeds
share prompts, a prompt is drawn for all of them at once. The range over seeds stands beside it,
because five seeds are few. Ours. Knows nothing of what is averaged.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from statistics import fmean
from typing import TYPE_CHECKING, Literal

import msgspec

from attribution.compare import rank_correlation

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    Sums = NDArray[numpy.float64]
    Drawn = NDArray[numpy.int64]

_SAMPLES = 2000
_LEVEL = 0.95

LEAST_GROUPS = 5
"""Of fewer methods no correlation is taken."""

Extent = Literal["every", "most", "no"]

Values = Mapping[tuple[str, str], float]
"""Of one seed, by prompt; the same prompt has the same key in every seed."""


class Estimate(msgspec.Struct, frozen=True):
    """A mean of seeds' means, and how sure it is."""

    estimate: float
    lower: float
    upper: float
    n: int
    """Prompts, of all seeds."""
    seeds: tuple[float, ...]
    """The same of each seed, in order."""

    def above(self, least: float = 0.0) -> Extent:
        """Tell how surely it is above something: with the whole interval and in every seed; with
        the whole interval; or not."""
        if self.lower <= least:
            return "no"
        return "every" if min(self.seeds) > least else "most"

    def below(self, most: float = 0.0) -> Extent:
        """Tell the same of being below something."""
        if self.upper >= most:
            return "no"
        return "every" if max(self.seeds) < most else "most"


def mean_of(seeds: Sequence[Values], *, seed: int = 0) -> Estimate | None:
    """Return the mean over seeds of the mean over prompts; None without any.

    The interval is a percentile bootstrap of both levels: seeds and prompts.
    """
    there = [values for values in seeds if values]
    if not there:
        return None
    means = tuple(fmean(values.values()) for values in there)
    drawn = _resampled([[_single(values)] for values in there], seed)[:, 0]
    return _estimate(fmean(means), drawn, sum(map(len, there)), means)


def difference_of(
    left: Sequence[Values], right: Sequence[Values], *, seed: int = 0
) -> Estimate | None:
    """Return how far the mean of `left` is above that of `right`, which are other prompts of the
    same seeds; None where a seed lacks either."""
    there = [pair for pair in zip(left, right, strict=True) if pair[0] or pair[1]]
    if not there or not all(one and other for one, other in there):
        return None
    means = tuple(fmean(one.values()) - fmean(other.values()) for one, other in there)
    drawn = _resampled([(_single(one), _single(other)) for one, other in there], seed)
    number = sum(len(one) + len(other) for one, other in there)
    return _estimate(fmean(means), drawn[:, 0] - drawn[:, 1], number, means)


def ratio_of(
    seeds: Sequence[Mapping[tuple[str, str], tuple[float, float]]], least: float, *, seed: int = 0
) -> Estimate | None:
    """Return the mean of the first over the mean of the second, each a mean over seeds of means
    over prompts; None where the second is below `least` in any seed."""
    there = [pairs for pairs in seeds if pairs]
    if not there:
        return None
    over = [fmean(pair[0] for pair in pairs.values()) for pairs in there]
    under = [fmean(pair[1] for pair in pairs.values()) for pairs in there]
    if min(under) < least:
        return None
    drawn = _resampled([[pairs] for pairs in there], seed)
    means = tuple(top / bottom for top, bottom in zip(over, under, strict=True))
    bottoms = drawn[:, 1].clip(min=least)
    shares = drawn[:, 0] / bottoms
    return _estimate(fmean(over) / fmean(under), shares, sum(map(len, there)), means)


def correlation_of(
    groups: Mapping[str, Sequence[tuple[int, float, float]]], *, seed: int = 0
) -> Estimate | None:
    """Return Spearman's rho over all points of (seed, x, y); None with fewer than five groups, and
    where it is not defined.

    The interval resamples the groups, which are the methods: seeds of one are no new methods.
    """
    points = [point for group in groups.values() for point in group]
    found = _rho(points)
    if found is None or len(groups) < LEAST_GROUPS:
        return None
    generator, names = Random(seed), list(groups)
    drawn: list[float] = []
    for _ in range(_SAMPLES // 2):
        chosen = generator.choices(names, k=len(names))
        rho = _rho([point for name in chosen for point in groups[name]])
        drawn += [] if rho is None else [rho]
    by_seed = [_rho([p for p in points if p[0] == one]) for one in sorted({p[0] for p in points})]
    seeds = tuple(rho for rho in by_seed if rho is not None) or (found,)
    lower, upper = _quantiles(sorted(drawn) or [found])
    return Estimate(found, min(lower, found), max(upper, found), len(points), seeds)


def _rho(points: Sequence[tuple[int, float, float]]) -> float | None:
    return rank_correlation([x for _, x, _ in points], [y for _, _, y in points])


Columns = Mapping[tuple[str, str], Sequence[float]]
"""Values of each prompt, which are drawn together."""


def _single(values: Values) -> Columns:
    return {key: (value,) for key, value in values.items()}


def _resampled(seeds: Sequence[Sequence[Columns]], seed: int) -> Sums:
    """Return resampled means of every column: one row per sample, the sets' columns side by side.

    `seeds` are a few sets of prompts each, and prompts of different sets are drawn apart.
    """
    import numpy

    generator = numpy.random.default_rng(seed)
    number = len(seeds)
    # Which seeds are drawn is drawn first.
    which = generator.integers(number, size=(_SAMPLES, number))
    sets = list(zip(*seeds, strict=True))
    if all(_apart(columns) for columns in sets):
        return _nested(seeds, which, generator)
    return numpy.concatenate([_crossed(columns, which, generator) for columns in sets], axis=1)


def _apart(seeds: Sequence[Columns]) -> bool:
    """Tell whether no two seeds share a prompt."""
    return len(set[tuple[str, str]]().union(*seeds)) == sum(map(len, seeds))


def _nested(
    seeds: Sequence[Sequence[Columns]], which: Drawn, generator: numpy.random.Generator
) -> Sums:
    """Draw the prompts of every drawn seed anew."""
    import numpy

    lists = [[list(zip(*columns.values(), strict=True)) for columns in sets] for sets in seeds]
    total = numpy.zeros((_SAMPLES, sum(map(len, lists[0]))))
    for i, sets in enumerate(lists):
        for place in range(len(seeds)):
            rows = numpy.flatnonzero(which[:, place] == i)
            found = [_means(columns, len(rows), generator) for columns in sets]
            total[rows] += numpy.concatenate(found, axis=1)
    return total / len(seeds)


def _crossed(seeds: Sequence[Columns], which: Drawn, generator: numpy.random.Generator) -> Sums:
    """Draw prompts once per sample, for all seeds."""
    import numpy

    prompts = list(dict.fromkeys(prompt for columns in seeds for prompt in columns))
    counts = generator.multinomial(len(prompts), [1 / len(prompts)] * len(prompts), _SAMPLES)
    means: list[Sums] = []
    for columns in seeds:
        width = len(next(iter(columns.values())))
        there = numpy.asarray([prompt in columns for prompt in prompts], dtype=numpy.float64)
        values = numpy.asarray([columns.get(prompt, (0.0,) * width) for prompt in prompts])
        drawn = (counts @ there)[:, None]
        # A sample without any prompt of this seed says of it what is known: its mean.
        plain = values.sum(axis=0) / there.sum()
        means.append(numpy.where(drawn > 0, (counts @ values) / numpy.maximum(drawn, 1.0), plain))
    every = numpy.stack(means, axis=1)
    return every[numpy.arange(_SAMPLES)[:, None], which].mean(axis=1)


def _means(
    columns: Sequence[Sequence[float]], samples: int, generator: numpy.random.Generator
) -> Sums:
    import numpy

    values = numpy.asarray(columns, dtype=numpy.float64)
    size = values.shape[1]
    drawn = generator.integers(size, size=(samples, size))
    return values[:, drawn].mean(axis=2).T


def _estimate(estimate: float, drawn: Sums, n: int, seeds: tuple[float, ...]) -> Estimate:
    lower, upper = _quantiles(sorted(drawn.tolist()))
    return Estimate(estimate, min(lower, estimate), max(upper, estimate), n, seeds)


def _quantiles(ordered: Sequence[float]) -> tuple[float, float]:
    last = len(ordered) - 1
    lower, upper = round(last * (1 - _LEVEL) / 2), round(last * (1 + _LEVEL) / 2)
    return ordered[lower], ordered[upper]
