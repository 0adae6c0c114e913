"""The last row: the keys that fit. Half a word would only be noise."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from rich.cells import cell_len
from textual import getters
from textual.app import ComposeResult
from textual.events import Resize
from textual.widgets import Footer

from unpact_tui.app.host import Host


@runtime_checkable
class Knows(Protocol):
    """A screen that knows which of its actions are of use now."""

    def useful(self, action: str) -> bool:
        """Tell whether an action would do something."""
        ...


class Foot(Footer):
    """Textual's footer, cut between keys, without those that would do nothing."""

    app = getters.app(Host)

    def __init__(self) -> None:
        super().__init__(compact=True, show_command_palette=False)
        self._room = 0

    def compose(self) -> ComposeResult:
        """Lay out the keys from the left while there is room."""
        self._room = self.app.size.width
        left = self._room
        for key in super().compose():
            action = getattr(key, "action", "")
            if isinstance(self.screen, Knows) and not self.screen.useful(action):
                continue
            texts = (getattr(key, "key_display", ""), getattr(key, "description", ""))
            left -= sum(cell_len(text) for text in texts) + 1
            if left < 0:
                return
            yield key
            left -= 1

    def on_resize(self, event: Resize) -> None:
        """Cut anew."""
        if self._room not in (0, event.size.width):
            self.refresh(recompose=True)
