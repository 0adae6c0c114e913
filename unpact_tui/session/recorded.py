"""The engine of a session that is only read: it has no models and knows no more than the file.

Meets what the inspector asks of an engine. Whatever was recorded is never asked for, so all it ever
has to say is what was opened, and that it does not know the rest.
"""

from __future__ import annotations

from collections.abc import Callable

from unpact_tui.errors import ExitCode
from unpact_tui.worker.events import Failed, Finished, Opened
from unpact_tui.worker.protocol import Cancel, Open, Order, Reply


class RecordedEngine:
    """Answers nothing but `Open` and `Cancel`."""

    def __init__(self, opened: Opened, hint: str) -> None:
        self._opened = opened
        self._hint = hint
        self._next = 1
        self._listener: Callable[[Reply], None] | None = None

    @property
    def alive(self) -> bool:
        """It cannot die."""
        return True

    def listen(self, callback: Callable[[Reply], None]) -> None:
        """Give replies to `callback`."""
        self._listener = callback

    def send(self, order: Order, client: int = 0) -> int:
        """Answer at once."""
        number = self._next
        self._next += 1
        if self._listener is not None:
            match order:
                case Open():
                    self._listener(Reply(number, self._opened))
                    self._listener(Reply(number, Finished()))
                case Cancel():
                    self._listener(Reply(number, Finished()))
                case _:
                    # What helps is said once: it stays the same.
                    hint, self._hint = self._hint, ""
                    unknown = Failed("This was not recorded.", hint, ExitCode.USAGE)
                    self._listener(Reply(number, unknown))
        return number

    def close(self, timeout: float = 1.0) -> None:
        """Say nothing any more."""
        self._listener = None
