"""The prompts of a session as rows: which are shown, in which order, and what stands in a cell.

Pure: it knows neither widgets nor where a row comes from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from rich.cells import cell_len, set_cell_size

from attribution.types import Label, Nats, Split
from attribution.verdict import LABELS
from unpact_tui.app import row_filter
from unpact_tui.app.glyphs import Glyphs
from unpact_tui.app.layout import piece
from unpact_tui.app.lines import shown

Status = Literal["waiting", "reading", "read", "failed"]
Order = Literal["file", "verdict", "recovered"]
"""What rows are sorted by; "file" is as they were given."""

ORDERS: tuple[Order, ...] = ("file", "verdict", "recovered")
STATUSES: tuple[Status, ...] = ("waiting", "reading", "read", "failed")
SPLITS: tuple[Split, ...] = ("forget", "retain", "general")

ALARMING: tuple[Label, ...] = ("SUPPRESSED", "COLLAPSED", "RETAINED", "UNKNOWN", "UNRECOVERED")
"""The verdicts, the one to look at first in front. Ours."""

SHORT: dict[Label, str] = {
    "SUPPRESSED": "SUPP",
    "COLLAPSED": "COLL",
    "RETAINED": "RET",
    "UNKNOWN": "UNKN",
    "UNRECOVERED": "UNREC",
}
SHORT_STATUS: dict[Status, str] = {
    "waiting": "wait",
    "reading": "now",
    "read": "read",
    "failed": "fail",
}


@dataclass(frozen=True, slots=True)
class PromptRow:
    """One prompt with what is known about it; `index` is its place in the session."""

    index: int
    id: str
    split: Split
    prompt: str
    answer: str | None = None
    status: Status = "waiting"
    label: Label | None = None
    recovered: float | None = None
    control: float | None = None
    logprob_base: Nats | None = None
    logprob_unlearned: Nats | None = None
    changed: bool | None = None
    """Whether the unlearned model's plain answer is another than the base's."""
    trouble: str = ""


Predicate = Callable[[PromptRow], bool]


def next_with(rows: Sequence[PromptRow], start: int, wanted: Predicate) -> int | None:
    """Return the place of the next other row after `start` that is wanted, round the end."""
    for step in range(1, len(rows) + 1):
        place = (start + step) % len(rows)
        if place != start and wanted(rows[place]):
            return place
    return None


def is_suppressed(row: PromptRow) -> bool:
    """Tell whether the answer is hidden, not gone."""
    return row.label == "SUPPRESSED"


def is_collapsed(row: PromptRow) -> bool:
    """Tell whether the model is broken on it."""
    return row.label == "COLLAPSED"


def is_changed(row: PromptRow) -> bool:
    """Tell whether the two models answer differently."""
    return row.changed is True


def next_suppressed(rows: Sequence[PromptRow], start: int) -> int | None:
    """Return the place of the next row whose answer is suppressed."""
    return next_with(rows, start, is_suppressed)


def next_collapsed(rows: Sequence[PromptRow], start: int) -> int | None:
    """Return the place of the next row on which the model is broken."""
    return next_with(rows, start, is_collapsed)


def next_changed(rows: Sequence[PromptRow], start: int) -> int | None:
    """Return the place of the next row that the two models answer differently."""
    return next_with(rows, start, is_changed)


# ---------------------------------------------------------------- which, and in which order


def arranged(rows: Sequence[PromptRow], order: Order, wanted: str) -> list[PromptRow]:
    """Return the rows that pass the filter `wanted`, sorted; rows that tie keep their order."""
    found = row_filter.passing(rows, wanted, _names, _texts)
    if order == "verdict":
        found.sort(key=_alarm)
    elif order == "recovered":
        found.sort(key=lambda row: (row.recovered is None, -(row.recovered or 0.0)))
    return found


def misread(wanted: str) -> str:
    """Return the first word of a filter that can be true of no row; empty when all can."""
    return row_filter.misread(
        wanted, (*STATUSES, *SPLITS, "changed", *(label.lower() for label in LABELS))
    )


def _names(row: PromptRow) -> Iterator[str]:
    yield from (row.status, row.split)
    if row.label is not None:
        yield row.label.lower()
    if row.changed:
        yield "changed"


def _texts(row: PromptRow) -> tuple[str, ...]:
    return row.id, row.prompt, row.answer or ""


def _alarm(row: PromptRow) -> int:
    if row.label is not None:
        return ALARMING.index(row.label)
    pending: tuple[Status, ...] = ("failed", "read", "reading", "waiting")
    return len(ALARMING) + pending.index(row.status)


# ---------------------------------------------------------------- cells


@dataclass(frozen=True, slots=True)
class Columns:
    """How many cells each column has; the prompt has what is left."""

    verdict: int
    split: int
    id: int
    prompt: int
    short: bool


_WIDE = 96
"""Cells from which verdicts are written out: those of a screen of 100 columns."""

_LONGEST_ID = 20
_SPLIT = 8
_FIXED = 2 + 2 + 6 + 6 + 3
"""The marks, and the two shares."""


def longest_id(rows: Sequence[PromptRow]) -> int:
    """Return how many cells the ids need, if they get them."""
    return max((cell_len(shown(row.id, _LONGEST_ID)) for row in rows), default=2)


def columns(longest: int, width: int) -> Columns:
    """Divide `width` cells among the columns where ids need `longest`."""
    short = width < _WIDE
    verdict = 6 if short else 12
    name = 1 + max(3, min(longest, _LONGEST_ID // 2 if short else _LONGEST_ID))
    return Columns(verdict, _SPLIT, name, max(0, width - _FIXED - verdict - _SPLIT - name), short)


def clipped(text: str, cells: int, glyphs: Glyphs, *, plain: bool) -> str:
    """Return text from outside in exactly so many cells, the last free."""
    room = max(0, cells - 1)
    # No character is narrower than nothing: beyond some marks on a letter it is cut.
    seen = piece(text[: 4 * cells], plain=plain).text if text else ""
    if cell_len(seen) > room:
        sign = glyphs.ellipsis[:room]
        seen = set_cell_size(seen, room - len(sign)) + sign
    return set_cell_size(seen, cells)


def heading(place: Columns, order: Order, glyphs: Glyphs) -> str:
    """Return the names over the columns; what rows are sorted by is marked."""
    mark = {order: "*" if glyphs.ellipsis == "..." else "▾"}

    def name(text: str, cells: int, key: str = "") -> str:
        return (text + mark.get(key, "")).ljust(cells)[:cells]

    start = name("", 4) + name("verdict" if not place.short else "verd", place.verdict, "verdict")
    shares = name("recov.", 6, "recovered") + name("random", 6)
    rest = name("split", place.split) + name("id", place.id, "file") + name("prompt", place.prompt)
    return start + shares + "   " + rest


def cells(
    row: PromptRow, place: Columns, glyphs: Glyphs, *, current: bool, plain: bool
) -> list[str]:
    """Return the texts of a row: marks, verdict, shares, and where it comes from and what it asks.

    Together they are as wide as the columns.
    """
    return [
        _sign("current", plain) if current else "  ",
        _sign(row.status, plain),
        _verdict(row, place.short).ljust(place.verdict),
        _percent(row.recovered, glyphs) + _percent(row.control, glyphs),
        _sign("changed", plain) if row.changed else "   ",
        row.split.ljust(place.split)
        + clipped(row.id, place.id, glyphs, plain=plain)
        + clipped(row.prompt, place.prompt, glyphs, plain=plain),
    ]


def _verdict(row: PromptRow, short: bool) -> str:
    if row.status == "read" and row.label is not None:
        return SHORT[row.label] if short else row.label
    return SHORT_STATUS[row.status] if short else row.status


def _percent(share: float | None, glyphs: Glyphs) -> str:
    text = glyphs.share(share)
    return (text if len(text) < 6 else text[:4] + "*").rjust(5) + " "


_SIGNS = {
    "current": ("▸ ", "> "),
    "waiting": ("· ", ". "),
    "reading": ("… ", "~ "),
    "read": ("✓ ", "+ "),
    "failed": ("! ", "! "),
    "changed": ("≠  ", "!= "),
}


def _sign(name: str, plain: bool) -> str:
    return _SIGNS[name][plain]
