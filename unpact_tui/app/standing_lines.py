"""The summary's words about how strategies stand over all prompts, each beside its control.

Pure: it knows neither widgets nor how a standing is made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attribution.standing import Cause, Standing
from attribution.types import Interval
from unpact_tui.app.glyphs import Glyphs
from unpact_tui.app.lines import LABEL, STRONG, Line, shown

_CAUSES: Mapping[Cause, str] = {
    "emphasis": "emphasis",
    "other ids": "other ids",
    "either": "either",
    "both": "both only",
    "neither": "",
    "unknown": "not known",
}
"""What brought it back; nothing is said of what did not come back."""

_NAME = 16
_SEVERAL = 2
"""Prompts from which a mean has an interval."""


def standing_lines(standings: Sequence[Standing], glyphs: Glyphs) -> list[Line]:
    """Return a row per strategy, the largest lift first; nothing where none was read."""
    read = [each for each in standings if each.recovered.n]
    if not read:
        return []
    together = sum(each.simultaneous is not None for each in read)
    head = f"{'strategy':<{_NAME}}{'back':>5}{'random':>7}{'lift':>6}  {'between':<12}{'n':>4}"
    return [
        ((f"{head}  by what", LABEL),),
        *(_row(each, glyphs) for each in read),
        ((_held(together, len(read)), LABEL),),
        (),
    ]


def _row(standing: Standing, glyphs: Glyphs) -> Line:
    lift = standing.simultaneous or standing.lift
    random = None if standing.random is None else standing.random.estimate
    name = shown(standing.strategy, _NAME - 1)
    numbers = f"{glyphs.share(random):>7}"
    numbers += f"{glyphs.points(None if lift is None else lift.estimate):>6}"
    numbers += f"  {_between(lift, glyphs):<12}{standing.recovered.n:>4}"
    return (
        (f"{name:<{_NAME}}", LABEL),
        (f"{glyphs.share(standing.recovered.estimate):>5}", STRONG),
        (numbers, ""),
        (f"  {_CAUSES[standing.cause]}", STRONG),
    )


def _between(found: Interval | None, glyphs: Glyphs) -> str:
    if found is None or found.n < _SEVERAL:
        return ""
    return f"{glyphs.points(found.lower)} .. {glyphs.points(found.upper)}"


def _held(together: int, count: int) -> str:
    """Say what an interval is worth where the best of several is looked for."""
    if together > 1:
        return f"lift: intervals hold for {together} strategies at once"
    return "lift: too few prompts for intervals of all at once" if count > 1 else ""
