"""A stream to somebody who may go away: what it does not take goes nowhere, and breaks nothing.

A line drops, a pipe is closed, a disk with a log on it fills up: no reason to lose the work that is
told of there. Knows nothing of what is written.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from typing import TypeVar

Outcome = TypeVar("Outcome")


class LastingStream(io.TextIOWrapper):
    """Writes as long as somebody reads."""

    lost = False
    """Nobody does any more."""

    def write(self, text: str) -> int:
        """Write, or find that it is lost."""
        return self._tried(lambda: super(LastingStream, self).write(text), len(text))

    def flush(self) -> None:
        """Do the same with what waits."""
        self._tried(super().flush, None)

    def when_lost(self) -> None:
        """Be told of it, once."""

    def _tried(self, work: Callable[[], Outcome], instead: Outcome) -> Outcome:
        try:
            return work()
        except OSError:
            if not self.lost:
                self.lost = True
                self._let_go()
                self.when_lost()
            return instead

    def _let_go(self) -> None:
        """Have what waits, and all that comes, go nowhere."""
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, self.fileno())
        os.close(null)
