"""A run of training as blocks: what happened when, courses of numbers, and prompts in colour."""

from __future__ import annotations

from collections.abc import Iterator

from attribution.types import Token
from unpact_tui.reporting.blocks import (
    Block,
    Bullets,
    Coloured,
    Courses,
    Grid,
    Heading,
    Words,
    counted,
    said,
)
from unpact_tui.reporting.svg import Course
from unpact_tui.summary import CAVEAT
from unpact_tui.track.quantities import Series, series
from unpact_tui.track.schema import CaseStep, Track, TrackedStep
from unpact_tui.track.units import case_ids, over_steps

_MOST = 4
"""Steps that a prompt is shown at besides the base: from the first to the last."""


def blocks(track: Track) -> Iterator[Block]:
    """Yield all of it."""
    yield Heading(1, f"{track.run}: {counted(len(track.steps), 'checkpoint')}")
    if track.base:
        yield Words(f"base {track.base}", quiet=True)
    yield Bullets(tuple(event.sentence for event in track.events))
    yield Words(CAVEAT)
    titles = tuple(step.title for step in track.steps)
    found = series(track.steps)
    yield Heading(2, "Over the steps")
    yield Courses(titles, tuple(Course(_title(one), one.values) for one in found))
    rows = tuple((_title(one), *(said(value) for value in one.values)) for one in found)
    yield Grid(("number", *titles), rows, numbers=1)
    yield Grid(
        ("step", "checkpoint", "verdict"),
        tuple(
            (step.title, step.row.name, step.row.verdict or step.row.error) for step in track.steps
        ),
    )
    yield Heading(2, "Prompts")
    for name in case_ids(track.steps):
        yield from _prompt(name, track.steps)


def _title(one: Series) -> str:
    unit = one.quantity.unit
    return one.quantity.title if unit == "share" else f"{one.quantity.title} ({unit})"


def _prompt(name: str, steps: tuple[TrackedStep, ...]) -> Iterator[Block]:
    cases = over_steps(steps, name)
    known = [
        (step.title, case) for step, case in zip(steps, cases, strict=True) if case is not None
    ]
    if not known:
        return
    first = known[0][1]
    yield Heading(3, f"{name}: {first.verdict} at first, {known[-1][1].verdict} at last")
    yield Words(f"answer: {first.answer}", quiet=True)
    same = [(title, case) for title, case in known if case.tokens == first.tokens]
    shown = [(f"step {title}: LP {case.logprob:z.2f}", case) for title, case in _some(same)]
    yield Coloured(
        _tokens(first),
        frozenset(first.key_tokens),
        (
            (f"base: LP {first.base_logprob:z.2f}", first.base_contributions),
            *((words, case.contributions) for words, case in shown),
        ),
    )


def _some(known: list[tuple[str, CaseStep]]) -> list[tuple[str, CaseStep]]:
    """Return a few of them, the first and the last among these."""
    if len(known) <= _MOST:
        return known
    places = {round(i * (len(known) - 1) / (_MOST - 1)) for i in range(_MOST)}
    return [known[place] for place in sorted(places)]


def _tokens(case: CaseStep) -> tuple[Token, ...]:
    return tuple(Token(0, text, 0, len(text)) for text in case.tokens)
