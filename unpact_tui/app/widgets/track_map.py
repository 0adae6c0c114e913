"""The words of a prompt by the steps of a run, coloured by contribution, with the step chosen.

It shows what it is given and knows neither files nor keys: the screen chooses the step. Drawn by
line: to choose another step writes the two rows of titles.
"""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.geometry import Region
from textual.message import Message

from unpact_tui.app.glyphs import Glyphs
from unpact_tui.app.widgets.cell_map import CellMap
from unpact_tui.app.widgets.cell_rows import HEAD, Run
from unpact_tui.app.widgets.track_rows import KEY, Picture, TrackRows


class TrackMap(CellMap):
    """A row per word, a column per step."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {KEY}
    DEFAULT_CSS = "TrackMap > .track-map--key { text-style: italic; }"

    class Chosen(Message):
        """A step was clicked."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self._rows = TrackRows(glyphs)
        self._cursor = 0

    def show(self, picture: Picture, cursor: int) -> None:
        """Show a prompt, and the step chosen."""
        moved, self._cursor = cursor != self._cursor, cursor
        if picture != self._rows.picture:
            other = picture.units[:1] != self._rows.picture.units[:1]
            self._rows.picture = picture
            self._place()
            if other:
                self.scroll_to(y=0, animate=False, immediate=True)
        elif moved and self._rows.show(cursor):
            self._forget()
        elif moved:
            for line in range(HEAD):
                self._strips.pop(line - HEAD, None)
            self.refresh(Region(0, 0, self.size.width, HEAD))

    def on_click(self, event: events.Click) -> None:
        """Say which step was clicked."""
        offset = event.get_content_offset(self)
        step = None if offset is None else self._rows.step_at(offset.x)
        if step is not None:
            self.post_message(self.Chosen(step))

    def _runs(self, row: int) -> list[Run]:
        if not self._rows.picture.steps or row >= len(self._rows.picture.units):
            return []
        return self._rows.head(row + HEAD, self._cursor) if row < 0 else self._rows.row(row)

    def _lay_out(self, width: int) -> int:
        self._rows.signs = self.has_pseudo_class("nocolor")
        self._rows.place(width, self._cursor)
        return len(self._rows.picture.units)
