"""What a comparison needs around it: somebody who draws, waits and warns."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from unpact_tui.app.state import CompareState
from unpact_tui.worker.events import Failed


class Alarm(Protocol):
    """Something that will happen unless it is stopped."""

    def stop(self) -> None:
        """Let it not happen."""
        ...


class Stage(Protocol):
    """What a comparison needs around it."""

    def draw(self, state: CompareState) -> None:
        """Show the state."""
        ...

    def later(self, seconds: float, what: Callable[[], None]) -> Alarm:
        """Do something after a while."""
        ...

    def warn(self, failed: Failed) -> None:
        """Say that something could not be done."""
        ...

    def weighed(self) -> None:
        """Show what is known of the weights."""
        ...
