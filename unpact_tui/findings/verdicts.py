"""The verdict on a whole model, by thresholds that may have moved since it was measured.

Knows records, not models.
"""

from __future__ import annotations

from collections.abc import Sequence

from attribution.evidence import CaseEvidence, of_set
from attribution.thresholds import Evidence, Thresholds
from attribution.types import Label, Split
from attribution.verdict import judge, judge_set
from unpact_tui.findings.record import CaseRecord, Record


def label(cases: Sequence[tuple[Split, Evidence]], thresholds: Thresholds) -> Label:
    """Judge a set of cases."""
    judged = [
        CaseEvidence(split, evidence, judge(evidence, thresholds).label)
        for split, evidence in cases
    ]
    return judge_set(of_set(judged, thresholds), thresholds).label


def verdict_of(record: Record, thresholds: Thresholds) -> Label:
    """Return a model's verdict; computed anew where the lines have moved."""
    if record.thresholds == thresholds:
        return record.verdict
    return label([(_split(case), case.evidence) for case in record.cases], thresholds)


def _split(case: CaseRecord) -> Split:
    return "forget" if case.answered.text == "forget" else "retain"
