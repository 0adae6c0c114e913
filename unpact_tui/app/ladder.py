"""The recovery panel's words about all strategies: ranked, each beside its controls.

Pure: state in, lines of styled text out. Nothing here decides anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from attribution.attempts import Attempt, AttemptKind, Recovery, Selection
from unpact_tui.app.dial import rung
from unpact_tui.app.evidence import MEANING, heading, reference_gain, why_not, words_of
from unpact_tui.app.glyphs import Glyphs
from unpact_tui.app.lines import BAR, LABEL, STRONG, Line, shown
from unpact_tui.app.state import CompareState

_SELECTED: dict[Selection, str] = {
    "base": "",
    "unlearned": "KeyTokens of the unlearned",
    "shift": "largest shifts",
    "greedy": "found by search",
    "own": "",
}
"""How the words were chosen, where it was neither the usual way nor by hand."""

_NAME, _SHORT_NAME, _SHARE = 16, 12, 5
_LEAST_BAR = 6
"""Cells of a bar from which it tells more than that there is something."""
_NARROW, _CONTROLS, _WIDE = 34, 48, 76
"""Cells from which names are whole, there are controls, and these have long names."""


@dataclass(frozen=True, slots=True)
class _Column:
    title: str
    value: Callable[[Attempt], float | None]
    points: bool = False

    @property
    def cells(self) -> int:
        """How wide it is."""
        return max(_SHARE, len(self.title)) + 1

    def written(self, attempt: Attempt, glyphs: Glyphs) -> str:
        """Return one cell of the table."""
        value = self.value(attempt)
        return f"{glyphs.points(value) if self.points else glyphs.share(value):>{self.cells}}"


def ladder_lines(state: CompareState, glyphs: Glyphs, width: int) -> list[Line]:
    """Say what every strategy does, and what follows from all of it."""
    if state.page.ladder is None:
        waiting = state.busy or not state.page.refused
        note = f"reading{glyphs.ellipsis}" if waiting else "not run: r runs them"
        return [heading("All strategies", "", note)]
    recovery = state.page.ladder.recovery
    done, total = state.page.ladder.done, state.page.ladder.total
    note = _SELECTED[recovery.selection] if recovery.complete else f"{done} of {total}"
    on = words_of(state, _words(state, recovery), glyphs, width - 21 - len(note)) or "KeyTokens"
    return [
        heading("All strategies", f"on {on}", note),
        _verdict(state, glyphs),
        *_summary(recovery, glyphs),
        *_table(recovery, glyphs, width),
        *_left_out(recovery, glyphs),
        *_reasons(state, glyphs),
    ]


def _words(state: CompareState, recovery: Recovery) -> tuple[int, ...]:
    return state.now.chosen.tried_on or (
        recovery.attempts[0].positions if recovery.attempts else ()
    )


def _verdict(state: CompareState, glyphs: Glyphs) -> Line:
    if state.verdict is None:
        return ((f"no verdict yet{glyphs.ellipsis}", LABEL),)
    label = state.verdict.label
    return ((f" {label} ", "bold reverse"), (f"  {MEANING[label]}", STRONG))


# ---------------------------------------------------------------- the table


def _table(recovery: Recovery, glyphs: Glyphs, width: int) -> list[Line]:
    """Return a row per rung, the best first; where it is narrow, without the controls."""
    if not recovery.attempts:
        return []
    columns = _columns(recovery, width)
    room = _NAME if width >= _NARROW else _SHORT_NAME
    taken = room + 1 + _SHARE + 1 + sum(column.cells for column in columns)
    bar = min(24, width - taken)
    bar = 0 if bar < _LEAST_BAR else bar
    heads = "".join(f"{column.title:>{column.cells}}" for column in columns)
    head = f"{'strategy':<{room}} {'back':>{_SHARE}} {'':<{bar}}{heads}"
    ranked = sorted(recovery.attempts, key=lambda a: (a.recovered is None, -(a.recovered or 0.0)))
    rows = [_row(recovery, attempt, glyphs, (room, bar), columns) for attempt in ranked]
    return [(), ((head, LABEL),), *rows]


def _columns(recovery: Recovery, width: int) -> list[_Column]:
    """Return the controls that there is room for: all of them, or the one that every rung has."""
    wide = width >= _WIDE

    def by(kind: AttemptKind) -> Callable[[Attempt], float | None]:
        return lambda attempt: _control(recovery, attempt, kind)

    lift = _Column("lift", lambda attempt: _lift(recovery, attempt), points=True)
    if width < _CONTROLS:
        return [lift]
    found = [
        _Column("random words" if wide else "random", by("random")),
        _Column("same ids" if wide else "same", by("id_preserving")),
        _Column("other ids" if wide else "other", by("ids_only")),
    ]
    if recovery.reference is not None and width >= _NAME + 40:
        gained = "reference" if wide else "ref"
        found.append(_Column(gained, lambda attempt: reference_gain(recovery, attempt)))
    return [*found, lift]


def _control(recovery: Recovery, attempt: Attempt, kind: AttemptKind) -> float | None:
    """Return the mean recovery of an attempt's controls of a kind."""
    read = [
        control.recovered
        for control in recovery.controls
        if control.recovered is not None
        and (control.kind, control.strategy, control.strength)
        == (kind, attempt.strategy, attempt.strength)
    ]
    return sum(read) / len(read) if read else None


def _lift(recovery: Recovery, attempt: Attempt) -> float | None:
    random = _control(recovery, attempt, "random")
    return None if random is None or attempt.recovered is None else attempt.recovered - random


def _row(
    recovery: Recovery,
    attempt: Attempt,
    glyphs: Glyphs,
    cells: tuple[int, int],
    columns: list[_Column],
) -> Line:
    room, bar = cells
    name = f"{rung(attempt.strategy, attempt.strength, room):<{room}} "
    if attempt.recovered is None:
        return ((name, LABEL), (f"{glyphs.dash:>{_SHARE}} {why_not(attempt)}", LABEL))
    strong = STRONG if attempt == recovery.best else ""
    written = "".join(column.written(attempt, glyphs) for column in columns)
    return (
        (f"{name}{glyphs.share(attempt.recovered):>{_SHARE}} ", strong),
        (f"{glyphs.bar(attempt.recovered, bar):<{bar}}" if bar else "", BAR),
        (written, strong),
    )


# ---------------------------------------------------------------- around it


def _summary(recovery: Recovery, glyphs: Glyphs) -> list[Line]:
    """Say the best of all beside the best of as many controls, and what no emphasis does."""
    if recovery.best is None:
        return [(("no strategy could be read", LABEL),)] if recovery.complete else []
    count = sum(attempt.recovered is not None for attempt in recovery.attempts)
    best, control = glyphs.share(recovery.best.recovered), glyphs.share(recovery.control)
    lift = f"{glyphs.points(recovery.lift)} points"
    ways = f"best of {count} ways " if count > 1 else "recovered "
    same = f"of the same {count} on random words " if count > 1 else "on random words "
    words = (ways, f"{best}, ", same, f"{control}, ", "lift ", lift)
    lines: list[Line] = [tuple((w, LABEL if i % 2 == 0 else STRONG) for i, w in enumerate(words))]
    if recovery.paraphrase is not None:
        share = glyphs.share(recovery.paraphrase)
        lines.append((("in other words, without emphasis ", LABEL), (share, STRONG)))
    return lines


def _reasons(state: CompareState, glyphs: Glyphs) -> list[Line]:
    if state.verdict is None:
        return []
    reasons = state.verdict.reasons
    return [(), *(((f"{glyphs.dot} {shown(reason)}", ""),) for reason in reasons)]


def _left_out(recovery: Recovery, glyphs: Glyphs) -> list[Line]:
    """Say what could not be tried."""
    if not recovery.left_out:
        return []
    rows: list[Line] = [
        ((f"{glyphs.dot} {shown(name, 40)} left out: ", LABEL), (shown(why, 200), LABEL))
        for name, why in recovery.left_out
    ]
    return [(), *rows]
