"""A triage as blocks: the ranking, the plane of forget and utility, and every checkpoint."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from unpact_tui.reporting.blocks import (
    SHARES,
    Block,
    Bullets,
    Grid,
    Heading,
    Plane,
    Whiskers,
    Words,
    counted,
    numbered,
    said,
)
from unpact_tui.reporting.svg import Dot, Whisker
from unpact_tui.summary import CAVEAT, INTERVALS
from unpact_tui.triage.ranking import Ranked, Table
from unpact_tui.triage.telling import MARK, legend

_HEAD = (
    "rank", "checkpoint", "verdict", "forget", "keep", "focus", "recovered", "control",
    "neutral loss", "weights",
)  # fmt: skip


def blocks(table: Table) -> Iterator[Block]:
    """Yield all of it."""
    measured = [row for row in table.checkpoints if row.verdict is not None]
    yield Heading(1, f"Triage of {counted(len(table.checkpoints), 'checkpoint')}")
    if table.base:
        beside = f", reference {table.reference}" if table.reference else ""
        yield Words(f"base {table.base}{beside}", quiet=True)
    counts = {row.verdict or "not measured": 0 for row in table.checkpoints}
    for row in table.checkpoints:
        counts[row.verdict or "not measured"] += 1
    yield Words(", ".join(f"{count} {name}" for name, count in counts.items()) + ".")
    yield Words(CAVEAT)
    yield Heading(2, "Ranking")
    yield Grid(_HEAD, tuple(map(_line, table.checkpoints)), numbers=3)
    yield Words(legend(table), quiet=True)
    yield from _plots(measured)
    yield Heading(2, "Checkpoints")
    for row in table.checkpoints:
        yield from _checkpoint(row)
    yield Words(INTERVALS, quiet=True)


def _line(row: Ranked) -> tuple[str, ...]:
    relative = None if row.weights is None else row.weights.relative
    return (
        f"{MARK if row.front else ''}{row.rank}",
        row.name,
        row.verdict or "not measured",
        said(row.forget),
        said(row.utility),
        *(
            said(row.evidence.get(name))
            for name in ("focus_kept", "recovered", "control", "neutral_loss")
        ),
        "-" if relative is None else f"{100 * relative:.2g} %",
    )


def _plots(rows: list[Ranked]) -> Iterator[Block]:
    dots = [
        Dot(row.name, row.forget, row.utility, filled=row.front)
        for row in rows
        if row.forget is not None and row.utility is not None
    ]
    yield Plane(
        "Forget against keep; filled: on the front",
        "forgotten",
        "kept",
        tuple(dots),
    )
    recovered = [
        Whisker(row.name, row.evidence["recovered"], row.evidence.get("control"))
        for row in rows
        if "recovered" in row.evidence
    ]
    yield Whiskers(
        "Share of the lost log-probability that emphasis brings back; hollow: random words",
        tuple(recovered),
        SHARES,
    )


def _checkpoint(row: Ranked) -> Iterator[Block]:
    yield Heading(3, f"{row.rank} {row.name}: {row.verdict or 'not measured'}")
    if row.error:
        yield Words(row.error)
    yield Bullets((*(f"Warning: {each}" for each in row.warnings), *row.reasons))
    if row.weights is not None:
        yield Words(f"Weights: {row.weights.sentence}")
    if row.evidence:
        yield numbered(row.evidence)
    if row.metrics:
        yield numbered(row.metrics)
    yield Bullets(tuple(f"{name}: not taken, {why}" for name, why in row.absent.items()))
    yield Bullets(tuple(f"Left out: {each}" for each in row.left_out))
    if row.compare:
        yield Words(shlex.join(row.compare), quiet=True)
