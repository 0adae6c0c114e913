"""Draws the evidence: the emphasis that is on, all strategies, the verdict. Knows no numbers."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from unpact_tui.app.evidence import Line, attempt_lines, ladder_lines
from unpact_tui.app.glyphs import Glyphs
from unpact_tui.app.state import CompareState


def content(lines: Sequence[Line]) -> Content:
    """Join lines of pieces; nothing in them is read as markup."""
    return Content("\n").join(Content.assemble(*line) for line in lines)


class RecoveryPanel(VerticalScroll, can_focus=False):
    """Two texts, beside each other where there is room."""

    def __init__(self, glyphs: Glyphs, *, id: str) -> None:
        super().__init__(id=id)
        self._glyphs = glyphs
        self._attempt: list[Line] = []
        self._ladder: list[Line] = []

    def compose(self) -> ComposeResult:
        """Lay out the two texts."""
        yield Static(id="attempt", classes="evidence", markup=False)
        yield Static(id="ladder", classes="evidence", markup=False)

    def show(self, state: CompareState) -> None:
        """Draw what changed."""
        attempt = attempt_lines(state, self._glyphs)
        if attempt != self._attempt:
            self._attempt = attempt
            self.query_one("#attempt", Static).update(content(attempt))
        ladder = ladder_lines(state, self._glyphs)
        if ladder != self._ladder:
            self._ladder = ladder
            self.query_one("#ladder", Static).update(content(ladder))
        verdict = f" {self._glyphs.dot} {state.judged.verdict.label}" if state.judged else ""
        self.border_title = Content(f"Recovery{verdict}")
