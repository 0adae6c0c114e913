"""One row that says what the colours mean.

It names sign, scale and unit in words, because which colour stands for which sign differs from tool
to tool. What does not fit is left out from the right.
"""

from __future__ import annotations

from typing import ClassVar

from rich.cells import cell_len
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from unpact_tui.app import palette
from unpact_tui.app.widgets.level_style import level_style

_STEPS = [*range(-palette.LEVELS, 0), 0, *range(1, palette.LEVELS + 1)]

_SMALL = 0.1
"""Below this, two decimals would say too little."""

_Part = tuple[str, int | None]
"""A text and the level whose colour it has."""


class Legend(Widget):
    """The scale with its colours, and what they say."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {*palette.COMPONENTS}
    DEFAULT_CSS = "Legend { height: 1; }\n" + palette.css("Legend")
    ALLOW_SELECT = False

    ascii = reactive(False)
    """Whether our own signs are ASCII."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._scale = 0.0
        self._mode = ""

    def show(self, scale: float, mode: str) -> None:
        """Explain a scale of ±`scale` in the view `mode`: "contribution" or "shift"."""
        if (scale, mode) != (self._scale, self._mode):
            self._scale, self._mode = scale, mode
            self.refresh()

    def render(self) -> Content:
        """Return as much as there is room for."""
        parts = fitted(self._parts(), self.size.width)
        return Content.assemble(*((text, level_style(self, step)) for text, step in parts))

    def _parts(self) -> list[list[_Part]]:
        coloured = not self.has_pseudo_class("nocolor")
        dot, scale = (" | ", "joint +-max") if self.ascii else (" · ", "joint ±max")
        sayings = [dot.join(pair) for pair in meaning(self._mode, coloured, self.ascii)]
        rest = (*sayings[1:], scale, "nats per answer token")
        texts = [f"  {sayings[0]}", *(f"{dot}{text}" for text in rest)]
        return [bar(self._scale, coloured, self.ascii), *([(text, 0)] for text in texts)]


def bar(scale: float, coloured: bool, plain: bool) -> list[_Part]:
    """Return the scale itself: its ends in numbers, between them every level."""
    if not scale > 0:
        return [("no scores yet", 0)]
    end = f"{scale:.2f}" if scale >= _SMALL else f"{scale:.1g}"
    steps = [(_sample(step, coloured, plain) if step else " 0 ", step) for step in _STEPS]
    return [(f"{'-' if plain else '−'}{end} ", 0), *steps, (f" +{end}", 0)]


def _sample(step: int, coloured: bool, plain: bool) -> str:
    if plain:
        return palette.ascii_lane(step)
    return " " if coloured else palette.lane(step)


def meaning(mode: str, coloured: bool, plain: bool) -> list[tuple[str, str]]:
    """Return what each sign says, in words; one pair per kind of pane."""
    if coloured:
        down, up = "blue", "orange"
    else:
        down, up = ("-", "+") if plain else (palette.lane(-4), palette.lane(5))
    if mode == "shift":
        return [
            (f"base: {down} lowers", f"{up} raises the answer"),
            (f"unlearned: {down} lost", f"{up} gained against the base"),
        ]
    return [(f"{down} lowers", f"{up} raises the answer")]


def fitted(parts: list[list[_Part]], width: int) -> list[_Part]:
    """Return the parts that fit, from the left; the first is cut rather than left out."""
    kept: list[_Part] = []
    room = width
    for part in parts:
        cells = sum(cell_len(text) for text, _ in part)
        if cells > room and kept:
            break
        kept += part
        room -= cells
    return kept
