"""The checkpoints of a triage as rows: which are shown, in which order, and what stands in a cell.

Pure: it knows neither widgets nor where a row comes from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from rich.cells import cell_len

from attribution.types import Interval, Label
from attribution.verdict import LABELS
from unpact_tui.app import row_filter
from unpact_tui.app.glyphs import Glyphs
from unpact_tui.app.lines import shown
from unpact_tui.app.prompt_rows import SHORT, clipped
from unpact_tui.triage.ranking import Ranked
from unpact_tui.weights.table import percent

ALARMING: tuple[Label, ...] = ("SUPPRESSED", "COLLAPSED")
"""Verdicts to look at first."""

Value = Callable[[Ranked], Interval | float | None]


@dataclass(frozen=True, slots=True)
class Key:
    """What rows are sorted by."""

    name: str
    """As it is called on the screen."""
    of: Callable[[Ranked], tuple[bool, float | str]]
    """What is unknown comes last, either way round."""


def _evidence(name: str) -> Value:
    return lambda row: row.evidence.get(name)


def _weights(row: Ranked) -> float | None:
    return None if row.weights is None else row.weights.relative


def estimate(value: Interval | float | None) -> float | None:
    """Return the number itself."""
    return value.estimate if isinstance(value, Interval) else value


@dataclass(frozen=True, slots=True)
class Column:
    """One number of every row."""

    title: str
    value: Value
    cells: int = 7
    """Without an interval."""
    wide: int = 13
    """With it; the same where there is none."""
    written: Callable[[float | None, Glyphs], str] | None = None
    """How the number is written; None is `brief`."""


def _percent(value: float | None, glyphs: Glyphs) -> str:
    return glyphs.dash if value is None else percent(value)


COLUMNS: tuple[Column, ...] = (
    Column("forget", lambda row: row.forget),
    Column("keep", lambda row: row.utility),
    Column("recov.", _evidence("recovered")),
    Column("control", _evidence("control"), 8),
    Column("focus", _evidence("focus_kept")),
    Column("loss", _evidence("neutral_loss")),
    Column("weights", _weights, 8, 8, _percent),
    Column("loops", lambda row: row.metrics.get("gibberish")),
)
"""In the order in which they are given up where there is no room, the last first."""

LEGEND = (
    "forget: 1 - ROUGE-L of what is said, at most; keep: model utility or ROUGE-L of what is kept;",
    "recov.: share that emphasis brings back; control: the same by random words; focus kept; loss:",
    "nats per token lost on neutral text; weights: relative change; loops: share of gibberish.",
)


def _number(value: Value) -> Callable[[Ranked], tuple[bool, float | str]]:
    def key(row: Ranked) -> tuple[bool, float | str]:
        found = estimate(value(row))
        return found is None, 0.0 if found is None else found

    return key


KEYS: tuple[Key, ...] = (
    Key("rank", lambda row: (False, float(row.rank))),
    Key("name", lambda row: (False, row.name.casefold())),
    *(Key(column.title, _number(column.value)) for column in COLUMNS),
)
"""The first is the order of the triage itself: worst first."""


def arranged(rows: Sequence[Ranked], key: Key, wanted: str, *, falling: bool) -> list[Ranked]:
    """Return the rows that pass the filter `wanted`, sorted; rows that tie keep their order."""
    one_spaced = " ".join(wanted.split())
    found = row_filter.passing(rows, one_spaced, _names, _texts)
    known = [row for row in found if not key.of(row)[0]]
    known.sort(key=lambda row: key.of(row)[1], reverse=falling)
    return [*known, *(row for row in found if key.of(row)[0])]


def misread(wanted: str) -> str:
    """Return the first word of a filter that can be true of no row; empty when all can."""
    return row_filter.misread(
        wanted, ("front", "failed", "measured", *(label.lower() for label in LABELS))
    )


def _names(row: Ranked) -> Iterator[str]:
    yield "measured" if row.verdict else "failed"
    if row.verdict:
        yield row.verdict.lower()
    if row.front:
        yield "front"


def _texts(row: Ranked) -> Iterator[str]:
    yield from (row.name, row.path, row.method or "", row.verdict or "", row.error)
    yield from row.reasons


# ---------------------------------------------------------------- cells


@dataclass(frozen=True, slots=True)
class Fit:
    """How the columns are laid into a width."""

    name: int = 20
    columns: int = 0
    """So many of them have room."""
    intervals: bool = False
    short: bool = True
    """Whether verdicts are abbreviated."""

    def cells(self, column: Column) -> int:
        """Return how wide a column is, with its gap."""
        return column.wide if self.intervals else column.cells


_MARK, _SHORT, _LONG = 2, 6, 12
_LEAST_NAME, _MOST_NAME = 14, 44
_WITH_INTERVALS = 7
"""So many columns must have room for theirs, or none has them."""


def fit(longest: int, width: int) -> Fit:
    """Divide `width` cells where names need `longest`: intervals where there is room for all."""
    name = max(_LEAST_NAME, min(_MOST_NAME, longest + 1))
    wide = _count([column.wide for column in COLUMNS], width - _MARK - _LONG - min(name, 16))
    if wide >= _WITH_INTERVALS:
        room = width - _MARK - _LONG - sum(column.wide for column in COLUMNS[:wide])
        return Fit(min(name, room), wide, intervals=True, short=False)
    brief = sum(column.cells for column in COLUMNS)
    short = width < _MARK + _LONG + brief + _LEAST_NAME
    room = width - _MARK - (_SHORT if short else _LONG) - _LEAST_NAME
    count = _count([column.cells for column in COLUMNS], room)
    room -= sum(column.cells for column in COLUMNS[:count])
    return Fit(max(1, min(name, _LEAST_NAME + max(0, room))), count, short=short)


def _count(cells: Sequence[int], room: int) -> int:
    """Return how many of these fit, from the first on."""
    return sum(total <= room for total in accumulate(cells))


def heading(place: Fit, key: Key, glyphs: Glyphs, *, falling: bool) -> str:
    """Return the names over the columns; what rows are sorted by is marked."""
    plain = glyphs.ellipsis.isascii()
    mark = ("v" if falling else "^") if plain else ("▾" if falling else "▴")

    def name(text: str, cells: int, *, right: bool = False) -> str:
        written = text + (mark if text == key.name else "")
        return f"{written:>{cells - 1}} "[:cells] if right else written.ljust(cells)[:cells]

    start = " " * _MARK + name("name", place.name)
    start += name("verd" if place.short else "verdict", _SHORT if place.short else _LONG)
    return start + "".join(
        name(column.title, place.cells(column), right=True) for column in COLUMNS[: place.columns]
    )


def cells(row: Ranked, place: Fit, glyphs: Glyphs) -> tuple[str, str, str]:
    """Return mark and name, verdict, and numbers of a row; together as wide as the columns."""
    plain = glyphs.ellipsis.isascii()
    front = ("* " if plain else "◆ ") if row.front else "  "
    if row.verdict is None:
        verdict = "FAIL" if place.short else "FAILED"
        rest = sum(place.cells(column) for column in COLUMNS[: place.columns])
        said = clipped(row.error, rest, glyphs, plain=plain)
    else:
        verdict = SHORT[row.verdict] if place.short else row.verdict
        said = "".join(_cell(row, column, place, glyphs) for column in COLUMNS[: place.columns])
    wide = _SHORT if place.short else _LONG
    return front + clipped(row.name, place.name, glyphs, plain=plain), verdict.ljust(wide), said


def _cell(row: Ranked, column: Column, place: Fit, glyphs: Glyphs) -> str:
    value = column.value(row)
    room = place.cells(column) - 1
    if column.written is not None:
        return column.written(estimate(value), glyphs).rjust(room) + " "
    text = brief(estimate(value), glyphs)
    if place.intervals and isinstance(value, Interval) and value.n > 1:
        ends = f"{brief(value.lower, glyphs)}{_to(glyphs)}{brief(value.upper, glyphs)}"
        # Short of room the ends go, and not a digit of them.
        text = f"{text} {ends}" if cell_len(text) + 1 + cell_len(ends) <= room else text
    return text.rjust(room) + " "


def _to(glyphs: Glyphs) -> str:
    return "-" if glyphs.ellipsis.isascii() else "–"


def brief(value: float | None, glyphs: Glyphs) -> str:
    """Return a number in at most four cells, or five below zero."""
    if value is None:
        return glyphs.dash
    size = abs(value)
    if size >= 999.5:
        text = f"{value:.0e}".replace("e+0", "e")
    elif size >= 9.95:
        text = f"{value:.0f}"
    elif size >= 0.995:
        text = f"{value:.1f}"
    else:
        text = f"{value:z.2f}".replace("0.", ".", 1)
        text = "0" if text in (".00", "-.00") else text
    return text.replace("-", glyphs.minus)


def longest_name(rows: Sequence[Ranked]) -> int:
    """Return how many cells the names need, if they get them."""
    return max((cell_len(shown(row.name, _MOST_NAME)) for row in rows), default=4)
