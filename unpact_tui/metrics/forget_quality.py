"""Whether the truth ratios of what was to be forgotten look as those of a model that never saw it.

The p-value of a two-sample Kolmogorov-Smirnov test between the truth ratios of the unlearned model
and those of the reference. It falls with the number of items, so that values over different numbers
cannot be compared, and it is as small for a model that forgot too much as for one that kept it.

The interval resamples the items of either model; a resample differs more from the other model than
the sample does, so that it reaches further down than up (ours).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from importlib import import_module
from math import log10
from typing import TYPE_CHECKING, Protocol

from attribution.types import Interval
from unpact_tui.metrics import _bootstrap, truth_ratio
from unpact_tui.metrics._scored import Absent, Metric, Sides

if TYPE_CHECKING:
    from unpact_tui.metrics._bootstrap import Array, Statistic

NAMES = {
    "forget_quality": "p-value of the difference of the forget truth ratios from the reference's.",
    "forget_quality_log10": "Its decimal logarithm: 0 is no difference (ours).",
}
NEEDS = (
    "a reference that never saw the forget set, and forget questions with the log-probabilities "
    "of wrong answers and of the right one reworded"
)
_LEAST = 5e-324
"""The smallest number that is not 0: a p-value below it is shown as this one."""


class _Result(Protocol):
    pvalue: float


class _Test(Protocol):
    def __call__(self, data1: Sequence[float], data2: Sequence[float], /) -> _Result: ...


def p_value(unlearned: Sequence[float], reference: Sequence[float]) -> float:
    """Return the p-value of the two-sample Kolmogorov-Smirnov test."""
    # By name, for it has no types; deferred, for it brings numpy along.
    test: _Test = import_module("scipy.stats").ks_2samp
    with warnings.catch_warnings():
        # Where the exact distribution cannot be had, scipy takes the asymptotic one and says so.
        warnings.simplefilter("ignore", RuntimeWarning)
        found = test(unlearned, reference).pvalue
    return min(1.0, max(0.0, float(found)))


def quality(unlearned: Sequence[float], reference: Sequence[float], seed: int) -> Interval:
    """Return the p-value with its interval."""
    import numpy as np

    first, second = (np.sort(np.asarray(side, np.float64)) for side in (unlearned, reference))
    sizes = [len(first), len(second)]
    drawn = list(_extremes(sizes, _gaps(first, second), seed))
    resampled = [p_value(_repeated(first, one), _repeated(second, two)) for one, two in drawn]
    estimate = p_value(unlearned, reference)
    return Interval(estimate, min(*resampled, estimate), max(*resampled, estimate), sum(sizes))


def _repeated(values: Array, counts: Array) -> list[float]:
    return values.repeat(counts.astype(int)).tolist()


def _gaps(first: Array, second: Array) -> Statistic:
    """Make the statistic: the largest distance of the two cumulative distributions."""
    import numpy as np

    places = np.concatenate([first, second])
    upto = [np.searchsorted(side, places, "right") for side in (first, second)]

    def gaps(drawn: Sequence[Array]) -> Array:
        below = [
            np.cumsum(np.pad(counts, ((0, 0), (1, 0))), axis=1)[:, place] / counts.shape[1]
            for counts, place in zip(drawn, upto, strict=True)
        ]
        return np.abs(below[0] - below[1]).max(axis=1)

    return gaps


def _extremes(sizes: Sequence[int], gaps: Statistic, seed: int) -> Iterator[tuple[Array, Array]]:
    """Yield the resamples at either end of the interval: p falls where the gap grows."""
    import numpy as np

    found = np.concatenate([gaps(block) for block in _bootstrap.counts(sizes, seed)])
    order = np.argsort(found, kind="stable")
    shares = ((1 - _bootstrap.LEVEL) / 2, (1 + _bootstrap.LEVEL) / 2)
    wanted = [int(order[round(share * (len(order) - 1))]) for share in shares]
    passed = 0
    # Made again instead of kept: all of them would not fit.
    for one, two in _bootstrap.counts(sizes, seed):
        for place in wanted:
            if passed <= place < passed + len(one):
                yield one[place - passed], two[place - passed]
        passed += len(one)


def metrics(
    unlearned: Sequence[float], reference: Sequence[float], seed: int
) -> Iterator[Metric | Absent]:
    """Yield both, from the truth ratios of what was to be forgotten."""
    if not unlearned or not reference:
        lacking = "a reference that never saw the forget set" if unlearned else NEEDS
        for name in NAMES:
            yield Absent(name, f"it needs {lacking}")
        return
    found = quality(unlearned, reference, seed)
    logs = (log10(max(p, _LEAST)) for p in (found.estimate, found.lower, found.upper))
    yield Metric("forget_quality", found)
    yield Metric("forget_quality_log10", Interval(*logs, n=found.n))


def compute(sides: Sides, seed: int) -> Iterator[Metric | Absent]:
    """Yield the metrics of the unlearned model, given a reference."""
    unlearned, reference = (
        truth_ratio.ratios(side, "forget") for side in (sides.unlearned, sides.reference)
    )
    yield from metrics(unlearned, reference, seed)
