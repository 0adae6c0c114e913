"""Draws the KeyTokens: which tokens carry the answer, and what the other model makes of them."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from unpact_tui.app.evidence import LABEL, STRONG, Line, Piece, shown
from unpact_tui.app.glyphs import Glyphs
from unpact_tui.app.state import CompareState
from unpact_tui.app.widgets.recovery_panel import content

_MOST = 12
_GAP = "   "


class KeyTokensView(Static):
    """The base's KeyTokens with both contributions, and how the two sides agree."""

    def __init__(self, glyphs: Glyphs, *, id: str) -> None:
        super().__init__(id=id, markup=False)
        self._glyphs = glyphs
        self._lines: list[Line] = []

    def on_mount(self) -> None:
        """Name the box."""
        self.border_title = Content(f"KeyTokens, base {self._glyphs.arrow} unlearned")

    def show(self, state: CompareState) -> None:
        """Draw them, if they changed."""
        lines = key_token_lines(state, self._glyphs)
        if lines != self._lines:
            self._lines = lines
            self.update(content(lines), layout=False)


def key_token_lines(state: CompareState, glyphs: Glyphs) -> list[Line]:
    """Say each KeyToken's contribution on both models, largest on the base first."""
    if state.compared is None or state.prompt is None:
        return [((f"measuring{glyphs.ellipsis}", LABEL),)]
    positions = sorted(state.key_tokens, key=lambda i: -(_value(state.base.values, i) or 0.0))
    if not positions:
        return [(("none: no token of this prompt carries the answer", LABEL),)]
    pieces = [piece for i in positions[:_MOST] for piece in _chip(state, i, glyphs)]
    more = len(positions) - _MOST
    if more > 0:
        pieces.append((f"and {more} more", LABEL))
    return [_figures(state, glyphs), tuple(pieces)]


def _value(values: tuple[float | None, ...], i: int) -> float | None:
    return values[i] if i < len(values) else None


def _chip(state: CompareState, i: int, glyphs: Glyphs) -> Line:
    """Return a token and its two numbers, which a line end must not tear apart."""
    base, unlearned = (
        glyphs.number(_value(side.values, i), signed=True) for side in (state.base, state.unlearned)
    )
    text = shown(state.prompt.tokens[i].text.strip(), 16) if state.prompt else ""
    numbers = f" {base} {glyphs.arrow} {unlearned}".replace(" ", "\N{NO-BREAK SPACE}")
    return ((text or "(bytes)", STRONG), (numbers, ""), (_GAP, ""))


def _figures(state: CompareState, glyphs: Glyphs) -> Line:
    if state.compared is None:
        return ()
    shift = state.compared.shift
    figures = (
        ("focus kept ", glyphs.share(shift.focus_kept)),
        ("overlap ", glyphs.number(shift.overlap)),
        ("rank correlation ", glyphs.number(shift.rank_correlation, signed=True)),
    )
    pieces: list[Piece] = []
    for name, value in figures:
        pieces += [(name, LABEL), (value, STRONG), (_GAP, "")]
    return tuple(pieces)
