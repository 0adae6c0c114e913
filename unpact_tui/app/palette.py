"""From a signed score to one of eleven levels, and from a level to a colour and a glyph.

Pure: it knows neither widgets nor terminals. A level says how far a score is along a scale that is
the same on both sides of zero: blue lowers the answer, orange raises it. The colours stand in the
xterm cube, so a terminal with 256 colours shows exactly what one with true colour does, and were
chosen so that a level and its opposite differ for every kind of colour vision. Where there is no
colour at all the glyphs of the lane say the same.
"""

from __future__ import annotations

import math

LEVELS = 5
"""Steps on each side of zero."""

_UP = "▁▃▅▇█"
_DOWN = "·:░▒▓"

_DARK = (
    ("#00005f", "#005f87", "#0087af", "#00afd7", "#5fd7ff"),
    ("#5f0000", "#875f00", "#af5f00", "#d78700", "#ffaf00"),
)
_LIGHT = (
    ("#d7ffff", "#afd7ff", "#87afff", "#5f87d7", "#005faf"),
    ("#ffffd7", "#ffd7af", "#ffaf5f", "#d78700", "#af5f00"),
)

# Sixteen colours cannot carry five steps: a coloured word is weak, a coloured ground is strong.
_ANSI_WEAK = (
    "color: ansi_blue; background: transparent",
    "color: ansi_yellow; background: transparent",
)
_ANSI_STRONG = (
    "color: ansi_white; background: ansi_blue",
    "color: ansi_black; background: ansi_yellow",
)
_ANSI_WEAKEST_STRONG = 3

_NOTHING = "color: transparent; background: transparent"


def level(
    value: float | None, scale: float, threshold: float = 0.0, gamma: float = 1.0
) -> int | None:
    """Return the nearest of the levels -5..5 for `value` on a scale of ±`scale`.

    None is a score that was not measured, or is not a number. Below `threshold` a score is 0. The
    share of the scale is raised to `gamma`, which is positive: below 1 small scores show better.
    """
    if value is None or math.isnan(value):
        return None
    magnitude = abs(value)
    if magnitude == 0 or magnitude < threshold or not scale > 0:
        return 0
    share = 1.0 if magnitude >= scale else magnitude / scale
    steps = int(share**gamma * LEVELS + 0.5)
    return steps if value > 0 else -steps


def lane(step: int | None) -> str:
    """Return the glyph of a level."""
    if step is None:
        return "╌"
    if step == 0:
        return " "
    return _UP[step - 1] if step > 0 else _DOWN[-step - 1]


def ascii_lane(step: int | None) -> str:
    """Return the sign and the digit of a level, or one character where there is none."""
    if step is None:
        return "~"
    return f"{step:+d}" if step else " "


def ascii_cell(step: int | None) -> str:
    """Return one character for a level: a digit raises, a letter lowers, the last is strongest."""
    if step is None:
        return "~"
    if step == 0:
        return " "
    return str(step) if step > 0 else "abcde"[-step - 1]


def component(step: int | None) -> str | None:
    """Return the component class that colours a level; None where nothing does."""
    if step is None:
        return "score--none"
    if step == 0:
        return None
    return f"score--{'up' if step > 0 else 'down'}-{abs(step)}"


COMPONENTS = frozenset(
    name for step in (None, *range(-LEVELS, LEVELS + 1)) if (name := component(step))
)
"""Component classes of a widget that shows levels."""


def css(widget: str) -> str:
    """Return the rules that colour the levels in `widget`, for every kind of theme and terminal."""
    rules = [
        *_themed(widget, "", _DARK, "color: #a8a8a8"),
        *_themed(widget, ":light", _LIGHT, "color: #626262"),
        f"{widget}:ansi > .score--none {{ color: ansi_bright_black }}",
    ]
    for side, name in enumerate(("down", "up")):
        for step in range(1, LEVELS + 1):
            look = (_ANSI_STRONG if step >= _ANSI_WEAKEST_STRONG else _ANSI_WEAK)[side]
            rules.append(f"{widget}:ansi > .score--{name}-{step} {{ {look} }}")
    rules += [f"{widget}:nocolor > .{name} {{ {_NOTHING} }}" for name in sorted(COMPONENTS)]
    return "\n".join(rules)


def _themed(
    widget: str, variant: str, sides: tuple[tuple[str, ...], tuple[str, ...]], none: str
) -> list[str]:
    rules = [f"{widget}{variant} > .score--none {{ {none} }}"]
    for name, colours in zip(("down", "up"), sides, strict=True):
        for step, ground in enumerate(colours, start=1):
            look = f"color: {_text_on(ground)}; background: {ground}"
            rules.append(f"{widget}{variant} > .score--{name}-{step} {{ {look} }}")
    return rules


def contrast(first: str, second: str) -> float:
    """Return the WCAG contrast ratio of two colours like "#00afd7", from 1 to 21."""
    darker, lighter = sorted((_luminance(first), _luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _text_on(ground: str) -> str:
    return max("#ffffff", "#000000", key=lambda text: contrast(text, ground))
