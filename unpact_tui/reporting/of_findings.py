"""What many models show together, as blocks: the three findings with the numbers they rest on."""

from __future__ import annotations

from collections.abc import Iterator

from attribution.penalty import KINDS
from attribution.types import Interval
from unpact_tui.findings.estimate import Estimate
from unpact_tui.findings.figures import Findings
from unpact_tui.findings.penalised import TEXTS
from unpact_tui.findings.tables import cell
from unpact_tui.matrix.blocks import MatrixFindings
from unpact_tui.reporting.blocks import (
    SHARES,
    Block,
    Bullets,
    Grid,
    Heading,
    Whiskers,
    Words,
    counted,
)
from unpact_tui.reporting.svg import Whisker


def of_matrix(found: MatrixFindings) -> Iterator[Block]:
    """Yield the findings of every model on every benchmark."""
    for block in found.blocks:
        if block.findings is not None:
            yield from blocks(block.findings, block.name)
    yield Bullets(tuple(f"Not there: {one.member}: {one.why}" for one in found.missing))


def blocks(found: Findings, name: str = "") -> Iterator[Block]:
    """Yield all of one."""
    on = f" on {name}" if name else ""
    yield Heading(1, f"Findings over {counted(len(found.methods), 'method')}{on}")
    yield Words(
        f"{found.command}; {counted(len(found.seeds), 'seed')}, {found.forget} forget prompts each."
    )
    yield from _focus(found)
    yield from _recovered(found)
    yield from _penalised(found)
    yield Bullets(tuple(f"Not measured: {one.member}: {one.why}" for one in found.unmeasured))


def _focus(found: Findings) -> Iterator[Block]:
    yield Heading(2, "Focus on KeyTokens")
    yield Bullets(found.focus_says)
    bars = [
        Whisker(one.member, _interval(one.fall_forget), _maybe(one.fall_retain))
        for one in found.focus
        if one.fall_forget is not None
    ]
    title = "Change of the contribution of KeyTokens, in nats; hollow: on retain prompts"
    yield Whiskers(title, tuple(bars))
    rows = tuple(
        (one.member, cell(one.fall_forget), cell(one.fall_retain), cell(one.others_forget))
        for one in found.focus
    )
    yield Grid(("checkpoint", "forget", "retain", "other words"), rows, numbers=1)


def _recovered(found: Findings) -> Iterator[Block]:
    yield Heading(2, "Recovery by emphasis")
    yield Bullets(found.recovered_says)
    held = [(one.member, one.held_out) for one in found.recovered if one.held_out is not None]
    bars = [
        Whisker(member, _interval(row.recovered), _maybe(row.random))
        for member, row in held
        if row.recovered is not None
    ]
    title = "Share of the lost log-probability that comes back; hollow: on random words"
    yield Whiskers(title, tuple(bars), SHARES)
    rows = tuple(
        (member, *(cell(each) for each in (row.recovered, row.random, row.reference, row.lift)))
        for member, row in held
    )
    head = ("checkpoint", "recovered", "random words", "reference", "lift")
    yield Grid(head, rows, numbers=1)


def _penalised(found: Findings) -> Iterator[Block]:
    yield Heading(2, "Which tokens are penalised")
    yield Bullets(found.penalised_says)
    rows: list[tuple[str, ...]] = []
    for one in found.penalised:
        losses = {(loss.text, loss.kind): loss.lost for loss in one.losses}
        for kind in KINDS:
            cells = (cell(losses.get((text, kind))) for text in TEXTS)
            rows.append((one.member, kind, *cells))
    yield Grid(("checkpoint", "tokens", *TEXTS), tuple(rows), numbers=2)


def _interval(found: Estimate) -> Interval:
    return Interval(found.estimate, found.lower, found.upper, found.n)


def _maybe(found: Estimate | None) -> Interval | None:
    return None if found is None else _interval(found)
