"""A model's answer, as it is being written.

It shows the text it is given and knows no model. Drawn by line: while an answer grows, only the
lines that changed are written to the terminal. Words that also stand in the answer under test are
underlined, so that a recovered answer shows at a glance.
"""

from __future__ import annotations

import re
from typing import ClassVar

from rich.cells import cell_len
from rich.segment import Segment
from textual.content import Content
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from unpact_tui.app.layout import piece
from unpact_tui.display import display_text

Line = tuple[tuple[str, bool], ...]
"""Runs of text, and whether each stands in the answer under test."""

_PARTS = re.compile(r" +|[^ ]+")
_SHORTEST_MATCH = 4
"""Shorter words are in every sentence; numbers count whatever their length."""


class AnswerView(ScrollView, can_focus=False):
    """Text that grows, wrapped to the width, with its end in view."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"answer-view--match", "answer-view--note"}

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
        & > .answer-view--note { text-style: dim; }
    }
    """

    ALLOW_SELECT = False

    def __init__(self, title: str = "", *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.border_title = Content(display_text(title)) if title else None
        self._raw = ""
        self._done = False
        self._reference: frozenset[str] = frozenset()
        self._width = 0
        self._lines: list[Line] = []

    def set_text(self, raw: str, done: bool) -> None:
        """Show `raw`; nothing more will come when `done`."""
        self._raw, self._done = raw, done
        self._wrap()

    def set_reference(self, text: str | None) -> None:
        """Underline the words that also stand in `text`."""
        self._reference = words_of(text or "")
        self._wrap()

    def on_resize(self) -> None:
        """Wrap to the new width."""
        if self.scrollable_content_region.width != self._width:
            self._wrap()

    def render_line(self, y: int) -> Strip:
        """Return one row of the view."""
        row, width, style = y + self.scroll_offset.y, self.size.width, self.rich_style
        if row >= len(self._lines):
            if row == 0 and self._done:
                note = style + self.get_component_rich_style("answer-view--note", partial=True)
                return Strip([Segment("(nothing)", note)]).adjust_cell_length(width, style)
            return Strip.blank(width, style)
        match = style + self.get_component_rich_style("answer-view--match", partial=True)
        segments = [Segment(text, match if same else style) for text, same in self._lines[row]]
        return Strip(segments).adjust_cell_length(width, style)

    def _wrap(self) -> None:
        width = self.scrollable_content_region.width if self.is_attached else 0
        if width < 1:
            return
        before, self._lines = self._lines, wrapped(self._raw, width, self._reference)
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


def words_of(text: str) -> frozenset[str]:
    """Return the words of `text` worth recognising, without case and punctuation."""
    keys = (_key(word) for word in text.split())
    return frozenset(key for key in keys if len(key) >= _SHORTEST_MATCH or key.isdigit())


def wrapped(raw: str, width: int, reference: frozenset[str] = frozenset()) -> list[Line]:
    """Return `raw`, made safe to show, in lines of at most `width` cells.

    Breaks at newlines and between words, and within a word where it is wider than a line.
    """
    if not raw:
        return []
    lines: list[list[tuple[str, bool]]] = []
    for paragraph in raw.rstrip("\n").split("\n"):
        lines.append([])
        room = width
        for part in _PARTS.findall(paragraph):
            text, same = piece(part).text, _key(part) in reference
            if text.isspace():
                text = text[:room]  # blanks at the end of a line need no line of their own
            elif cell_len(text) > room < width:
                lines.append([])
                room = width
            chunks = [text] if cell_len(text) <= room else _chopped(text, width)
            lines[-1].append((chunks[0], same))
            lines += [[(chunk, same)] for chunk in chunks[1:]]
            room = max(0, (room if len(chunks) == 1 else width) - cell_len(chunks[-1]))
    return [_joined(line) for line in lines]


def _chopped(text: str, width: int) -> list[str]:
    """Cut a word into pieces of at most `width` cells, or of one character where that is wider."""
    chunks, used = [""], 0
    for character in text:
        cells = cell_len(character)
        if used and used + cells > width:
            chunks.append("")
            used = 0
        chunks[-1] += character
        used += cells
    return chunks


def _key(word: str) -> str:
    return "".join(character for character in word.casefold() if character.isalnum())


def _joined(runs: list[tuple[str, bool]]) -> Line:
    joined: list[tuple[str, bool]] = []
    for text, same in runs:
        if joined and joined[-1][1] == same:
            text = joined.pop()[0] + text
        joined.append((text, same))
    return tuple(joined)
