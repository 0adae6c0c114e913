"""Which prompt is read next when all of them are.

Pure but for looking things up in what is remembered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from attribution.types import Case, Granularity
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
