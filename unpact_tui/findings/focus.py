"""The first finding: does unlearning disrupt the focus on keywords?

Focus is the mean contribution of the base's KeyTokens (the paper's definitions); what is held
against what, and all intervals, are ours. Knows records, not models.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import fmean

import msgspec

from unpact_tui.findings.estimate import Estimate, Values, difference_of, mean_of
from unpact_tui.findings.record import CaseRecord, Record, Text


class Focus(msgspec.Struct, frozen=True):
    """One method. Contributions are in nats per answer token."""

    member: str
    base_forget: Estimate | None
    """Mean contribution of the base's KeyTokens on the base, on the prompts to forget."""
    unlearned_forget: Estimate | None
    base_retain: Estimate | None
    unlearned_retain: Estimate | None
    fall_forget: Estimate | None
    """Unlearned - base, paired by prompt."""
    fall_retain: Estimate | None
    deeper: Estimate | None
    """fall_forget - fall_retain: below zero where focus falls further on what is to be
    forgotten."""
    others_forget: Estimate | None
    """Unlearned - base at all other words: what falls there is no focus on keywords."""
    kept_forget: Estimate | None
    """focus_kept."""
    kept_retain: Estimate | None
    overlap_forget: Estimate | None
    """Jaccard index of the two models' KeyTokens."""
    overlap_retain: Estimate | None


def focus(member: str, records: Sequence[Record]) -> Focus:
    """Return the focus of one method over its seeds."""

    def over(text: Text, number: Callable[[CaseRecord], float | None]) -> list[Values]:
        return [_of(record, text, number) for record in records]

    fall_forget, fall_retain = over("forget", _fall), over("retain", _fall)
    return Focus(
        member,
        base_forget=mean_of(over("forget", _base)),
        unlearned_forget=mean_of(over("forget", _unlearned)),
        base_retain=mean_of(over("retain", _base)),
        unlearned_retain=mean_of(over("retain", _unlearned)),
        fall_forget=mean_of(fall_forget),
        fall_retain=mean_of(fall_retain),
        deeper=difference_of(fall_forget, fall_retain),
        others_forget=mean_of(over("forget", _others)),
        kept_forget=mean_of(over("forget", lambda case: case.focus_kept)),
        kept_retain=mean_of(over("retain", lambda case: case.focus_kept)),
        overlap_forget=mean_of(over("forget", lambda case: case.overlap)),
        overlap_retain=mean_of(over("retain", lambda case: case.overlap)),
    )


def _of(record: Record, text: Text, number: Callable[[CaseRecord], float | None]) -> Values:
    cases = [case.answered.id for case in record.cases if case.answered.text == text]
    found = (number(case) for case in record.cases if case.answered.text == text)
    pairs = zip(cases, found, strict=True)
    return {record.key(name): value for name, value in pairs if value is not None}


def _base(case: CaseRecord) -> float | None:
    return _mean(case.base, case.keys)


def _unlearned(case: CaseRecord) -> float | None:
    return _mean(case.unlearned, case.keys)


def _fall(case: CaseRecord) -> float | None:
    return _difference(case, case.keys)


def _others(case: CaseRecord) -> float | None:
    keys = frozenset(case.keys)
    return _difference(case, [i for i in case.words if i not in keys])


def _difference(case: CaseRecord, positions: Sequence[int]) -> float | None:
    before, after = _mean(case.base, positions), _mean(case.unlearned, positions)
    return None if before is None or after is None else after - before


def _mean(contributions: Sequence[float | None], positions: Sequence[int]) -> float | None:
    found = [contributions[i] for i in positions]
    known = [value for value in found if value is not None]
    return fmean(known) if known and len(known) == len(found) else None
