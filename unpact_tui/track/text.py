"""A tracked run as plain text: a line per quantity, the words that moved most, and what happened.

Pure: values in, text out. Text from models, prompts and paths goes through `display_text`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from attribution.types import Interval, Label
from unpact_tui.display import display_text
from unpact_tui.sparkline import sparkline
from unpact_tui.summary import CAVEAT
from unpact_tui.track.happened import TITLES
from unpact_tui.track.quantities import Series, Unit, series
from unpact_tui.track.schema import CaseStep, Track, TrackedStep
from unpact_tui.track.units import Unit as Words
from unpact_tui.track.units import case_ids, movers, over_steps, units
from unpact_tui.weights.table import percent

LETTERS: dict[Label, str] = {
    "RETAINED": "R",
    "SUPPRESSED": "S",
    "UNRECOVERED": "U",
    "COLLAPSED": "C",
    "UNKNOWN": "?",
}
BROKEN = "!"
"""The sign of a step that could not be measured."""

_WIDEST = 48
"""Cells of a line of bars; of a longer run, steps at equal distances are shown."""
_TITLE = 18
_WORD = 18
_PROMPTS = 5
_WORDS = 3

_MEANING = (
    "Intervals are 95 %, of the last step; a control's is from its least to its most draw. First"
    " and last are of the steps where it was measured; a gap is a step where it was not. Bars of"
    " shares go from 0 to 1, others up to the largest."
)
_MOVED = (
    "Words whose contribution moved most, in nats: the base first, then each step; a word's is the"
    " sum over its tokens. Ours."
)


@dataclass(frozen=True, slots=True)
class _Signs:
    plain: bool
    arrow: str
    key: str


def as_text(track: Track, *, plain: bool) -> str:
    """Return all of it, with a final newline; `plain` writes signs and bars in ASCII."""
    signs = _Signs(plain, "->" if plain else "→", ">" if plain else "▸")
    lines = [*_head(track), "", *_quantities(track, signs)]
    if moved := list(_prompts(track.steps, signs)):
        lines += ["", _MOVED, *moved]
    lines += ["", *_broken(track.steps), *_events(track)]
    return "\n".join(lines) + "\n"


# ---------------------------------------------------------------- what was tracked


def _head(track: Track) -> Iterator[str]:
    steps = track.steps
    yield f"base     {display_text(track.base)}"
    yield f"run      {display_text(track.run)}"
    yield f"steps    {', '.join(step.title for step in steps)}"
    splits = {case.id: case.split for step in steps for case in step.cases}
    forget = sum(split == "forget" for split in splits.values())
    retain = sum(split == "retain" for split in splits.values())
    yield f"prompts  {forget} to forget, {retain} to keep"
    for warning in dict.fromkeys(warning for step in steps for warning in step.row.warnings):
        yield f"warning: {display_text(warning)}"


def _quantities(track: Track, signs: _Signs) -> Iterator[str]:
    steps = track.steps
    seen = thinned(range(len(steps)))
    wide = max(len(seen), 5)
    heads = f"{'first':>8} {'last':>8}  interval"
    yield f"{'':{_TITLE}} {'steps':{wide}} {heads}"
    letters = "".join(letter(steps[i]) for i in seen)
    labels = [step.row.verdict for step in steps if step.row.verdict is not None]
    ends = f"{labels[0]} {signs.arrow} {labels[-1]}" if labels else "not measured"
    yield f"{'verdict':{_TITLE}} {letters:{wide}} {ends}"
    for found in series(steps):
        yield _quantity(found, seen, wide, signs)
    if len(seen) < len(steps):
        yield f"Of {len(steps)} steps, {len(seen)} have a bar."
    yield "R retained, S suppressed, U unrecovered, C collapsed, ? unknown, ! not measured."
    yield _MEANING


def _quantity(found: Series, seen: Sequence[int], wide: int, signs: _Signs) -> str:
    heights = found.heights()
    bars = sparkline([heights[i] for i in seen], len(seen), ascii_only=signs.plain)
    first, last = found.first, found.last
    assert first is not None
    assert last is not None
    unit = found.quantity.unit
    ends = f"{number(first, unit):>8} {number(last, unit):>8}  {_between(last)}"
    told = "  nats" if unit == "nats" else ""
    return f"{found.quantity.title:{_TITLE}} {bars:{wide}} {ends}{told}"


def letter(step: TrackedStep) -> str:
    """Return the verdict of a step as one character."""
    return BROKEN if step.row.verdict is None else LETTERS[step.row.verdict]


def thinned(places: range) -> list[int]:
    """Return at most as many places as there is room for, the first and the last among them."""
    if len(places) <= _WIDEST:
        return list(places)
    last = len(places) - 1
    return [round(i * last / (_WIDEST - 1)) for i in range(_WIDEST)]


def number(found: Interval, unit: Unit) -> str:
    """Return an estimate."""
    return percent(found.estimate) if unit == "percent" else f"{found.estimate:z.2f}"


def _between(found: Interval) -> str:
    if found.n == 1:
        return "n = 1"
    return f"[{found.lower:z.2f}, {found.upper:z.2f}], n = {found.n}"


# ---------------------------------------------------------------- words


def _prompts(steps: Sequence[TrackedStep], signs: _Signs) -> Iterator[str]:
    """Yield the prompts with the largest movement, each with its words."""
    found: list[tuple[float, str, CaseStep, tuple[Words, ...]]] = []
    for name in case_ids(steps):
        cases = over_steps(steps, name)
        known = next((case for case in cases if case is not None), None)
        most = movers(units(cases, by_word=True), _WORDS)
        if known is not None and most:
            found.append((abs(most[0].moved), name, known, most))
    found.sort(key=lambda one: -one[0])
    for _, name, known, most in found[:_PROMPTS]:
        split = "" if known.split == "forget" else f" ({known.split})"
        yield f"{display_text(name)}{split}: {_cut(display_text(known.prompt.strip()), 90)}"
        yield from _words(most, signs)
    if len(found) > _PROMPTS:
        rest = "1 prompt" if len(found) == _PROMPTS + 1 else f"{len(found) - _PROMPTS} prompts"
        yield f"... and {rest} more: --json has all."


def _words(most: Sequence[Words], signs: _Signs) -> Iterator[str]:
    known = [v for unit in most for v in (unit.base, *unit.values) if v is not None]
    low, high = min(0.0, *known), max(0.0, *known)
    for unit in most:
        values = (unit.base, *unit.values)
        heights = [None if v is None else (v - low) / (high - low) for v in values]
        seen = thinned(range(len(values)))
        bars = sparkline([heights[i] for i in seen], len(seen), ascii_only=signs.plain)
        last = next(value for value in reversed(unit.values) if value is not None)
        sign = signs.key if unit.key else " "
        word = _filled(_cut(display_text(unit.text.strip()) or "(space)", _WORD), _WORD)
        yield f"  {sign}{word} {bars}  {unit.base or 0.0:+z.2f} {signs.arrow} {last:+z.2f}"


def _cells(text: str) -> int:
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(map(bool, map(unicodedata.combining, text)))


def _cut(text: str, cells: int) -> str:
    # No character is narrower than nothing: beyond some marks on a letter it is cut.
    whole, text = text, text[: 4 * cells]
    if _cells(text) <= cells and text == whole:
        return text
    while _cells(text) > cells - 3:
        text = text[:-1]
    return f"{text}..."


def _filled(text: str, cells: int) -> str:
    return text + " " * max(0, cells - _cells(text))


# ---------------------------------------------------------------- what happened


def _broken(steps: Sequence[TrackedStep]) -> Iterator[str]:
    for step in steps:
        if step.row.error:
            where = display_text(step.row.name)
            yield f"{where} could not be measured: {display_text(step.row.error)}"
        for missing in step.row.left_out:
            yield f"{display_text(step.row.name)} lacks {display_text(missing)}"


def _events(track: Track) -> Iterator[str]:
    for event in track.events:
        yield f"{TITLES[event.name]:{_TITLE}} {event.sentence}"
    yield CAVEAT
