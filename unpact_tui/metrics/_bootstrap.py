"""Percentile bootstrap over items, for any statistic of one or several groups of them.

A resample draws as many items as a group has, with replacement, group by group; it is handed on as
how often each item was drawn, so that a statistic of all resamples is a product of matrices. What
the items of a group share (all readings of one item) is drawn together; groups are independent.
Knows no metric.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from attribution.intervals import quantile
from attribution.types import Interval

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]
    Statistic = Callable[[Sequence[Array]], Array]
    """From how often each item of each group was drawn, one row per resample, one value each."""

LEVEL = 0.95
_SAMPLES = 2000
_FEWEST = 200
_CELLS = 2_000_000
"""Numbers held at a time."""
_WORK = 20_000_000
"""Items drawn in all, where `_FEWEST` does not need more."""


def counts(sizes: Sequence[int], seed: int) -> Iterator[list[Array]]:
    """Yield blocks of resamples of groups of these sizes; the same seed gives the same ones."""
    import numpy as np

    # A generator of its own: the caller's random numbers do not move.
    generator = np.random.default_rng(seed)
    left = max(_FEWEST, min(_SAMPLES, _WORK // sum(sizes)))
    while left:
        rows = min(left, max(1, _CELLS // max(sizes)))
        left -= rows
        yield [_drawn(generator, rows, size) for size in sizes]


def _drawn(generator: np.random.Generator, rows: int, size: int) -> Array:
    import numpy as np

    picks = generator.integers(0, size, (rows, size)) + size * np.arange(rows)[:, None]
    drawn = np.bincount(picks.ravel(), minlength=rows * size)
    return drawn.reshape(rows, size).astype(np.float64)


def interval(estimate: float, sizes: Sequence[int], statistic: Statistic, seed: int) -> Interval:
    """Return the estimate with the interval of its statistic; the estimate is always inside."""
    values = sorted(
        float(value) for block in counts(sizes, seed) for value in statistic(block).tolist()
    )
    lower, upper = (quantile(values, share) for share in ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    return Interval(estimate, min(lower, estimate), max(upper, estimate), sum(sizes))


def mean(values: Sequence[float], seed: int) -> Interval:
    """Return the mean of one number per item. Raises `ValueError` without any."""
    import numpy as np

    if not values:
        message = "a mean of nothing is absent, not zero"
        raise ValueError(message)
    array = np.asarray(values, dtype=np.float64)
    # The mean may leave the range by one rounding.
    estimate = float(np.clip(array.mean(), array.min(), array.max()))
    return interval(estimate, [len(array)], lambda drawn: drawn[0] @ array / len(array), seed)
