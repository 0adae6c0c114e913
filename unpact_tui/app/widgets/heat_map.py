"""Layers by modules as coloured cells with a cursor.

It shows what it is given and knows neither files nor keys: the screen moves the cursor. Drawn by
line: a cursor move writes two cells.
"""

from __future__ import annotations

from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.reactive import reactive

from unpact_tui.app.widgets.cell_map import CellMap
from unpact_tui.app.widgets.cell_rows import HEAD, Run
from unpact_tui.app.widgets.heat_rows import HeatRows
from unpact_tui.weights.change import Cell
from unpact_tui.weights.table import Scale, Table

Position = tuple[int, int]
"""Row and column."""


class HeatMap(CellMap):
    """A table of changes, coloured by how strong they are."""

    cursor: reactive[Position] = reactive((0, 0), repaint=False)
    """Row and column."""
    ascii = reactive(False, repaint=False)
    """Whether our own signs are ASCII; every cell then has one."""

    class Moved(Message):
        """A cell was clicked."""

        def __init__(self, heat_map: HeatMap, position: Position) -> None:
            super().__init__()
            self.heat_map = heat_map
            self.position = position

        @property
        def control(self) -> HeatMap:
            """The map it is on."""
            return self.heat_map

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._rows = HeatRows()

    def show(self, table: Table, scale: Scale) -> None:
        """Show a table, more of it, or the same on another scale; the cursor stays on its cell."""
        place = self._rows.table.named(self.cursor)
        self._rows.table, self._rows.scale = table, scale
        # Laid out first: moving the cursor looks for its column among those of the table.
        self._place()
        self.cursor = table.find(place) if place else (0, 0)

    @property
    def cell(self) -> Cell | None:
        """What is under the cursor."""
        return self._rows.table.cells.get(self.cursor)

    def validate_cursor(self, position: Position) -> Position:
        """Keep it in the table."""
        table = self._rows.table
        row, column = position
        return (
            max(0, min(len(table.rows) - 1, row)),
            max(0, min(len(table.columns) - 1, column)),
        )

    def watch_cursor(self, old: Position, new: Position) -> None:
        """Repaint the two cells, and follow."""
        if self._rows.show_column(new[1]):
            self._forget()
        else:
            self._repaint(old, new)
        self._follow()

    def watch_ascii(self) -> None:
        """Write our own signs anew."""
        self._rows.plain = self.ascii
        self._place()

    def on_click(self, event: events.Click) -> None:
        """Say which cell was clicked."""
        offset = event.get_content_offset(self)
        if offset is None or offset.y < HEAD:
            return
        row, column = offset.y - HEAD + self.scroll_offset.y, self._rows.column_at(offset.x)
        if column is not None and row < len(self._rows.table.rows):
            self.post_message(self.Moved(self, (row, column)))

    def _runs(self, row: int) -> list[Run]:
        if not self._rows.table.rows or row >= len(self._rows.table.rows):
            return []
        return self._rows.head(row + HEAD) if row < 0 else self._rows.row(row, self.cursor)

    def _lay_out(self, width: int) -> int:
        self._rows.place(width, signs=self.ascii or self.has_pseudo_class("nocolor"))
        self._rows.show_column(self.cursor[1])
        return len(self._rows.table.rows)

    def _place(self) -> None:
        super()._place()
        self._follow()

    def _follow(self) -> None:
        """Bring the cursor into view by half a page: any scroll repaints the whole view."""
        row, top = self.cursor[0], round(self.scroll_offset.y)
        if self.size.height and not top <= row < top + self.page:
            self.scroll_to(y=max(0, row - self.page // 2), animate=False)

    def _repaint(self, *positions: Position) -> None:
        """Draw these cells again."""
        regions: list[Region] = []
        for row, column in positions:
            self._strips.pop(row, None)
            y = row - self.scroll_offset.y
            if 0 <= y < self.page:
                x, width = self._rows.span(column)
                regions.append(Region(x, y + HEAD, width, 1))
        if regions:
            self.refresh(*regions)
