"""How a token's number is drawn, with how sure it is: measured, lost in rounding, or a guess.

Pure: numbers in, a level with its kind out, and from these a glyph and a component class. What was
measured has a coloured ground, as `palette.py` says. What cannot be told from rounding has none,
and a sign of its own in the lane. A guess has no ground either: its letters are coloured, in two
steps instead of five, and in the lane every other cell says that it was not measured.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Literal, NamedTuple

from attribution.types import Nats
from unpact_tui.app import palette
from unpact_tui.caveats import NEGLIGIBLE, within

Kind = Literal["measured", "noise", "estimate"]

NOISE_SIGN, NOISE_SIGN_ASCII = "◦", "o"

_WEAK = 2
"""The highest level of a guess that is drawn as a weak one."""

_DARK = (("#5f87af", "#5fafff"), ("#af875f", "#ffaf5f"))
_LIGHT = (("#5f5faf", "#005faf"), ("#875f00", "#af5f00"))
_STRENGTHS = ("weak", "strong")
_SIDES = ("down", "up")


class Mark(NamedTuple):
    """A level and what kind of number has it; without a level nothing is known."""

    level: int | None
    kind: Kind = "measured"


UNKNOWN = Mark(None)


_NOISE = Mark(0, "noise")
_MEASURED = {level: Mark(level) for level in (None, *range(-palette.LEVELS, palette.LEVELS + 1))}
_GUESSED = {level: Mark(level, "estimate") for level in _MEASURED if level is not None}
"""Made once: a prompt has thousands, and they are looked at whenever one more is measured."""


class Scale(NamedTuple):
    """How numbers become levels."""

    end: float
    threshold: float = 0.0
    gamma: float = 1.0


def mark(value: Nats | None, estimate: Nats | None, noise: Nats | None, scale: Scale) -> Mark:
    """Return how a token is drawn; an estimate counts where nothing was measured."""
    if within(value, noise):
        return _NOISE
    level = palette.level(value, *scale)
    guessed = None if level is not None or estimate is None else palette.level(estimate, *scale)
    return _MEASURED[level] if guessed is None else _GUESSED[guessed]


def marks(
    values: Sequence[Nats | None],
    estimates: Sequence[Nats | None],
    noise: Nats | None,
    scale: Scale,
) -> Iterator[Mark]:
    """Yield a mark per value."""
    if not estimates and (noise is None or noise <= NEGLIGIBLE):
        yield from (_MEASURED[palette.level(value, *scale)] for value in values)
        return
    for value, estimate in zip_longest(values, estimates[: len(values)]):
        yield mark(value, estimate, noise, scale)


def lane(found: Mark, width: int) -> str:
    """Return the glyphs of a mark, as many cells as its token has."""
    if found.kind == "noise":
        return NOISE_SIGN * width
    if found.kind == "estimate" and found.level:
        pair = palette.lane(None) + palette.lane(found.level)
        return (pair * width)[:width]
    return palette.lane(_measured(found)) * width


def ascii_lane(found: Mark) -> str:
    """Return the signs of a mark in ASCII, from one to three of them."""
    if found.kind == "noise":
        return NOISE_SIGN_ASCII
    if found.kind == "estimate" and found.level:
        return palette.ascii_lane(None) + palette.ascii_lane(found.level)
    return palette.ascii_lane(_measured(found))


def cells(found: Mark, *, plain: bool) -> int:
    """Return how many cells a mark needs to be told from every other."""
    if found.kind == "estimate" and found.level:
        return 3 if plain else 2
    return 2 if plain else 1


def component(found: Mark) -> str | None:
    """Return the component class that colours a mark; None where nothing does."""
    if found.kind == "noise":
        return None
    if found.kind == "estimate" and found.level:
        strength = _STRENGTHS[abs(found.level) > _WEAK]
        return f"estimate--{_SIDES[found.level > 0]}-{strength}"
    return palette.component(_measured(found))


def _measured(found: Mark) -> int | None:
    """A guess of nothing is nothing to be seen: it stays what was not measured."""
    return None if found.kind == "estimate" else found.level


GUESSES = frozenset(f"estimate--{side}-{strength}" for side in _SIDES for strength in _STRENGTHS)
"""Component classes of guesses, in a widget that shows them."""


def css(widget: str) -> str:
    """Return the rules that colour guesses in `widget`, for every kind of theme and terminal."""
    rules: list[str] = []
    for variant, sides in (("", _DARK), (":light", _LIGHT)):
        for side, colours in zip(_SIDES, sides, strict=True):
            for strength, colour in zip(_STRENGTHS, colours, strict=True):
                name = f"{widget}{variant} > .estimate--{side}-{strength}"
                rules.append(f"{name} {{ color: {colour} }}")
    for name in sorted(GUESSES):
        # Sixteen colours have none left that could not be taken for a measured one.
        rules.append(f"{widget}:ansi > .{name} {{ color: ansi_bright_black }}")
        rules.append(
            f"{widget}:nocolor > .{name} {{ color: transparent; background: transparent }}"
        )
    return "\n".join(rules)
