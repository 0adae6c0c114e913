"""What the screen about a run says in words and numbers, line by line.

Pure: plain values in, lines out.
"""

from __future__ import annotations

from collections.abc import Sequence

from unpact_tui.app.glyphs import Glyphs
from unpact_tui.app.lines import BAR, LABEL, MARKED, STRONG, WARN, Line, Piece, shown
from unpact_tui.app.triage_lines import interval
from unpact_tui.sparkline import sparkline
from unpact_tui.track.happened import TITLES
from unpact_tui.track.quantities import Series
from unpact_tui.track.schema import CaseStep, Event, TrackedStep
from unpact_tui.track.text import number

_TITLE = 18
_VALUE, _NUMBERS = 8, 30
"""Cells of a value, and of one with its interval."""
_ROOMY = 66
"""Below so many cells, bars come before intervals."""


def title(name: str, steps: Sequence[TrackedStep], at: int, case: Line) -> Line:
    """Say which step of which run it is, and which prompt."""
    pieces: list[Piece] = [("Run   ", STRONG), (shown(name, 40), "")]
    if steps:
        step = steps[at]
        pieces.append((f"   step {step.title} ", STRONG))
        pieces.append((f"({at + 1} of {len(steps)})", LABEL))
        pieces.append((f"   {step.row.verdict or 'not measured'}", STRONG))
    return (*pieces, *case)


def place(index: int, count: int, case: CaseStep | None, glyphs: Glyphs) -> Line:
    """Say which prompt of how many it is."""
    if not count:
        return ()
    pieces: list[Piece] = [(f"   prompt {index + 1} of {count}", "")]
    if case is not None:
        pieces.append((f" {glyphs.dot} {case.split} {glyphs.dot} {shown(case.id, 24)}", LABEL))
    return tuple(pieces)


def asked(case: CaseStep | None) -> list[Line]:
    """Say what the prompt and the answer under test are."""
    if case is None:
        return [(("No prompt was measured at any step.", LABEL),)]
    return [
        (("prompt  ", LABEL), (shown(case.prompt), "")),
        (("answer  ", LABEL), (shown(case.answer, 200), STRONG)),
    ]


def about(step: TrackedStep | None, case: CaseStep | None, glyphs: Glyphs) -> Line:
    """Say what is known of the prompt at a step."""
    if step is None:
        return ()
    if step.row.error:
        return ((f"not measured: {shown(step.row.error)}", WARN),)
    if case is None:
        return (("this prompt was not measured at this step", LABEL),)
    numbers = (
        ("LP", f"{glyphs.number(case.logprob)} of {glyphs.number(case.base_logprob)}"),
        ("focus kept", glyphs.share(case.focus_kept)),
        ("KeyToken mass", f"{glyphs.number(case.key_mass)} of {glyphs.number(case.base_key_mass)}"),
        ("recovered", glyphs.share(case.recovered)),
        ("random words", glyphs.share(case.control)),
    )
    pieces: list[Piece] = [(case.verdict, STRONG)]
    for name, value in numbers:
        pieces += [(f"  {name} ", LABEL), (value, STRONG)]
    return tuple(pieces)


def says(case: CaseStep | None) -> Line:
    """Say what the checkpoint answers."""
    if case is None or case.generation is None:
        return ()
    return (("says    ", LABEL), (shown(case.generation, 200), ""))


def quantity(found: Series, at: int, room: int, glyphs: Glyphs) -> Line:
    """Return a quantity as bars over the steps, the one chosen underlined, and its value there."""
    plain = glyphs.ellipsis.isascii()
    rest = _NUMBERS if room >= _ROOMY else _VALUE
    wide = max(1, min(len(found.values), room - _TITLE - 2 - rest))
    first = max(0, min(at - wide + 1 + (wide > 2), len(found.values) - wide))
    heights = found.heights()[first : first + wide]
    bars = sparkline(heights, wide, ascii_only=plain)
    here = at - first
    value = found.values[at]
    told = (
        glyphs.dash
        if value is None
        else number(value, found.quantity.unit).replace("-", glyphs.minus)
    )
    pieces: list[Piece] = [
        (f"{found.quantity.title:{_TITLE}} ", LABEL),
        (bars[:here], BAR),
        (bars[here : here + 1], MARKED),
        (bars[here + 1 :], BAR),
        (f" {told:>7}", STRONG),
    ]
    if value is not None:
        pieces.append((f"  {interval(value, glyphs)}", LABEL))
    return tuple(pieces)


def in_brief(events: Sequence[Event], glyphs: Glyphs) -> Line:
    """Say when each thing happened, in a few words."""
    pieces: list[Piece] = []
    for event in events:
        when = "?" if event.happened is None else "never"
        if event.happened:
            when = "last" if event.step is None else str(event.step)
        gap = f" {glyphs.dot} " if pieces else ""
        pieces += [
            (f"{gap}{TITLES[event.name].lower()} ", LABEL),
            (when, STRONG if event.happened else LABEL),
        ]
    return tuple(pieces)


def happened(events: Sequence[Event], trouble: str) -> list[Line]:
    """Say what happened on the way."""
    lines: list[Line] = [((shown(trouble), WARN),)] if trouble else []
    for event in events:
        loud = STRONG if event.happened else LABEL
        lines.append(((f"{TITLES[event.name]:13}", loud), (shown(event.sentence), "")))
    return lines
