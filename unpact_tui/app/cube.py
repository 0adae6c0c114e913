"""Writes the colours that stand in the xterm cube by their number, which is half the bytes.

A filter on the lines of a widget that is drawn often: it changes how a colour is written and never
which one, and knows nothing of what the colour means. `48;5;214` is what `48;2;255;175;0` is on
every terminal with true colour.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from rich.color import Color as RichColor
from rich.color_triplet import ColorTriplet
from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter

_STEPS = (0, 95, 135, 175, 215, 255)

# 16 to 21 are left out: some shells have them stand for colours of their own themes.
_NUMBERS = {
    **{ColorTriplet(8 + 10 * step, 8 + 10 * step, 8 + 10 * step): 232 + step for step in range(24)},
    **{
        ColorTriplet(red, green, blue): 16 + 36 * i + 6 * j + k
        for i, red in enumerate(_STEPS)
        for j, green in enumerate(_STEPS)
        for k, blue in enumerate(_STEPS)
        if i or j
    },
}


class CubeColours(LineFilter):
    """Says a colour by its number where the number means exactly that colour, after others."""

    def __init__(self, others: tuple[LineFilter, ...] = ()) -> None:
        super().__init__()
        self._others = others

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the same segments, written shorter."""
        for other in self._others:
            segments = other.apply(segments, background)
        return [
            Segment(text, numbered(style) if style else style, control)
            for text, style, control in segments
        ]


@lru_cache(16)
def _shorter(others: tuple[LineFilter, ...]) -> tuple[LineFilter, ...]:
    return (CubeColours(others),)


def shorter(others: Sequence[LineFilter]) -> Sequence[LineFilter]:
    """Return one filter that does what `others` do, and writes colours by their number.

    One in place of many, and always the same: each is asked for every line between the first and
    the last that a key repaints, in every widget.
    """
    return _shorter(tuple(others))


@lru_cache(4096)
def numbered(style: Style) -> Style:
    """Return a style that looks the same, with its colours by number where they have one."""
    colour, ground = (_numbered(known) for known in (style.color, style.bgcolor))
    return style + Style.from_color(colour, ground) if colour or ground else style


def _numbered(colour: RichColor | None) -> RichColor | None:
    if colour is None or colour.triplet is None:
        return None
    number = _NUMBERS.get(colour.triplet)
    return None if number is None else RichColor.from_ansi(number)
