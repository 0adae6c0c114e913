"""Where each token stands when a prompt is wrapped to a width.

Pure: it knows neither scores nor styles. Widths are in terminal cells. A token stands in one piece
on one line, so it has one position; words are kept together where they fit.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rich.cells import cell_len, set_cell_size

from unpact_tui.display import display_text, joins

EMPTY = "·"
"""Stands for a token without text: the later bytes of a character, for example."""

_ASCII = (
    {chr(0x2400 + code): f"^{chr(0x40 + code)}" for code in range(0x20)}
    | {"␡": "^?", "⏎": "\\n", "⇥": "\\t", "␍": "\\r"}
    | {"·": ".", "⟨": "<", "⟩": ">", "◌": "'", "▸": ">"}
)

# Selectors of text or emoji style: terminals disagree on how wide they make the character before.
_SELECTORS = dict.fromkeys((*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)), "")
_SKIN_TONES = range(0x1F3FB, 0x1F400)

LONGEST = 8192
"""Characters of a token that are drawn: with all the marks that they may be, wider than a line."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One token as it is shown: without a control character, at least one cell wide."""

    text: str
    cells: int
    ends_line: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """A wrapped prompt."""

    width: int
    lines: tuple[tuple[int, ...], ...]
    """Tokens of each line; no line is empty."""
    positions: tuple[tuple[int, int, int], ...]
    """Line, first cell and width of each token."""
    texts: tuple[str, ...]
    """What stands there: the piece's text, clipped where it is wider than a line."""

    def at(self, line: int, x: int) -> int | None:
        """Return the token that covers a cell."""
        if not 0 <= line < len(self.lines):
            return None
        for token in self.lines[line]:
            _, start, width = self.positions[token]
            if start <= x < start + width:
                return token
        return None

    def neighbour(self, token: int, lines: int) -> int:
        """Return the token under the middle of this one, that many lines down (up if negative).

        Where none reaches that far, the nearest.
        """
        if not self.positions:
            return token
        line, x, width = self.positions[token]
        target = min(max(line + lines, 0), len(self.lines) - 1)
        if target == line:
            return token
        middle = x + width // 2
        return min(self.lines[target], key=lambda other: self._distance(other, middle))

    def _distance(self, token: int, cell: int) -> int:
        _, start, width = self.positions[token]
        return max(start - cell, cell - (start + width - 1), 0)


@lru_cache(4096)
def piece(raw: str, *, plain: bool = False) -> Piece:
    """Make raw text safe to show as a token of its own.

    A mark that would join the token before gets a ring to sit on. `plain` writes our own signs in
    ASCII; the token's letters stay what they are. What is longer than any line is cut.
    """
    text = display_text(raw[:LONGEST]).translate(_SELECTORS)
    if text and (joins(text[0]) or ord(text[0]) in _SKIN_TONES):
        text = "◌" + text
    if not cell_len(text):
        text = EMPTY
    if plain:
        text = in_ascii(text)
    return Piece(text, cell_len(text), "\n" in raw)


def in_ascii(text: str) -> str:
    """Return text, already fit for the screen, with the signs that made it so in ASCII."""
    return "".join(_ASCII.get(character, character) for character in text)


def wrap(pieces: Sequence[Piece], width: int, ellipsis: str = "…") -> Layout:
    """Place every piece, each on one line of at most `width` cells (at least 1)."""
    lines: list[list[int]] = []
    positions: list[tuple[int, int, int]] = []
    texts: list[str] = []
    room = 0
    for word in _words(pieces):
        total = sum(pieces[i].cells for i in word)
        if room < total <= width:
            room = 0
        for i in word:
            text, cells = pieces[i].text, pieces[i].cells
            if cells > width:
                text, cells = set_cell_size(text, width - 1) + ellipsis, width
            if cells > room:
                lines.append([])
                room = width
            lines[-1].append(i)
            positions.append((len(lines) - 1, width - room, cells))
            texts.append(text)
            room = 0 if pieces[i].ends_line else room - cells
    return Layout(width, tuple(map(tuple, lines)), tuple(positions), tuple(texts))


def _words(pieces: Sequence[Piece]) -> Iterator[range]:
    """Yield runs of pieces that read as one word."""
    start = 0
    for i in range(1, len(pieces)):
        before = pieces[i - 1]
        if before.ends_line or before.text[-1:] == " " or pieces[i].text[:1] == " ":
            yield range(start, i)
            start = i
    if pieces:
        yield range(start, len(pieces))
