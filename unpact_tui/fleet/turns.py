"""A job that waits for its turn, and whether it gets another when whoever did it is lost.

Knows no engine.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from unpact_tui.fleet.jobs import Job, Lost, Said


@dataclass(frozen=True, slots=True)
class Turn:
    """A job, and how often it was given out before."""

    job: Job
    tries: int = 0


@dataclass(slots=True)
class Queue:
    """What is yet to be given out."""

    retries: int
    waiting: deque[Turn] = field(default_factory=deque[Turn])

    def again(self, turn: Turn, how: str) -> Said | Lost:
        """Put a job at the end of the queue after `how`, unless it was tried too often."""
        tries = turn.tries + 1
        if tries > self.retries:
            return Lost(turn.job.key, f"{how}, {tries} times." if tries > 1 else f"{how}.")
        self.waiting.append(Turn(turn.job, tries))
        return Said(turn.job.key, f"{how}; it is tried again ({tries} of {self.retries})", 0, 0)
