"""Draws the evidence: the emphasis that is on, all strategies, the verdict. Knows no numbers."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from unpact_tui.app.evidence import attempt_lines
from unpact_tui.app.glyphs import Glyphs
from unpact_tui.app.ladder import ladder_lines
from unpact_tui.app.lines import Line, content
from unpact_tui.app.state import CompareState

_BESIDE = 92
"""Cells from which two columns can be read."""


_HIGH = 10
"""Rows from which there is room for blank ones."""


class RecoveryPanel(VerticalScroll, can_focus=False):
    """Two texts, beside each other where there is room."""

    def __init__(self, glyphs: Glyphs, *, id: str) -> None:
        super().__init__(id=id)
        self._glyphs = glyphs
        self._state: CompareState | None = None
        self._lines: dict[str, list[Line]] = {}
        self._title_shown = ""

    def compose(self) -> ComposeResult:
        """Lay out the two texts."""
        yield Static(id="attempt", classes="evidence", markup=False)
        yield Static(id="ladder", classes="evidence", markup=False)

    def on_resize(self) -> None:
        """Write for the new width."""
        self.set_class(self.scrollable_content_region.width < _BESIDE, "-stacked")
        if self._state is not None:
            self.show(self._state)

    def show(self, state: CompareState) -> None:
        """Draw what changed."""
        self._state = state
        width = self.scrollable_content_region.width
        column = (width if width < _BESIDE else width // 2) - 2
        if width > 0:
            self._write("attempt", attempt_lines(state, self._glyphs, column))
            idle = not state.emphasis and width < _BESIDE
            self.query_one("#attempt").display = not idle
            self._write("ladder", ladder_lines(state, self._glyphs, column))
        verdict = f" {self._glyphs.dot} {state.verdict.label}" if state.verdict else ""
        if self._title_shown != (
            title := f"Recovery{verdict}"
        ):  # to set it is to repaint the panel
            self._title_shown = title
            self.border_title = Content(title)

    def _write(self, name: str, lines: list[Line]) -> None:
        if self.size.height < _HIGH:
            # A share must not be seen without its controls.
            lines = [line for line in lines if line]
        if lines != self._lines.get(name):
            self._lines[name] = lines
            self.query_one(f"#{name}", Static).update(content(lines, self._glyphs))
