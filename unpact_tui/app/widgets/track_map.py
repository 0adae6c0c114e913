"""The words of a prompt by the steps of a run, coloured by contribution, with the step chosen.

It shows what it is given and knows neither files nor keys: the screen chooses the step. Drawn by
line, with one cached strip per row: to choose another step writes parts of two rows.
"""

from __future__ import annotations

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from unpact_tui.app import palette
from unpact_tui.app.glyphs import Glyphs
from unpact_tui.app.widgets.heat_rows import joined
from unpact_tui.app.widgets.track_rows import CURSOR, HEAD, KEY, TITLE, Picture, TrackRows


class TrackMap(ScrollView, can_focus=False, inherit_bindings=False):
    """A row per word, a column per step."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {*palette.COMPONENTS, TITLE, CURSOR, KEY}

    DEFAULT_CSS = """
        TrackMap {
            height: 1fr;
            overflow-x: hidden;
            scrollbar-gutter: stable;
            scrollbar-size-vertical: 1;
            & > .track-map--title { color: $text-muted; }
            & > .track-map--cursor { text-style: reverse; }
            & > .track-map--key { text-style: italic; }
            &:nocolor > .track-map--title { color: ansi_default; }
        }
        """ + palette.css("TrackMap")

    ALLOW_SELECT = False

    class Chosen(Message):
        """A step was clicked."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self._rows = TrackRows(glyphs)
        self._cursor = 0
        self._strips: dict[int, Strip] = {}
        self._styles: dict[str, Style] = {}

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

    @property
    def page(self) -> int:
        """How many rows of cells can be seen."""
        return max(1, self.size.height - HEAD)

    def on_resize(self) -> None:
        """Lay out anew."""
        self._place()

    def on_click(self, event: events.Click) -> None:
        """Say which step was clicked."""
        offset = event.get_content_offset(self)
        step = None if offset is None else self._rows.step_at(offset.x)
        if step is not None:
            self.post_message(self.Chosen(step))

    def notify_style_update(self) -> None:
        """Forget what was drawn in the old style."""
        super().notify_style_update()
        self._strips.clear()
        self._styles.clear()

    def render_line(self, y: int) -> Strip:
        """Return one row of the view; the titles stay where they are."""
        row = y - HEAD if y < HEAD else y - HEAD + self.scroll_offset.y
        strip = self._strips.get(row)
        if strip is None:
            runs = joined(self._runs(row))
            segments = [Segment(text, self._style(look)) for look, text in runs]
            strip = Strip(segments).adjust_cell_length(self.size.width, self._style(""))
            self._strips[row] = strip
        return strip

    def _runs(self, row: int) -> list[tuple[str, str]]:
        """Return what stands in a row; those below zero are the titles."""
        if not self._rows.picture.steps or row >= len(self._rows.picture.units):
            return []
        return self._rows.head(row + HEAD, self._cursor) if row < 0 else self._rows.row(row)

    def _style(self, look: str) -> Style:
        if look not in self._styles:
            partial = self.get_component_rich_style(look, partial=True) if look else Style()
            self._styles[look] = self.rich_style + partial
        return self._styles[look]

    def _place(self) -> None:
        width = self.scrollable_content_region.width if self.is_attached else 0
        if width < 1:
            return
        self._rows.signs = self.has_pseudo_class("nocolor")
        self._rows.place(width, self._cursor)
        self.virtual_size = Size(width, len(self._rows.picture.units) + HEAD)
        self._scroll_update(self.virtual_size)  # or the scroll bar learns of it a frame too late
        self._forget()

    def _forget(self) -> None:
        self._strips.clear()
        self.refresh()
