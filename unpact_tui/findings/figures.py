"""All findings together: computed from records, with the sentences that say what they show.

What is written to findings.json, and what the page and the plots are made of. Knows no models.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from attribution.thresholds import Thresholds
from unpact_tui.findings import sentences
from unpact_tui.findings.failed import of_failures
from unpact_tui.findings.focus import Focus, focus
from unpact_tui.findings.metric_rows import MetricRow, metric_rows
from unpact_tui.findings.penalised import (
    Penalised,
    Point,
    Relation,
    penalised,
    points,
    relations,
)
from unpact_tui.findings.record import Record, Versions
from unpact_tui.findings.recovered import Recovered, recovered
from unpact_tui.findings.verdicts import verdict_of

SCHEMA = 1


class Method(msgspec.Struct, frozen=True):
    """One row of every table."""

    member: str
    method: str


class Unmeasured(msgspec.Struct, frozen=True):
    """A model that is in none of the numbers."""

    seed: int
    member: str
    why: str


class Findings(msgspec.Struct, frozen=True):
    """Everything that was found."""

    schema: int
    command: str
    versions: tuple[Versions, ...]
    seeds: tuple[int, ...]
    methods: tuple[Method, ...]
    forget: int
    """Prompts of each model, as below."""
    retain: int
    strategies: tuple[str, ...]
    draws: int
    seconds: float
    """All models together."""
    focus: tuple[Focus, ...]
    focus_says: tuple[str, ...]
    """In plain sentences, as below."""
    recovered: tuple[Recovered, ...]
    recovered_says: tuple[str, ...]
    penalised: tuple[Penalised, ...]
    points: tuple[Point, ...]
    relations: tuple[Relation, ...]
    penalised_says: tuple[str, ...]
    unmeasured: tuple[Unmeasured, ...]
    left_out: tuple[tuple[str, str], ...]
    """Prompts and strategies that could not be read, with the reason."""
    shared: bool = False
    """Whether seeds share their base and their prompts, and repeat the unlearning alone."""
    failed_says: tuple[str, ...] = ()
    """What was looked for and not found."""
    metrics: tuple[MetricRow, ...] = ()
    """Of the benchmark, the base and the reference included."""
    absent: tuple[tuple[str, str], ...] = ()
    """Metrics that could not be taken, with the reason."""


def compute(
    records: Sequence[Record], thresholds: Thresholds, command: str, *, draws: int
) -> Findings:
    """Compute all findings. At least one record must hold something."""
    whole = _judged(records, thresholds)
    by_member: dict[str, list[Record]] = {}
    for record in whole:
        by_member.setdefault(record.member, []).append(record)
    found_focus = tuple(focus(name, ones) for name, ones in by_member.items())
    back = tuple(recovered(name, ones, thresholds) for name, ones in by_member.items())
    lost = tuple(penalised(name, ones) for name, ones in by_member.items())
    dots = points(whole)
    related = relations(dots)
    return Findings(
        schema=SCHEMA,
        command=command,
        versions=tuple(dict.fromkeys(r.versions for r in whole if r.versions is not None)),
        seeds=tuple(sorted({record.seed for record in whole})),
        methods=tuple(Method(name, ones[0].method) for name, ones in by_member.items()),
        forget=max(_count(record, "forget") for record in whole),
        retain=max(_count(record, "retain") for record in whole),
        strategies=tuple(dict.fromkeys(row.strategy for one in back for row in one.strategies)),
        draws=draws,
        seconds=sum(record.seconds for record in whole),
        focus=found_focus,
        focus_says=tuple(sentences.of_focus(found_focus)),
        recovered=back,
        recovered_says=tuple(sentences.of_recovered(back)),
        penalised=lost,
        points=dots,
        relations=related,
        penalised_says=tuple(sentences.of_penalised(lost, related)),
        unmeasured=tuple(Unmeasured(r.seed, r.member, r.error) for r in records if r.error),
        left_out=tuple(dict.fromkeys(reason for record in whole for reason in record.left_out)),
        shared=any(record.world for record in whole),
        failed_says=tuple(of_failures(found_focus, back, lost, related)),
        metrics=metric_rows(by_member),
        absent=tuple(dict.fromkeys(pair for record in whole for pair in record.absent.items())),
    )


def _judged(records: Sequence[Record], thresholds: Thresholds) -> list[Record]:
    """Return what could be measured, judged by the thresholds as they are now."""
    return [
        replace(record, verdict=verdict_of(record, thresholds))
        for record in records
        if not record.error
    ]


def _count(record: Record, text: str) -> int:
    return sum(case.answered.text == text for case in record.cases)
