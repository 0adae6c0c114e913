"""Where the comparison's keys put the cursor, and what is scrolled.

Base classes of the comparison screen, each on the one before: moving, acting, visiting, compare.
"""

from __future__ import annotations

from textual import getters
from textual.screen import Screen

from unpact_tui.app import painting
from unpact_tui.app.comparison import Comparison
from unpact_tui.app.host import Host
from unpact_tui.app.state import CompareState, word_from
from unpact_tui.app.widgets.answer_matrix import AnswerMatrix
from unpact_tui.app.widgets.recovery_panel import RecoveryPanel
from unpact_tui.app.widgets.token_grid import TokenGrid
from unpact_tui.session.actions import Action, ChooseAnswerToken, Move

_PEAK = 0.3
"""Share of the scale from which a token counts when jumping. Ours."""


class Moving(Screen[None]):
    """A comparison, and a cursor on its tokens."""

    app = getters.app(Host)
    comparison: Comparison

    @property
    def state(self) -> CompareState:
        """What is shown."""
        return self.comparison.state

    def _do(self, action: Action) -> None:
        self.comparison.do(action)

    def _grid(self) -> TokenGrid:
        """Return the pane whose lines up and down go by."""
        grids = [grid for grid in self.query(TokenGrid) if grid.region]
        return grids[0] if grids else self.query(TokenGrid).first()

    def _go(self, position: int) -> None:
        """Put the cursor on a token of what the panes show."""
        if self.state.view == "answer":
            self._do(ChooseAnswerToken(min(position, len(self.state.page.answer_tokens) - 1)))
        else:
            last = len(self.state.prompt.tokens) - 1 if self.state.prompt else 0
            self._do(Move(max(0, min(last, position))))

    def on_token_grid_moved(self, event: TokenGrid.Moved) -> None:
        """Follow the mouse."""
        self._go(event.position)

    def on_answer_matrix_chosen(self, event: AnswerMatrix.Chosen) -> None:
        """Follow the mouse in the matrix."""
        self._do(ChooseAnswerToken(event.row))
        self._do(Move(event.column))

    def action_step(self, by: int) -> None:
        """Move by tokens."""
        self._go(painting.cursor(self.state) + by)

    def action_line(self, by: int) -> None:
        """Move by lines of the pane."""
        grid, cursor = self._grid(), painting.cursor(self.state)
        self._go(grid.above(cursor) if by < 0 else grid.below(cursor))

    def action_half_page(self, by: int) -> None:
        """Move by half of what the pane shows."""
        self._go(self._grid().by_page(painting.cursor(self.state), by))

    def action_word(self, by: int) -> None:
        """Move to the first token of another word."""
        if self.state.view == "answer":
            self.action_step(by)
        else:
            self._go(word_from(self.state, self.state.cursor, by))

    def action_end(self, by: int) -> None:
        """Move to the first or last token."""
        self._go(0 if by < 0 else len(painting.tokens(self.state)) - 1)

    def action_peak(self, by: int) -> None:
        """Move to the next token, that way, with a large number in either pane."""
        state, peaks = self.state, set[int]()
        for role in ("base", "unlearned"):
            least = _PEAK * painting.scale(state, role)
            values = enumerate(painting.painted(state, role))
            peaks |= {i for i, value in values if value is not None and abs(value) >= least > 0}
        self._jump_among(sorted(peaks), by, "No token counts for much here.")

    def action_hit(self, by: int) -> None:
        """Move to the next place that was searched for."""
        if not self.state.needle:
            self.comparison.hint("Nothing was searched for yet: / searches.")
            return
        starts = sorted({hit[0] for hit in painting.hits(self.state, self.state.needle) if hit})
        self._jump_among(starts, by, "It does not stand in this prompt.")

    def _jump_among(self, positions: list[int], by: int, otherwise: str) -> None:
        """Move to the next of some tokens, round and round."""
        if not positions:
            self.comparison.hint(otherwise)
            return
        here = painting.cursor(self.state)
        beyond = [i for i in positions if (i > here if by > 0 else i < here)] or positions
        self._go(beyond[0] if by > 0 else beyond[-1])

    def action_answer_token(self, by: int) -> None:
        """Look at another token of the answer."""
        count = len(self.state.page.answer_tokens)
        self._do(ChooseAnswerToken(max(0, min(count - 1, self.state.answer_token + by))))

    def action_scroll_panel(self, by: int) -> None:
        """Scroll the evidence by half a page."""
        panel = self.query_one(RecoveryPanel)
        panel.scroll_relative(y=by * max(1, panel.size.height // 2), animate=False)
