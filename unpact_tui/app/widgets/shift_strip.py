"""The tokens that lost and gained most from base to unlearned.

It sorts and prints what it is given; it knows neither models nor how a shift is measured.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len, set_cell_size
from textual.content import Content
from textual.reactive import reactive
from textual.style import Style
from textual.widget import Widget

from attribution.types import Token
from unpact_tui.app import palette
from unpact_tui.app.layout import piece
from unpact_tui.app.widgets.level_style import level_style
from unpact_tui.caveats import within

Chip = tuple[str, str, int | None]
"""A token's text, its number, and the level of its colour."""

_GAP = "  "
_WIDEST = 18


class ShiftStrip(Widget):
    """Losses on the first lines, gains below; on a single line the largest of both."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {*palette.COMPONENTS}
    DEFAULT_CSS = "ShiftStrip { height: 2; }\n" + palette.css("ShiftStrip")
    ALLOW_SELECT = False

    ascii = reactive(False)
    """Whether our own signs are ASCII."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._tokens: tuple[Token, ...] = ()
        self._delta: tuple[float | None, ...] = ()
        self._limit = 0
        self._noise: float | None = None
        self._guessed: frozenset[int] = frozenset()

    def show(
        self,
        tokens: Sequence[Token],
        delta: Sequence[float | None],
        limit: int,
        noise: float | None = None,
        guessed: frozenset[int] = frozenset(),
    ) -> None:
        """List at most `limit` tokens, those that moved most; none that moved within `noise`."""
        self._tokens, self._delta, self._limit = tuple(tokens), tuple(delta), limit
        self._noise, self._guessed = noise, guessed
        self.refresh()

    def render(self) -> Content:
        """Return as many chips as there is room for."""
        width, height = self.size
        if not any(value is not None for value in self._delta):
            return Content("no shift measured yet")
        moved = chips(
            self._tokens,
            self._delta,
            self._limit,
            self._noise,
            guessed=self._guessed,
            plain=self.ascii,
        )
        if not moved:
            hidden = any(within(value, self._noise) for value in self._delta)
            return Content("no token moved beyond noise" if hidden else "no token moved")
        if height < 2:
            lines = flowed("", moved, width, 1)
        else:
            losses = [chip for chip in moved if chip[1][0] != "+"]
            gains = [chip for chip in moved if chip[1][0] == "+"]
            below = min(height // 2, len(flowed("gained", gains, width, height)))
            above = flowed("lost", losses, width, height - below)
            lines = [*above, *flowed("gained", gains, width, height - len(above))]
        return Content("\n").join(self._drawn(line) for line in lines)

    def _drawn(self, line: list[Chip]) -> Content:
        parts: list[str | tuple[str, Style]] = []
        for text, number, step in line:
            gap = " " if text and number else ""
            parts += [text, gap, (number, level_style(self, step)), _GAP]
        return Content.assemble(*parts[:-1])


def chips(
    tokens: Sequence[Token],
    delta: Sequence[float | None],
    limit: int,
    noise: float | None = None,
    *,
    guessed: frozenset[int] = frozenset(),
    plain: bool = False,
) -> list[Chip]:
    """Return the tokens that moved most, the largest first; not those that rounding may move.

    What was not measured on both models says so, and has no colour.
    """
    pairs = ((i, None if within(v, noise) else v) for i, v in enumerate(delta[: len(tokens)]))
    moved = [(i, value) for i, value in pairs if value and math.isfinite(value)]
    moved.sort(key=lambda pair: -abs(pair[1]))
    scale = abs(moved[0][1]) if moved else 0.0
    made: list[Chip] = []
    for i, value in moved[:limit]:
        text = piece(tokens[i].text.strip(" "), plain=plain).text
        if cell_len(text) > _WIDEST:
            text = set_cell_size(text, _WIDEST - 1) + ("~" if plain else "…")
        number = f"{value:+.2f}" if plain else f"{value:+.2f}".replace("-", "−")
        step = palette.level(value, scale)
        made.append((text, f"{number} est.", 0) if i in guessed else (text, number, step))
    return made


def flowed(head: str, made: Sequence[Chip], width: int, height: int) -> list[list[Chip]]:
    """Return lines of chips that fit, each line's first word being `head` or as much blank."""
    if not made or height < 1:
        return []
    lines: list[list[Chip]] = [[(head, "", 0)] if head else []]
    start = cell_len(head)
    room = width - start
    for chip in made:
        cells = cell_len(chip[0]) + 1 + cell_len(chip[1]) + (len(_GAP) if lines[-1] else 0)
        if cells > room:
            if len(lines) == height or not head or room == width - start:
                break
            lines.append([(" " * start, "", 0)])
            room = width - start
        lines[-1].append(chip)
        room -= cells
    return lines
