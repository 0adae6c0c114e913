"""The thresholds of a verdict as a list one can step through.

Pure: what they are called and what they mean is read from where they are defined. What they may be
is what the command line takes.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, floor, inf

from attribution.verdict import Thresholds
from unpact_tui.app.glyphs import Glyphs
from unpact_tui.app.lines import LABEL, STRONG, WARN, Line
from unpact_tui.catalogue import fields

MEASURED = frozenset({"base_breaks", "base_loss"})
"""These decide which attempts can be read, while the models are asked: no step can follow them."""

FIXED = "fixed when measured (--set)"

_STEP = 0.05
_STEPS = {"share": 0.01, "collapse": 0.25}
"""Steps of those for which a twentieth is too much or too little."""

_MOST = {"recovered": inf, "lift": inf, "returned": inf, "collapse": inf}
"""All others are shares: at most 1. None is below 0."""

_DIGITS = 4
_NAME = 14


@dataclass(frozen=True, slots=True)
class Threshold:
    """One line that is drawn somewhere."""

    name: str
    sentence: str

    def of(self, thresholds: Thresholds) -> float:
        """Return where it is drawn."""
        return float(getattr(thresholds, self.name))


def all_thresholds() -> tuple[Threshold, ...]:
    """Return them in the order of their definition, with the sentence that stands there."""
    found = fields("attribution.thresholds", "Thresholds")
    return tuple(Threshold(field.name, field.sentence) for field in found)


def stepped(thresholds: Thresholds, name: str, direction: int) -> Thresholds | str:
    """Return the thresholds with one a step higher or lower, or why there is none."""
    if name in MEASURED:
        return FIXED
    step = _STEPS.get(name, _STEP)
    number = getattr(thresholds, name)
    # To the next multiple of the step: what was set by hand comes onto the grid.
    whole = round(number / step, _DIGITS)
    steps = floor(whole) + 1 if direction > 0 else ceil(whole) - 1
    return put(thresholds, name, round(steps * step, _DIGITS))


def put(thresholds: Thresholds, name: str, value: float) -> Thresholds | str:
    """Return the thresholds with one at `value`, or why it cannot be there."""
    most = _MOST.get(name, 1.0)
    if not 0 <= value <= most:
        return f"{name} is from 0 to 1" if most == 1 else f"{name} is 0 or more"
    return replace(thresholds, **{name: value})


def default(name: str) -> float:
    """Return where a line is drawn when nobody says otherwise."""
    return float(getattr(Thresholds(), name))


def threshold_line(
    threshold: Threshold, thresholds: Thresholds, glyphs: Glyphs, *, here: bool
) -> Line:
    """Return the row of one threshold; one that is not at its default is marked."""
    plain = glyphs.ellipsis.isascii()
    value, usual = threshold.of(thresholds), default(threshold.name)
    pointer = (">" if plain else "▸") if here else " "
    changed = value != usual
    less, more = ("<", ">") if plain else ("◂", "▸")
    steps = here and threshold.name not in MEASURED
    number = f"{less if steps else ' '} {value:4.2f} {more if steps else ' '}"
    note = "fixed" if threshold.name in MEASURED else ""
    if changed:
        note = f"* default {usual:g}"
    return (
        (f"{pointer} {threshold.name:<{_NAME}}", STRONG if here else ""),
        (number, "bold reverse" if here else STRONG if changed else ""),
        (f"  {note}", WARN if changed else LABEL),
    )
