"""The benchmark's own metrics, method by method, with the base and the reference above them.

Knows records and intervals; which metrics there are, and how they are taken, is `metrics`'.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean

import msgspec

from attribution.types import Interval
from unpact_tui.findings.estimate import Estimate
from unpact_tui.findings.record import Record

BESIDE = ("base", "reference")
"""What unlearned models are held against."""


class MetricRow(msgspec.Struct, frozen=True):
    """One method, or the base or the reference."""

    member: str
    """(base) and (reference) are no methods."""
    metrics: dict[str, Estimate]


def metric_rows(by_member: Mapping[str, Sequence[Record]]) -> tuple[MetricRow, ...]:
    """Return all rows; base and reference are the same for all, so the first of each is taken."""
    every = [record for records in by_member.values() for record in records]
    beside = [
        MetricRow(f"({side})", _over([found]))
        for side in BESIDE
        if (found := next((r.metrics[side] for r in every if r.metrics.get(side)), None))
    ]
    rows = [
        MetricRow(name, found)
        for name, records in by_member.items()
        if (found := _over([record.metrics.get("unlearned", {}) for record in records]))
    ]
    return (*beside, *rows) if rows else ()


def _over(seeds: Sequence[Mapping[str, Interval]]) -> dict[str, Estimate]:
    names = dict.fromkeys(name for seed in seeds for name in seed)
    return {name: _mean([seed[name] for seed in seeds if name in seed]) for name in names}


def _mean(seeds: Sequence[Interval]) -> Estimate:
    """Return the mean over seeds, with the mean interval over items: seeds share their items, so
    more seeds make it no narrower."""
    return Estimate(
        fmean(one.estimate for one in seeds),
        fmean(one.lower for one in seeds),
        fmean(one.upper for one in seeds),
        max(one.n for one in seeds),
        tuple(one.estimate for one in seeds),
    )
