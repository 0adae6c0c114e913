"""What a token grid has to draw: for each row, runs of text and the names of their looks.

Pure: it knows neither colours nor Textual. `token_grid.py` turns looks into styles and says which
cells to repaint.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attribution.types import Token
from unpact_tui.app import marks
from unpact_tui.app.layout import Layout, Piece, piece, wrap

Look = tuple[str, ...]
"""Component classes that make up one style, the later over the earlier."""

FIXED = "token-grid--fixed"
EMPHASISED = "token-grid--emphasised"
KEY = "token-grid--key"
HIT = "token-grid--hit"
CURSOR = "token-grid--cursor"
MARKS = frozenset({FIXED, EMPHASISED, KEY, HIT, CURSOR})
"""Component classes of what can be said of a token beside its score."""

_FOUND = "/"
"""The sign of a search hit, which is the key of the search."""


class TokenRows:
    """The tokens of one prompt with all that is marked on them."""

    def __init__(self) -> None:
        self.placed = Layout(0, (), (), ())
        self._tokens: tuple[Token, ...] = ()
        self._pieces: tuple[Piece, ...] = ()
        self._plain = False
        self._marks: list[marks.Mark] = []
        self._emphasised: frozenset[int] = frozenset()
        self._key: frozenset[int] = frozenset()
        self._hits: frozenset[int] = frozenset()

    def __len__(self) -> int:
        return len(self._tokens)

    def show(self, tokens: Sequence[Token], *, plain: bool) -> None:
        """Take another prompt, not measured yet; `plain` writes our own signs in ASCII."""
        self._tokens = tuple(tokens)
        self._marks = [marks.UNKNOWN] * len(self._tokens)
        self._emphasised = self._key = self._hits = frozenset()
        self.write(plain=plain)

    def write(self, *, plain: bool) -> None:
        """Write our own signs in ASCII, or not; needs a new `place`."""
        self._plain = plain
        self._pieces = tuple(piece(token.text, plain=plain) for token in self._tokens)
        self.placed = Layout(0, (), (), ())

    def place(self, width: int) -> None:
        """Wrap to a width."""
        self.placed = wrap(self._pieces, width, "~" if self._plain else "…")

    def paint(
        self,
        values: Sequence[float | None],
        scale: marks.Scale,
        noise: float | None = None,
        estimates: Sequence[float | None] = (),
    ) -> Iterable[int]:
        """Set the marks and return the tokens whose mark changed; a missing value is None."""
        found = list(marks.marks(values, estimates, noise, scale))
        found = (found + [marks.UNKNOWN] * len(self))[: len(self)]
        changed = [i for i, old in enumerate(self._marks) if old != found[i]]
        self._marks = found
        return changed

    def emphasise(self, positions: frozenset[int]) -> Iterable[int]:
        """Set what is emphasised and return the tokens that changed."""
        changed, self._emphasised = self._emphasised ^ positions, positions
        return changed

    def mark(self, positions: frozenset[int]) -> Iterable[int]:
        """Set what is a KeyToken and return the tokens that changed."""
        changed, self._key = self._key ^ positions, positions
        return changed

    def find(self, positions: frozenset[int]) -> Iterable[int]:
        """Set what was found by a search and return the tokens that changed."""
        changed, self._hits = self._hits ^ positions, positions
        return changed

    def spans(self, positions: Iterable[int]) -> dict[int, tuple[int, int]]:
        """Return, per line, the first cell and the end of what covers these tokens."""
        spans: dict[int, tuple[int, int]] = {}
        for position in positions:
            if 0 <= position < len(self.placed.positions):
                line, x, width = self.placed.positions[position]
                start, end = spans.get(line, (x, x + width))
                spans[line] = min(start, x), max(end, x + width)
        return spans

    def text_row(self, line: int, cursor: int) -> list[tuple[Look, str]]:
        """Return the tokens of a line."""
        return _joined((self._look(i, cursor), self._text(i)) for i in self.placed.lines[line])

    def lane_row(self, line: int) -> list[tuple[Look, str]]:
        """Return the glyphs under a line."""
        return _joined(((), self._glyphs(i)) for i in self.placed.lines[line])

    def _look(self, i: int, cursor: int) -> Look:
        fixed, here = self._tokens[i].fixed, i == cursor
        names = (
            # Reversed, a strong colour would pass for another: under the cursor there is none.
            None if here or fixed else marks.component(self._marks[i]),
            FIXED if fixed else None,
            EMPHASISED if i in self._emphasised else None,
            KEY if i in self._key else None,
            HIT if i in self._hits else None,
            CURSOR if here else None,
        )
        return tuple(name for name in names if name)

    def _text(self, i: int) -> str:
        """Return a token's text; a sign may stand where it has a blank, never on a letter."""
        text = self.placed.texts[i]
        if text[0] != " ":
            return text
        if i in self._key:
            return (">" if self._plain else "▸") + text[1:]
        return _FOUND + text[1:] if i in self._hits else text

    def _glyphs(self, i: int) -> str:
        """Fill the token's cells; no mark ever takes the place of the level."""
        width, mark = self.placed.positions[i][2], self._marks[i]
        here, found = i in self._emphasised, i in self._hits
        needed = marks.cells(mark, plain=self._plain)
        if self._plain:
            glyphs = marks.ascii_lane(mark).ljust(width)[:width]
            signs = _FOUND * found + "*" * here
            room = max(0, width - needed)
            signs = signs[len(signs) - min(len(signs), room) :]
            return glyphs[: width - len(signs)] + signs
        glyphs = marks.lane(mark, width)
        glyphs = "●" + glyphs[1:] if here and width > 1 else glyphs
        return glyphs[:-1] + _FOUND if found and width > max(needed, 1 + here) else glyphs


def _joined(parts: Iterable[tuple[Look, str]]) -> list[tuple[Look, str]]:
    """Join neighbours of one look: fewer bytes."""
    runs: list[tuple[Look, str]] = []
    for look, text in parts:
        if runs and runs[-1][0] == look:
            runs[-1] = (look, runs[-1][1] + text)
        else:
            runs.append((look, text))
    return runs
