"""Draws the KeyTokens: which tokens carry the answer, and what the other model makes of them."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from textual.content import Content
from textual.widgets import Static

from unpact_tui.app import certainty
from unpact_tui.app.glyphs import Glyphs
from unpact_tui.app.lines import LABEL, STRONG, Line, Piece, content, shown
from unpact_tui.app.state import CompareState

_GAP = "   "


class KeyTokensView(Static):
    """The base's KeyTokens with both contributions, and how the two sides agree."""

    def __init__(self, glyphs: Glyphs, *, id: str) -> None:
        super().__init__(id=id, markup=False)
        self._glyphs = glyphs
        self._state: CompareState | None = None
        self._lines: list[Line] = []

    def on_mount(self) -> None:
        """Name the box."""
        self.border_title = Content(f"KeyTokens, base {self._glyphs.arrow} unlearned")

    def on_resize(self) -> None:
        """Write for the new width."""
        if self._state is not None:
            self.show(self._state)

    def show(self, state: CompareState) -> None:
        """Draw them, if they changed."""
        self._state = state
        lines = key_token_lines(state, self._glyphs, *self.content_size)
        if lines != self._lines:
            self._lines = lines
            self.update(content(lines, self._glyphs), layout=False)


def key_token_lines(state: CompareState, glyphs: Glyphs, width: int, height: int) -> list[Line]:
    """Say each KeyToken's contribution on both models, largest on the base first."""
    if state.page.compared is None or state.prompt is None:
        said = "not measured" if state.page.refused else f"measuring{glyphs.ellipsis}"
        return [((said, LABEL),)]
    positions = sorted(state.key_tokens, key=lambda i: -(_value(state.page.base.values, i) or 0.0))
    if not positions:
        return [(("none: no token of this prompt carries the answer", LABEL),)]
    chips = [_chip(state, i, glyphs) for i in positions]
    return [*flowed(chips, width, max(1, height - 1)), _figures(state, glyphs)]


def flowed(chips: Sequence[Line], width: int, height: int) -> list[Line]:
    """Lay chips in lines of at most `width` cells; what does not fit is left out."""
    lines: list[list[Piece]] = [[]]
    room = width
    for chip in chips:
        cells = sum(cell_len(text) for text, _ in chip)
        if cells > room and lines[-1]:
            if len(lines) == height:
                break
            lines.append([])
            room = width
        lines[-1] += [*chip, (_GAP, "")]
        room -= cells + len(_GAP)
    return [tuple(line) for line in lines]


def _value(values: tuple[float | None, ...], i: int) -> float | None:
    return values[i] if i < len(values) else None


def _chip(state: CompareState, i: int, glyphs: Glyphs) -> Line:
    base, unlearned = (
        certainty.short(side, i, glyphs) for side in (state.page.base, state.page.unlearned)
    )
    text = shown(state.prompt.tokens[i].text.strip(), 16) if state.prompt else ""
    chance = certainty.belongs(state, i)
    belongs = "" if chance is None else f" p {certainty.probability(chance)}"
    return (
        (text or "(bytes)", STRONG),
        (f" {base} {glyphs.arrow} {unlearned}", ""),
        *([(belongs, LABEL)] if belongs else []),
    )


def _figures(state: CompareState, glyphs: Glyphs) -> Line:
    if state.page.compared is None:
        return ()
    shift = state.page.compared.shift
    figures = (
        ("focus ", glyphs.share(shift.focus_kept)),
        ("overlap ", glyphs.number(shift.overlap)),
        ("rank ", glyphs.number(shift.rank_correlation, signed=True)),
    )
    pieces: list[Piece] = []
    for name, value in figures:
        pieces += [(name, LABEL), (value, STRONG), ("  ", "")]
    return tuple(pieces)
