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


def lacking(case: Case, granularity: Granularity, memory: Memory) -> Question | None:
    """Return what is to be asked about a prompt; None where it is read, or could not be."""
    analyse = Analyse(case, granularity, background=True)
    if not memory.whole(analyse):
        return analyse
    recover = Recover(case, (), granularity, background=True)
    failed = memory.failure(analyse) is not None
    return None if failed or memory.whole(recover) else recover


class Reading:
    """How far all prompts are read; of thousands only those are looked at that changed."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._of: tuple[object, object] = (None, None)
        self._known: list[tuple[int, Question | None]] = []
        """Of each prompt: the version of what is known, and what that lacks."""

    def next(self, cases: Sequence[Case], granularity: Granularity) -> Next:
        """Return the first order that is not answered; what could not be read is passed over."""
        if self._of[0] is not cases or self._of[1] != granularity:
            self._of = (cases, granularity)
            self._known = [(-1, None)] * len(cases)
        first: Question | None = None
        done = 0
        for index, case in enumerate(cases):
            version = self._memory.version(case)
            if self._known[index][0] != version:
                self._known[index] = (version, lacking(case, granularity, self._memory))
            lacks = self._known[index][1]
            done += lacks is None
            first = first or lacks
        return Next(first, done, len(cases))


class Background:
    """Asks for one prompt at a time, and not at all unless that is wanted."""

    def __init__(self, wire: Wire) -> None:
        self.wanted = False
        self._wire = wire
        self._reading = Reading(wire.memory)

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
        found = self._reading.next(state.cases, state.granularity)
        if found.order is None:
            self.wanted = False
            return replace(state, scored=None, hint=f"All {found.total} prompts are read.")
        if not self._wire.reading(found.order):
            self._wire.ask(found.order)
        return replace(state, scored=(found.done, found.total))
