"""One row that says what the colours mean.

It names sign, scale and unit in words, because which colour stands for which sign differs from tool
to tool. What does not fit is left out from the right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from textual.content import Content
from textual.reactive import reactive
from textual.widget import Widget

from unpact_tui.app import marks, palette
from unpact_tui.app.certainty import NO_DOUBT, Doubt, floor
from unpact_tui.app.widgets.level_style import level_style

_STEPS = [*range(-palette.LEVELS, 0), 0, *range(1, palette.LEVELS + 1)]

_SMALL = 0.1
"""Below this, two decimals would say too little."""

_GUESS = marks.Mark(palette.LEVELS, "estimate")

_Part = tuple[str, int | None]
"""A text and the level whose colour it has."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What is to be explained."""

    scale: float = 0.0
    mode: str = ""
    joint: bool = True
    threshold: float = 0.0
    gamma: float = 1.0
    doubt: Doubt = NO_DOUBT


@dataclass(frozen=True, slots=True)
class Signs:
    """What it may be written with."""

    coloured: bool
    plain: bool

    @property
    def dot(self) -> str:
        """Stands between two parts."""
        return " | " if self.plain else " · "

    @property
    def pointer(self) -> str:
        """Stands before a marked token, in a grid."""
        return ">" if self.plain else "▸"

    @property
    def plus_minus(self) -> str:
        """Stands before what may be on either side."""
        return "+-" if self.plain else "±"


class Legend(Widget):
    """The scale with its colours, and what they say."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {*palette.COMPONENTS}
    DEFAULT_CSS = "Legend { height: 1; }\n" + palette.css("Legend")
    ALLOW_SELECT = False

    ascii = reactive(False)
    """Whether our own signs are ASCII."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._shown = Shown()

    def show(
        self,
        scale: float,
        mode: str,
        *,
        joint: bool = True,
        threshold: float = 0.0,
        gamma: float = 1.0,
        doubt: Doubt = NO_DOUBT,
    ) -> None:
        """Explain the view `mode`, on a scale of ±`scale`; not `joint`, each pane has its own.

        The views are "contribution", "shift", "answer", "by_token" and "key_tokens".
        """
        shown = Shown(scale, mode, joint, threshold, gamma, doubt)
        if shown != self._shown:
            self._shown = shown
            self.refresh()

    def render(self) -> Content:
        """Return as much as there is room for."""
        signs = Signs(not self.has_pseudo_class("nocolor"), self.ascii)
        parts = fitted(legend(self._shown, signs), self.size.width)
        return Content.assemble(*((text, level_style(self, step)) for text, step in parts))


def legend(shown: Shown, signs: Signs) -> list[list[_Part]]:
    """Return its parts, what matters most first."""
    doubts = doubtful(shown.doubt, signs)
    sayings = meaning(shown.mode, signs, brief=bool(doubts))
    texts = [signs.dot.join(saying) for saying in sayings]
    texts[1:1] = doubts  # before what a pointer means
    if shown.threshold > 0:
        texts.append(f"below {shown.threshold:g} blank")
    if shown.gamma != 1:
        texts.append(f"gamma {shown.gamma:g}")
    if shown.mode != "answer":
        maximum = f"{signs.plus_minus}max"
        texts.append(f"joint {maximum}" if shown.joint else f"each pane's own {maximum}")
        texts.append("nats" if shown.mode == "by_token" else "nats per answer token")
    first, *rest = texts
    return [bar(shown, signs), [(f"  {first}", 0)], *([(f"{signs.dot}{t}", 0)] for t in rest)]


def doubtful(doubt: Doubt, signs: Signs) -> list[str]:
    """Say what is lost in rounding, and what is a guess; nothing where there is none of either."""
    texts: list[str] = []
    if doubt.noise:
        ends = {floor(noise) for noise in doubt.noise}
        most = f"{'up to ' if len(ends) > 1 else ''}{signs.plus_minus}{floor(max(doubt.noise))}"
        sign = marks.NOISE_SIGN_ASCII if signs.plain else marks.NOISE_SIGN
        texts.append(f"{sign} within noise ({most})")
    if doubt.estimated and signs.coloured:
        texts.append("as letters: estimated")
    elif doubt.estimated:
        sign = marks.ascii_lane(_GUESS) if signs.plain else marks.lane(_GUESS, 2)
        texts.append(f"{sign} estimated, not measured")
    return texts


def bar(shown: Shown, signs: Signs) -> list[_Part]:
    """Return the scale itself: its ends in numbers, between them every level."""
    if shown.mode == "answer":
        steps = [(_sample(step, signs), step) for step in _STEPS if step > 0]
        return [("0 ", 0), *steps, (" 1", 0)]
    if not shown.scale > 0:
        return [("no scores yet", 0)]
    end = f"{shown.scale:.2f}" if shown.scale >= _SMALL else f"{shown.scale:.1g}"
    end = end if shown.joint else "max"
    cells = shown.mode == "by_token"
    steps = [(_sample(step, signs, cells=cells) if step else " 0 ", step) for step in _STEPS]
    return [(f"{'-' if signs.plain else '−'}{end} ", 0), *steps, (f" +{end}", 0)]


def _sample(step: int, signs: Signs, *, cells: bool = False) -> str:
    if signs.plain:
        return palette.ascii_cell(step) if cells else palette.ascii_lane(step)
    return " " if signs.coloured else palette.lane(step)


def meaning(mode: str, signs: Signs, *, brief: bool = False) -> list[tuple[str, ...]]:
    """Return what each sign says, in words; one saying per kind of pane, or `brief` for both."""
    if signs.coloured:
        down, up = "blue", "orange"
    elif mode == "by_token" and signs.plain:
        down, up = "a-e", "1-5"
    else:
        down, up = ("-", "+") if signs.plain else (palette.lane(-4), palette.lane(5))
    both = (f"{down} lowers", f"{up} raises the answer")
    match mode:
        case "shift" if brief:
            return [(f"{down} lowers, or lost", f"{up} raises, or gained")]
        case "shift":
            lost = (f"unlearned: {down} lost", f"{up} gained")
            return [(f"base: {down} lowers", f"{up} raises"), lost]
        case "answer":
            return [("p of each answer token", f"{signs.pointer} first token that died")]
        case "by_token":
            return [(f"{down} lowers", f"{up} raises the chosen answer token")]
        case "key_tokens":
            return [both, (f"{signs.pointer} KeyToken: carries the base's answer",)]
        case _:
            return [both]


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
