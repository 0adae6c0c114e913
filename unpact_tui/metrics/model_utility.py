"""What a model is still good for: the harmonic mean of nine numbers, 0 as soon as one of them is.

Probability, ROUGE-L recall and truth ratio of the retain questions, real authors and world facts;
the probability of the last two is the share among the right answer and the wrong ones. Each of the
nine is also a metric of its own. The interval resamples the items of each set, all three numbers of
an item together.

TOFU (arXiv 2401.06121); its interval is ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean
from typing import TYPE_CHECKING

from attribution.types import Interval
from unpact_tui.metrics import _bootstrap, probability, rouge, truth_ratio
from unpact_tui.metrics._items import asked
from unpact_tui.metrics._scored import Absent, Metric, Scored, Sides

if TYPE_CHECKING:
    from unpact_tui.metrics._bootstrap import Array, Statistic

NAMES = {
    "model_utility": "Harmonic mean of probability, ROUGE-L recall and truth ratio of retain "
    "questions, real authors and world facts."
}
NEEDS = "retain questions, real authors and world facts, each with all that TOFU takes of them"

SETS = ("retain", "ra", "wf")
EPSILON = probability.EPSILON

Three = tuple[float | None, float | None, float | None]
"""Probability, ROUGE-L recall and truth ratio of one item."""


def harmonic_mean(values: Sequence[float]) -> float:
    """Return the harmonic mean; 0 if one of them is not above 0."""
    if any(value <= 0 for value in values):
        return 0.0
    least = min(values)
    # Relative to the least: one over the smallest numbers is none.
    return least * len(values) / sum(least / value for value in values)


def part_names(start: str) -> tuple[str, str, str]:
    """Return the published names of the three numbers of a set."""
    likely = "retain_Q_A_Prob" if start == "retain" else f"{start}_Q_A_Prob_normalised"
    return likely, f"{start}_Q_A_ROUGE", truth_ratio.name(start)


def of_item(item: Scored, start: str, epsilon: float = EPSILON) -> Three:
    """Return an item's three numbers, each None where it was not read."""
    found = truth_ratio.of_item(item, start, epsilon)
    if start != "retain":
        likely = probability.share(item, epsilon)
    else:
        likely = None if item.logprob is None else probability.probability(item.logprob)
    return likely, rouge.recall(item), None if found is None else truth_ratio.truth(found)


def missing(sets: Sequence[Sequence[Three]]) -> tuple[str, ...]:
    """Return the names of the parts that no item has."""
    return tuple(
        name
        for start, rows in zip(SETS, sets, strict=True)
        for place, name in enumerate(part_names(start))
        if all(row[place] is None for row in rows)
    )


def utility(sets: Sequence[Sequence[Three]], seed: int) -> Interval:
    """Return it for the items of the three sets, of which none lacks a whole part."""
    columns = [list(zip(*rows, strict=True)) for rows in sets]
    parts = [fmean(v for v in column if v is not None) for three in columns for column in three]
    estimate = harmonic_mean(parts)
    return _bootstrap.interval(estimate, [len(rows) for rows in sets], _utilities(sets), seed)


def _utilities(sets: Sequence[Sequence[Three]]) -> Statistic:
    import numpy as np

    tables = [np.array(rows, dtype=np.float64) for rows in sets]
    there = [~np.isnan(table) for table in tables]
    zeroed = [np.where(known, table, 0.0) for known, table in zip(there, tables, strict=True)]

    def utilities(drawn: Sequence[Array]) -> Array:
        means: list[Array] = []
        for counts, table, known in zip(drawn, zeroed, there, strict=True):
            total = counts @ known
            # A resample may draw none that has a part; then the sample's own mean stands in.
            own = table.sum(axis=0) / known.sum(axis=0)
            means.append(np.where(total > 0, counts @ table / np.maximum(total, 1), own))
        parts = np.concatenate(means, axis=1)
        least = parts.min(axis=1)
        positive = np.where(parts > 0, parts, 1.0)
        scaled = least * parts.shape[1] / (least[:, None] / positive).sum(axis=1).clip(1e-300)
        return np.where(least > 0, scaled, 0.0)

    return utilities


def metrics(
    items: Sequence[Scored], seed: int, epsilon: float = EPSILON
) -> Iterator[Metric | Absent]:
    """Yield it, or say which of its parts is not there."""
    sets = [[of_item(item, start, epsilon) for item in asked(items, start)] for start in SETS]
    lacking = missing(sets)
    if lacking:
        yield Absent("model_utility", f"it needs {', '.join(lacking)}")
    else:
        yield Metric("model_utility", utility(sets, seed))


def compute(sides: Sides, seed: int) -> Iterator[Metric | Absent]:
    """Yield the metric of the unlearned model."""
    yield from metrics(sides.unlearned, seed)
