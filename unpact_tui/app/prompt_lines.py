"""What the page of prompts says round its list, as lines of styled text.

Pure: it knows neither widgets nor sessions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.cells import cell_len

from unpact_tui.app.glyphs import Glyphs
from unpact_tui.app.layout import piece
from unpact_tui.app.lines import LABEL, STRONG, WARN, Line, Piece, shown
from unpact_tui.app.prompt_rows import (
    ALARMING,
    SHORT,
    SHORT_STATUS,
    STATUSES,
    Order,
    PromptRow,
    misread,
)

_BAR = 24
"""Cells of the progress bar."""

_SORTED: dict[Order, str] = {
    "file": "in the order of the file",
    "verdict": "by verdict",
    "recovered": "by share recovered",
}


def title_line(order: Order, wanted: str, passed: int) -> Line:
    """Say how rows are sorted, and how many pass the filter `wanted`."""
    pieces: list[Piece] = [("Prompts", STRONG), (f"   {_SORTED[order]}", LABEL)]
    if lost := misread(wanted):
        pieces.append((f"   no prompt can be {shown(lost, 24)}", WARN))
    elif wanted.strip():
        pieces.append((f"   {passed} pass the filter", STRONG))
    return tuple(pieces)


def counted(rows: Sequence[PromptRow], glyphs: Glyphs, width: int) -> str:
    """Say how many there are, how many are read, and what came of them, in short if need be."""
    whole = _counted(rows, glyphs, short=False)
    return whole if cell_len(whole) <= width else _counted(rows, glyphs, short=True)


def _counted(rows: Sequence[PromptRow], glyphs: Glyphs, *, short: bool) -> str:
    statuses = Counter(row.status for row in rows)
    labels = Counter(row.label for row in rows if row.status == "read" and row.label is not None)
    verdicts = (" " if short else ", ").join(
        f"{labels[label]} {SHORT[label] if short else label}" for label in ALARMING if labels[label]
    )
    noun = "" if short else " prompt" if len(rows) == 1 else " prompts"
    parts = [
        f"{len(rows)}{noun}",
        f"{statuses['read']} read" + (f": {verdicts}" if verdicts else ""),
    ]
    parts += [
        f"{statuses[name]} {SHORT_STATUS[name] if short else name}"
        for name in STATUSES
        if name != "read" and statuses[name]
    ]
    return f" {glyphs.dot} ".join(parts)


def progress_line(
    rows: Sequence[PromptRow], progress: tuple[int, int] | None, glyphs: Glyphs
) -> Line:
    """Say how far the reading in the background is, or that there could be one."""
    if progress is None:
        waiting = sum(row.status == "waiting" for row in rows)
        idle = f"{waiting} not read yet {glyphs.dot} B reads them in the background"
        return ((idle, LABEL),) if waiting else ()
    done, total = progress
    full = min(_BAR, round(_BAR * done / total)) if total > 0 else 0
    return (
        (f"reading {done} of {total} ", STRONG),
        (glyphs.line * full, "$accent"),
        (glyphs.dot * (_BAR - full), LABEL),
    )


def detail_lines(row: PromptRow | None, glyphs: Glyphs, *, plain: bool) -> tuple[Line, Line, Line]:
    """Say what a row has no room for: its prompt, its answer, and its numbers or its trouble."""
    if row is None:
        return ((("No prompt passes the filter.", LABEL),), (), ())

    def seen(raw: str) -> str:
        return piece(shown(raw), plain=plain).text

    tested = ("what the base says", LABEL) if row.answer is None else (seen(row.answer), STRONG)
    numbers = _numbers(row, glyphs, seen(row.trouble))
    return ((seen(row.prompt), ""),), (("answer  ", LABEL), tested), numbers


def _numbers(row: PromptRow, glyphs: Glyphs, trouble: str) -> Line:
    if row.trouble:
        return ((f"! {trouble}", WARN),)
    pieces: list[Piece] = [(row.label or row.status, STRONG)]
    logprobs = (("base", row.logprob_base), ("unlearned", row.logprob_unlearned))
    for who, number in logprobs:
        pieces += [(f"   {who} ", LABEL), (glyphs.number(number), STRONG)]
    for who, share in (("recovered", row.recovered), ("random words", row.control)):
        pieces += [(f"   {who} ", LABEL), (glyphs.share(share), STRONG)]
    if row.changed is not None:
        said = "the models answer differently" if row.changed else "the models answer the same"
        pieces.append((f"   {said}", LABEL))
    return tuple(pieces)
