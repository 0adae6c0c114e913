"""A model's answer, as it is being written, word by word beside another model's.

It shows the text it is given and knows no model. Drawn by line: while an answer grows, only the
lines that changed are written to the terminal. Two things are said of each word, by different
means, so that both can be read at once:

- underlined: the word also stands in the answer under test, so a recovered answer shows at a glance
- bold: the base says this word too; plain: only this answer says it
- dim and `[-in brackets-]`: the base says it here and this answer does not. Shown when both answers
  are whole. A stroke alone would be lost on many terminals and in whatever is copied, and the text
  would then say the opposite
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.content import Content
from textual.filter import LineFilter
from textual.geometry import Region, Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from unpact_tui.app.cube import shorter
from unpact_tui.app.widgets.answer_lines import (
    MATCH,
    MISSING,
    SAME,
    Line,
    Look,
    drawn,
    words_of,
    wrapped,
)
from unpact_tui.app.worddiff import Run, diff
from unpact_tui.display import display_text

_NOTE = "answer-view--note"


class AnswerView(ScrollView, can_focus=False):
    """Text that grows, wrapped to the width, with its end in view."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {MATCH, SAME, MISSING, _NOTE}

    DEFAULT_CSS = """
    AnswerView {
        height: 6;
        overflow-x: hidden;
        scrollbar-gutter: stable;
        scrollbar-size-vertical: 1;
        border-top: solid $foreground 40%;
        border-title-color: $foreground;
        &:ansi { border-top: solid ansi_bright_black; }
        & > .answer-view--match { text-style: underline; }
        & > .answer-view--same { text-style: bold; }
        & > .answer-view--missing { text-style: dim; }
        & > .answer-view--note { text-style: dim; }
    }
    """

    ALLOW_SELECT = False

    ascii = reactive(False, repaint=False)
    """Whether our own signs are ASCII."""

    def __init__(self, title: str = "", *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.border_title = Content(display_text(title)) if title else None
        self._raw = ""
        self._done = False
        self._base: str | None = None
        self._base_done = False
        self._reference: frozenset[str] = frozenset()
        self._width = 0
        self._lines: list[Line] = []
        self._styles: dict[Look, Style] = {}

    def set_text(self, raw: str, done: bool) -> None:
        """Show `raw`; nothing more will come when `done`."""
        self._raw, self._done = drawn(raw), done
        self._wrap()

    def set_reference(self, text: str | None) -> None:
        """Underline the words that also stand in `text`."""
        self._reference = words_of(drawn(text or ""))
        self._wrap()

    def compare_with(self, text: str | None, done: bool) -> None:
        """Show what `text`, the base's answer, says too; nothing more of it comes when `done`.

        With None there is nothing to compare.
        """
        text = None if text is None else drawn(text)
        if (text, done) != (self._base, self._base_done):
            self._base, self._base_done = text, done
            self._wrap()

    def watch_ascii(self) -> None:
        """Write our own signs anew."""
        self._wrap()

    def on_resize(self) -> None:
        """Wrap to the new width."""
        if self.scrollable_content_region.width != self._width:
            self._wrap()

    def notify_style_update(self) -> None:
        """Forget the old style."""
        super().notify_style_update()
        self._styles.clear()

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Write colours as short as can be: an answer comes at ten lines a second."""
        return shorter(super().get_line_filters())

    def render_line(self, y: int) -> Strip:
        """Return one row of the view."""
        row, width, style = y + self.scroll_offset.y, self.size.width, self._style(())
        if row < len(self._lines):
            line = self._lines[row]
        else:
            line = (("(nothing)", (_NOTE,)),) if row == 0 and self._done else ()
        if not line:
            return Strip.blank(width, style)
        segments = [Segment(text, self._style(look)) for text, look in line]
        return Strip(segments).adjust_cell_length(width, style)

    def _style(self, look: Look) -> Style:
        if look not in self._styles:
            style = self.rich_style
            for name in look:
                style += self.get_component_rich_style(name, partial=True)
            self._styles[look] = style
        return self._styles[look]

    def _runs(self) -> Sequence[Run]:
        if self._base is None:
            return (Run(self._raw, "new"),)
        return diff(self._raw, self._base, whole=self._done and self._base_done)

    def _fitting(self, width: int) -> list[Line]:
        """Return the lines; what is missing only where it does not push out what is said."""
        lines = wrapped(self._runs(), width, self._reference, plain=self.ascii)
        if len(lines) <= max(1, self.size.height):
            return lines
        said = [run for run in self._runs() if run.kind != "missing"]
        return wrapped(said, width, self._reference, plain=self.ascii)

    def _wrap(self) -> None:
        width = self.scrollable_content_region.width if self.is_attached else 0
        if width < 1:
            return
        before, self._lines = (
            self._lines,
            self._fitting(width),
        )
        if width != self._width or not before or not self._lines:
            self._width = width
            self.refresh()
        else:
            self._repaint(before)
        if len(before) != len(self._lines):
            self.virtual_size = Size(width, len(self._lines))
            self._scroll_update(self.virtual_size)
        if not self._done:
            self.scroll_end(animate=False, immediate=True)

    def _repaint(self, before: list[Line]) -> None:
        """Draw again the lines that differ, as far as either text goes."""
        top = self.scroll_offset.y
        for row in range(top, min(top + self.size.height, max(len(before), len(self._lines)))):
            old, new = (lines[row] if row < len(lines) else () for lines in (before, self._lines))
            if old != new:
                width = max(sum(cell_len(text) for text, _ in line) for line in (old, new))
                self.refresh(Region(0, row - top, min(width, self.size.width), 1))
