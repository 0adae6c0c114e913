"""What each token of the answer owes to each token of the prompt, for two models side by side.

It shows the numbers it is given and knows neither models nor keys: the screen moves the cursor.
Drawn by line, with one cached strip per row: another row chosen repaints two labels, not a matrix.
The line above the rows stays where it is when they scroll.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.content import Content
from textual.filter import LineFilter
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from unpact_tui.app import palette
from unpact_tui.app.cube import shorter
from unpact_tui.app.widgets.matrix_lines import (
    CHOSEN,
    HEAD,
    Cells,
    Frame,
    Look,
    Matrix,
    Run,
    framed,
    head,
    line,
    window,
)
from unpact_tui.display import display_text

_HEAD = -1
"""Number of the line above the rows."""

_CSS = """\
AnswerMatrix {
    height: 1fr;
    padding: 0 1;
    overflow-x: hidden;
    scrollbar-gutter: stable;
    scrollbar-size-vertical: 1;
    border-top: solid $border-blurred;
    border-title-color: $foreground;
    border-title-style: bold;
    &.-plain { border-top: ascii $border-blurred; }
    &:ansi { border-top: solid ansi_bright_black; }
    &:ansi.-plain { border-top: ascii ansi_bright_black; }
    & > .answer-matrix--chosen { text-style: reverse; }
    & > .answer-matrix--head { text-style: dim; }
}
"""


class AnswerMatrix(ScrollView, can_focus=False, inherit_bindings=False):
    """A row per token of the answer, a column per token of the prompt, one cell for each pair."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {*palette.COMPONENTS, CHOSEN, HEAD}
    DEFAULT_CSS = _CSS + palette.css("AnswerMatrix")
    ALLOW_SELECT = False

    ascii = reactive(False, repaint=False)
    """Whether our own signs are ASCII; cells then hold digits (raises) and letters (lowers)."""

    class Chosen(Message):
        """A cell was clicked; beside the cells the column, above them the row, is as it was."""

        def __init__(self, matrix: AnswerMatrix, row: int, column: int) -> None:
            super().__init__()
            self.matrix = matrix
            self.row = row
            self.column = column

        @property
        def control(self) -> AnswerMatrix:
            """The matrix it stands in."""
            return self.matrix

    def __init__(self, title: str = "", *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.border_title = Content(display_text(title)) if title else None
        self._matrix = Matrix()
        self._frame = Frame(1, 0, 1)
        self._width = self._first = self._row = self._column = 0
        self._runs: dict[int, list[Run]] = {}
        self._strips: dict[int, Strip] = {}
        self._styles: dict[Look, Style] = {}

    def show(
        self,
        labels: Sequence[str],
        base: Cells,
        unlearned: Cells,
        scale: float,
        threshold: float = 0.0,
        gamma: float = 1.0,
        *,
        probabilities: tuple[Sequence[float | None], Sequence[float | None]] = ((), ()),
        diverges: int | None = None,
    ) -> None:
        """Show a matrix per model on a scale of ±`scale`; the cursor stays where it can.

        `labels` are the raw texts of the answer's tokens; `probabilities` are what either model
        gives to each; `diverges` is the first row in which they differ. None is not measured.
        """
        before, texts = self._matrix, tuple(labels)
        self._matrix = Matrix(
            texts, (base, unlearned), probabilities, diverges, scale, threshold, gamma
        )
        self._row, self._column = self._kept(self._row, self._column)
        self._place(anew=(before.labels, before.columns) != (texts, self._matrix.columns))

    def cursor(self, row: int, column: int) -> None:
        """Choose a row and mark a column; both come into view, by half a page."""
        old = self._row
        self._row, self._column = self._kept(row, column)
        first = window(self._first, self._column, self._frame, self._matrix.columns)
        if first == self._first:
            self._repaint({old, self._row, _HEAD})
        else:
            self._first = first
            self._forget()
            self.refresh()
        self._follow()

    @property
    def chosen(self) -> tuple[int, int]:
        """Row and column of the cursor."""
        return self._row, self._column

    def watch_ascii(self) -> None:
        """Write our own signs anew."""
        self.set_class(self.ascii, "-plain")
        self._place()

    def on_resize(self) -> None:
        """Divide the new width."""
        self._place()
        self._follow()

    def on_click(self, event: events.Click) -> None:
        """Say which cell was clicked."""
        offset = event.get_content_offset(self)
        if offset is None:
            return
        row = self._row if offset.y == 0 else offset.y - 1 + self.scroll_offset.y
        place = self._frame.column_at(offset.x)
        column = self._column if place is None else self._first + place
        if row < len(self._matrix.labels) and column < max(1, self._matrix.columns):
            self.post_message(self.Chosen(self, row, column))

    def notify_style_update(self) -> None:
        """Forget what was drawn in the old style."""
        super().notify_style_update()
        self._forget()
        self._styles.clear()

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Write colours as short as can be: a matrix has a great many."""
        return shorter(super().get_line_filters())

    def render_line(self, y: int) -> Strip:
        """Return one row of the view."""
        row = y - 1 + self.scroll_offset.y if y else _HEAD
        strip = self._strips.get(row)
        if strip is None:
            runs = self._runs[row] = self._written(row)
            segments = [Segment(text, self._style(look)) for look, text in runs]
            strip = Strip(segments).adjust_cell_length(self.size.width, self._style(()))
            self._strips[row] = strip
        return strip

    def _written(self, row: int) -> list[Run]:
        at = (self._matrix, self._frame, self._first)
        if row >= len(self._matrix.labels) or not self._matrix.labels:
            return []
        if row == _HEAD:
            return head(*at, self._column, plain=self.ascii)
        glyphs = self.has_pseudo_class("nocolor")
        return line(*at, row, chosen=row == self._row, plain=self.ascii, glyphs=glyphs)

    def _style(self, look: Look) -> Style:
        if look not in self._styles:
            style = self.rich_style
            for name in look:
                style += self.get_component_rich_style(name, partial=True)
            self._styles[look] = style
        return self._styles[look]

    def _kept(self, row: int, column: int) -> tuple[int, int]:
        rows, columns = len(self._matrix.labels), self._matrix.columns
        return max(0, min(row, rows - 1)), max(0, min(column, columns - 1))

    def _forget(self) -> None:
        self._runs.clear()
        self._strips.clear()

    def _place(self, *, anew: bool = False) -> None:
        """Find a place for everything, and draw again what that, or anything else, changed."""
        width = self.scrollable_content_region.width if self.is_attached else 0
        if width < 1:
            self._width = 0
            return
        frame = framed(self._matrix, width)
        first = window(self._first, self._column, frame, self._matrix.columns)
        if not anew and (width, frame, first) == (self._width, self._frame, self._first):
            self._repaint(set(self._runs))
            return
        self._width, self._frame, self._first = width, frame, first
        self._forget()
        self.virtual_size = Size(width, len(self._matrix.labels) + 1)
        self._scroll_update(self.virtual_size)  # or the scroll bar learns of it a frame too late
        self.refresh()
        self._follow()

    def _follow(self) -> None:
        """Bring the chosen row into view by half a page: any scroll repaints the whole view."""
        height = self.size.height - 1
        top = self.scroll_offset.y
        if height > 0 and not top <= self._row < top + height:
            self.scroll_to(y=max(0, self._row - height // 2), animate=False)

    def _repaint(self, rows: set[int]) -> None:
        """Draw again those of the rows that differ, as far as they do."""
        top, height = self.scroll_offset.y, self.size.height
        for row in rows & self._runs.keys():
            before = self._runs[row]
            y = 0 if row == _HEAD else row - top + 1
            seen = row == _HEAD or 0 < y < height
            now = self._written(row) if seen else []
            if not seen or now != before:
                del self._runs[row], self._strips[row]
            if seen and now != before:
                self.refresh(Region(0, y, _differing(before, now), 1))


def _differing(before: Sequence[Run], now: Sequence[Run]) -> int:
    """Return how many cells from the left hold all that is not the same."""
    lengths = [sum(cell_len(text) for _, text in runs) for runs in (before, now)]
    if lengths[0] != lengths[1]:
        return max(lengths)
    same = 0
    for old, new in zip(reversed(before), reversed(now), strict=False):
        if old != new:
            break
        same += cell_len(old[1])
    return lengths[0] - same
