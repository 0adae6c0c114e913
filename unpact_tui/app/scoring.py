"""All prompts read in the background, one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from attribution.types import Case, Granularity
from unpact_tui.app.state import CompareState
from unpact_tui.app.wire import Wire
from unpact_tui.session.memory import Memory
from unpact_tui.worker.protocol import Analyse, Question, Recover


@dataclass(frozen=True, slots=True)
class Next:
    """What to ask for, and how far it is."""

    order: Question | None
    """None when everything is read."""
    done: int
    total: int


def next_to_read(cases: Sequence[Case], granularity: Granularity, memory: Memory) -> Next:
    """Return the first order that is not answered; what could not be read is passed over."""
    first: Question | None = None
    done = 0
    for case in cases:
        analyse = Analyse(case, granularity, background=True)
        recover = Recover(case, (), granularity, background=True)
        if not memory.whole(analyse):
            first = first or analyse
        elif memory.failure(analyse) is None and not memory.whole(recover):
            first = first or recover
        else:
            done += 1
    return Next(first, done, len(cases))


class Background:
    """Asks for one prompt at a time, and not at all unless that is wanted."""

    def __init__(self, wire: Wire) -> None:
        self.wanted = False
        self._wire = wire

    def want(self, *, wanted: bool) -> None:
        """Begin, or stop; what could not be read is tried once more."""
        if wanted:
            self._wire.memory.forget_failures()
        elif self.wanted:
            self._wire.cancel(background=True)
        self.wanted = wanted

    def pumped(self, state: CompareState) -> CompareState:
        """Have the next prompt read, and return the state that says how far it is."""
        if not self.wanted:
            return state if state.scored is None else replace(state, scored=None)
        found = next_to_read(state.cases, state.granularity, self._wire.memory)
        if found.order is None:
            self.wanted = False
            return replace(state, scored=None, hint=f"All {found.total} prompts are read.")
        if not self._wire.reading(found.order):
            self._wire.ask(found.order)
        return replace(state, scored=(found.done, found.total))
