"""Rows of checkpoints with a cursor.

It shows the rows it is given, in the order it is given them, and knows neither filters nor files.
Drawn by line, and repainted by line.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from unpact_tui.app.glyphs import Glyphs
from unpact_tui.app.triage_rows import ALARMING, Fit, cells, fit, longest_name
from unpact_tui.triage.ranking import Ranked

_ALARM, _FAILED, _VERDICT, _CURSOR = (
    f"triage-list--{name}" for name in ("alarm", "failed", "verdict", "cursor")
)


class TriageList(ScrollView, can_focus=True, inherit_bindings=False):
    """One row per checkpoint."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {_ALARM, _FAILED, _VERDICT, _CURSOR}

    DEFAULT_CSS = """
        TriageList {
            height: 1fr;
            overflow-x: hidden;
            scrollbar-gutter: stable;
            scrollbar-size-vertical: 1;
            & > .triage-list--alarm { color: $text-warning; text-style: bold; }
            & > .triage-list--verdict { text-style: bold; }
            & > .triage-list--failed { color: $text-muted; }
            & > .triage-list--cursor { text-style: reverse; }
            &:ansi > .triage-list--alarm { color: ansi_yellow; text-style: bold; }
            &:ansi > .triage-list--failed { color: ansi_default; text-style: dim; }
            &:nocolor > .triage-list--alarm { color: transparent; text-style: bold; }
            &:nocolor > .triage-list--failed { color: transparent; text-style: dim; }
        }
        """

    ALLOW_SELECT = False

    class Moved(Message):
        """The cursor is on another row, or on none."""

    class Placed(Message):
        """The columns are as wide as they are now."""

    class Chosen(Message):
        """The row under the cursor was clicked."""

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self.cursor = 0
        """Place of the row under the cursor."""
        self._rows: Sequence[Ranked] = ()
        self._fit = Fit()
        self._glyphs = glyphs
        self._strips: dict[int, Strip] = {}
        self._styles: dict[str, Style] = {}

    @property
    def here(self) -> Ranked | None:
        """The row under the cursor."""
        return self._rows[self.cursor] if self._rows else None

    @property
    def fit(self) -> Fit:
        """How wide the columns are."""
        return self._fit

    @property
    def half_page(self) -> int:
        """How many rows half of the view holds."""
        return max(1, self.size.height // 2)

    def show(self, rows: Sequence[Ranked]) -> None:
        """Show these rows; the cursor stays on its checkpoint, or where it was when that is
        gone."""
        here = None if self.here is None else self.here.key
        stay = next((i for i, row in enumerate(rows) if row.key == here), self.cursor)
        before, was = self._rows, self.cursor
        self._rows, self.cursor = rows, max(0, min(len(rows) - 1, stay))
        seen = range(self.scroll_offset.y, self.scroll_offset.y + self.size.height)
        changed = [y for y in {*self._strips, *seen} if _row(before, y) != _row(rows, y)]
        self._repaint(changed if was == self.cursor else [*changed, was, self.cursor])
        self._place()
        if was != self.cursor:
            self._follow()

    def go(self, place: int) -> None:
        """Put the cursor on a row, or on the nearest there is."""
        was, self.cursor = self.cursor, max(0, min(len(self._rows) - 1, place))
        if was != self.cursor:
            self._repaint([was, self.cursor])
            self._follow()
            self.post_message(self.Moved())

    def on_resize(self) -> None:
        """Keep the cursor in view."""
        self._strips.clear()
        self._place()
        self._follow()

    def on_click(self, event: events.Click) -> None:
        """Go to the row; a second click chooses it."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        place = offset.y + self.scroll_offset.y
        if 0 <= place < len(self._rows):
            self.go(place)
            if event.chain > 1:
                self.post_message(self.Chosen())

    def notify_style_update(self) -> None:
        """Forget what was drawn in the old style."""
        super().notify_style_update()
        self._strips.clear()
        self._styles.clear()

    def render_line(self, y: int) -> Strip:
        """Return one row of the view."""
        place = y + self.scroll_offset.y
        strip = self._strips.get(place)
        if strip is None:
            row = _row(self._rows, place)
            segments = [] if row is None else self._segments(row, place == self.cursor)
            strip = Strip(segments).adjust_cell_length(self.size.width, self.rich_style)
            self._strips[place] = strip
        return strip

    def _segments(self, row: Ranked, here: bool) -> list[Segment]:
        name, verdict, rest = cells(row, self._fit, self._glyphs)
        if here:
            return [Segment(name + verdict + rest, self._style(_CURSOR))]
        failed = _FAILED if row.verdict is None else ""
        loud = _ALARM if failed or row.verdict in ALARMING else _VERDICT
        return [
            Segment(name, self._style(failed)),
            Segment(verdict, self._style(loud)),
            Segment(rest, self._style(failed)),
        ]

    def _style(self, name: str) -> Style:
        if name not in self._styles:
            style = self.rich_style
            if name:
                style += self.get_component_rich_style(name, partial=True)
            self._styles[name] = style
        return self._styles[name]

    def _place(self) -> None:
        size = Size(self.scrollable_content_region.width, len(self._rows))
        place = fit(longest_name(self._rows), size.width)
        if place != self._fit:
            self._fit = place
            self._strips.clear()
            self.refresh()
            self.post_message(self.Placed())
        if size != self.virtual_size:
            self.virtual_size = size
            self._scroll_update(size)  # or the scroll bar learns of it a frame too late

    def _follow(self) -> None:
        """Bring the cursor into view by half a page: any scroll repaints the whole view."""
        height, top = self.size.height, self.scroll_offset.y
        if height and not top <= self.cursor < top + height:
            self.scroll_to(y=max(0, self.cursor - height // 2), animate=False, immediate=True)

    def _repaint(self, places: Sequence[int]) -> None:
        """Draw these rows again."""
        top, height = self.scroll_offset.y, self.size.height
        regions: list[Region] = []
        for place in places:
            self._strips.pop(place, None)
            if 0 <= place - top < height:
                regions.append(Region(0, place - top, self.size.width, 1))
        if regions:
            self.refresh(*regions)


def _row(rows: Sequence[Ranked], place: int) -> Ranked | None:
    return rows[place] if 0 <= place < len(rows) else None
