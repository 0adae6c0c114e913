"""Rows with a cursor, of whatever kind.

It shows the rows it is given, in the order it is given them, and knows neither filters nor what a
row is about: that is said by whoever derives from it. Drawn by line, and repainted by line: of
thousands of rows that come again ten times a second, those in view that changed are written.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Generic, TypeVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from unpact_tui.app.glyphs import Glyphs

ALARM, QUIET, VERDICT, CURSOR = (
    f"row-list--{name}" for name in ("alarm", "quiet", "verdict", "cursor")
)

RowT = TypeVar("RowT")
FitT = TypeVar("FitT")


class RowList(ScrollView, Generic[RowT, FitT], can_focus=True, inherit_bindings=False):
    """One line per row; `FitT` is how the columns are laid into a width."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {ALARM, QUIET, VERDICT, CURSOR}

    DEFAULT_CSS = """
        RowList {
            height: 1fr;
            overflow-x: hidden;
            scrollbar-gutter: stable;
            scrollbar-size-vertical: 1;
            & > .row-list--alarm { color: $text-warning; text-style: bold; }
            & > .row-list--verdict { text-style: bold; }
            & > .row-list--quiet { color: $text-muted; }
            & > .row-list--cursor { text-style: reverse; }
            &:ansi > .row-list--alarm { color: ansi_yellow; text-style: bold; }
            &:ansi > .row-list--quiet { color: ansi_default; text-style: dim; }
            &:nocolor > .row-list--alarm { color: transparent; text-style: bold; }
            &:nocolor > .row-list--quiet { color: transparent; text-style: dim; }
        }
        """

    ALLOW_SELECT = False

    class Moved(Message):
        """The cursor is on another row, or on none."""

    class Placed(Message):
        """The columns are as wide as they are now."""

    class Chosen(Message):
        """The row under the cursor was clicked."""

    def __init__(self, glyphs: Glyphs, fit: FitT) -> None:
        """`fit` is how the columns are laid before there is a width."""
        super().__init__()
        self.cursor = 0
        """Place of the row under the cursor."""
        self.fit = fit
        """How wide the columns are."""
        self._rows: Sequence[RowT] = ()
        self._longest = 0
        self._glyphs = glyphs
        self._strips: dict[int, Strip] = {}
        self._styles: dict[str, Style] = {}

    # ------------------------------------------------------------ what differs

    def _key(self, row: RowT) -> object:
        """Return what a row is known by when it comes again."""
        raise NotImplementedError

    def _fitted(self, longest: int, width: int) -> FitT:
        """Divide a width among the columns where the longest name needs so many cells."""
        raise NotImplementedError

    def _runs(self, row: RowT) -> Sequence[tuple[str, str]]:
        """Return a row's texts, each with its component class, "" for none."""
        raise NotImplementedError

    # ------------------------------------------------------------ what does not

    @property
    def here(self) -> RowT | None:
        """The row under the cursor."""
        return self._rows[self.cursor] if self._rows else None

    def show(self, rows: Sequence[RowT], longest: int) -> None:
        """Show these rows, in columns where a name of `longest` cells fits.

        The cursor stays on its row, or where it was when that is gone.
        """
        here = None if self.here is None else self._key(self.here)
        stay = next((i for i, row in enumerate(rows) if self._key(row) == here), self.cursor)
        before, was = self._rows, self.cursor
        self._rows, self.cursor = rows, max(0, min(len(rows) - 1, stay))
        seen = range(self.scroll_offset.y, self.scroll_offset.y + self.size.height)
        changed = [y for y in {*self._strips, *seen} if _row(before, y) != _row(rows, y)]
        self._repaint(changed if was == self.cursor else [*changed, was, self.cursor])
        self._longest = longest
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

    def move(self, by: int) -> None:
        """Go some rows down."""
        self.go(self.cursor + by)

    def page(self, by: int) -> None:
        """Go half a page down."""
        self.go(self.cursor + by * max(1, self.size.height // 2))

    def end(self, side: int) -> None:
        """Go to the first row or, where `side` is positive, to the last."""
        self.go(0 if side < 0 else len(self._rows) - 1)

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

    def _segments(self, row: RowT, here: bool) -> list[Segment]:
        runs = self._runs(row)
        if here:
            return [Segment("".join(text for _, text in runs), self._style(CURSOR))]
        return [Segment(text, self._style(look)) for look, text in runs]

    def _style(self, look: str) -> Style:
        if look not in self._styles:
            style = self.rich_style
            if look:
                style += self.get_component_rich_style(look, partial=True)
            self._styles[look] = style
        return self._styles[look]

    def _place(self) -> None:
        size = Size(self.scrollable_content_region.width, len(self._rows))
        fit = self._fitted(self._longest, size.width)
        if fit != self.fit:
            self.fit = fit
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


def _row(rows: Sequence[RowT], place: int) -> RowT | None:
    return rows[place] if 0 <= place < len(rows) else None
