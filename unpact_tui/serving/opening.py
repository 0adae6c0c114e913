"""What the shared engine has said of its checkpoints, kept for tabs that come later."""

from __future__ import annotations

from unpact_tui.worker.events import Cancelled, Event, Failed, Finished, Loading, Opened, Role

LAST = (Finished, Cancelled, Failed)
"""Exactly one of these ends the replies to a request."""


class Opening:
    """The replies to the one `Open`, without progress that newer progress made pointless."""

    def __init__(self, number: int) -> None:
        self.number = number
        """Of the request, as the engine knows it."""
        self.opened = False
        self.failed = False
        self._progress: dict[Role, Loading] = {}
        self._rest: list[Event] = []

    @property
    def over(self) -> bool:
        """Nothing more will be said."""
        return any(isinstance(event, LAST) for event in self._rest)

    @property
    def events(self) -> tuple[Event, ...]:
        """What to say to a tab that asks now."""
        return (*self._progress.values(), *self._rest)

    def note(self, event: Event) -> None:
        """Take one more reply into the record."""
        if isinstance(event, Loading):
            self._progress[event.role] = event
            return
        self.opened |= isinstance(event, Opened)
        self.failed |= isinstance(event, Failed | Cancelled)
        self._rest.append(event)
