"""What a heat map has to draw: for each row, runs of text and the names of their looks.

Pure: it knows neither colours nor Textual. `heat_map.py` turns looks into styles and says which
cells to repaint.
"""

from __future__ import annotations

from dataclasses import dataclass

from unpact_tui.app import palette
from unpact_tui.app.lines import shown
from unpact_tui.app.widgets.cell_rows import CURSOR, TITLE, Run, more
from unpact_tui.weights.headers import group_line, headers
from unpact_tui.weights.table import Scale, Table, hundredths, level

_LABEL = 14
_NARROWEST = 4
_WIDEST = 10
_WITH_NUMBER = 6
"""Cells of a column that a number of five and a gap take."""
_CORNER = "layer"


@dataclass(frozen=True, slots=True)
class Fit:
    """How a table is laid into a width."""

    label: int = 1
    """Cells of the row titles."""
    column: int = _NARROWEST
    """Cells of each column, with the gap."""
    columns: int = 0
    """How many columns there is room for."""
    numbers: bool = False
    signs: bool = False
    """Whether a sign says the level too."""


def fit(table: Table, width: int, *, signs: bool) -> Fit:
    """Choose the widths: numbers where there is room, and never less than can be told apart."""
    titles = max((len(shown(row.label)) for row in table.rows), default=0)
    label = max(len(_CORNER), min(_LABEL, titles, width // 4)) + 1
    room = max(0, width - label)
    numbered = _WITH_NUMBER + signs
    count = max(1, len(table.columns))
    column = max(_NARROWEST, min(_WIDEST, room // count))
    return Fit(label, column, max(1, room // column), column >= numbered, signs)


class HeatRows:
    """A table, laid out."""

    def __init__(self) -> None:
        self.table = Table()
        self.scale: Scale = "log"
        self.fit = Fit()
        self.first = 0
        """The first column that is seen."""
        self.plain = False
        """Whether signs are ASCII."""

    def place(self, width: int, *, signs: bool) -> None:
        """Lay the table into a width."""
        self.fit = fit(self.table, width, signs=signs)
        self.first = max(0, min(self.first, len(self.table.columns) - self.fit.columns))

    def show_column(self, column: int) -> bool:
        """Bring a column into view; return whether that moved anything."""
        before = self.first
        if column < self.first:
            self.first = column
        elif column >= self.first + self.fit.columns:
            self.first = column - self.fit.columns + 1
        return self.first != before

    def span(self, column: int) -> tuple[int, int]:
        """Return where a column's cells begin and how many they are, without the gap."""
        return self.fit.label + (column - self.first) * self.fit.column, self.fit.column - 1

    def column_at(self, x: int) -> int | None:
        """Return the column at a cell of the view."""
        column = self.first + (x - self.fit.label) // self.fit.column
        inside = x >= self.fit.label and column in self._seen()
        return column if inside else None

    def head(self, line: int) -> list[Run]:
        """Return one of the two rows of titles."""
        columns = [shown(self.table.columns[column], 80) for column in self._seen()]
        titles = headers(columns, self.fit.column)
        if line == 0:
            unseen = more(self._seen(), len(self.table.columns))
            return [(TITLE, unseen.ljust(self.fit.label) + group_line(titles, self.fit.column))]
        names = "".join(title.name.ljust(self.fit.column) for title in titles)
        return [(TITLE, _CORNER.ljust(self.fit.label) + names)]

    def row(self, row: int, cursor: tuple[int, int]) -> list[Run]:
        """Return the title and the cells of a row."""
        runs = [(TITLE, self._title(row))]
        for column in self._seen():
            look, text = self._cell(row, column)
            # Reversed, a strong colour would pass for another: under the cursor there is none.
            runs += [(CURSOR if (row, column) == cursor else look, text), ("", " ")]
        return runs

    def _seen(self) -> range:
        return range(self.first, min(self.first + self.fit.columns, len(self.table.columns)))

    def _title(self, row: int) -> str:
        title, room = shown(self.table.rows[row].label, 80), self.fit.label - 1
        if len(title) > room:
            title = title[: room - 1] + "~"
        return title.ljust(self.fit.label)

    def _cell(self, row: int, column: int) -> Run:
        width = self.fit.column - 1
        if (row, column) not in self.table.cells:
            return "", " " * width
        value = self.table.value(row, column)
        step = level(value, self.table, self.scale)
        look = palette.component(step) or ""
        if not self.fit.numbers:
            filling = sign(step, self.plain) if self.fit.signs or not step else " "
            return look, filling * width
        lead = sign(step, self.plain) if self.fit.signs else ""
        number = hundredths(value)
        gap = " " if len(lead) + len(number) < width else ""
        return look, f"{lead}{gap}{number}".ljust(width)


def sign(step: int | None, plain: bool) -> str:
    """Return one character for a level."""
    if step is None:
        return "~" if plain else palette.lane(None)
    if step == 0:
        return "." if plain else "·"
    return str(step) if plain else palette.lane(step)
