"""The checkpoints of a file as an application: a table of them, or a run over its steps.

It reads the file again while that grows, and ends with the command of the checkpoint that somebody
wants to see; who runs that command is not its business. It knows neither engine nor models.
"""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from unpact_tui.app import keys, tty
from unpact_tui.app.frame import Frame, Looks
from unpact_tui.app.lines import shown
from unpact_tui.app.screens.track import TrackScreen
from unpact_tui.app.screens.triage import TriageScreen
from unpact_tui.app.triage_opening import START, OpenCheckpoint, Place
from unpact_tui.app.widgets.foot import Foot
from unpact_tui.errors import BadResult, BadUsage, ExitCode
from unpact_tui.track.following import Follower
from unpact_tui.track.openable import inspector_words

PERIOD = 1.0
"""Seconds between two looks at the file."""


class WaitingScreen(Screen[None]):
    """There is nothing whole in the file yet."""

    BINDINGS: ClassVar[list[BindingType]] = [keys.LEAVE[0], keys.LEAVE[2]]

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def compose(self) -> ComposeResult:
        """Say so."""
        words = f"Nothing is in {shown(self._name)} yet; checkpoints are shown as they come."
        yield Static(Content(words), id="board-waiting")
        yield Foot()


class BoardApp(Frame):
    """Ends with `wanted`, the command to run, or without."""

    def __init__(self, follower: Follower, looks: Looks, at: Place = START) -> None:
        """`at` is where to begin."""
        super().__init__(looks, None)
        self.wanted: tuple[str, ...] = ()
        self.at = at
        self._follower = follower
        self._page: TriageScreen | TrackScreen | None = None

    def on_mount(self) -> None:
        """Show what is there, and look again."""
        tty.restore_on_signals(self)
        if self._follower.board.kind is None:
            self.push_screen(WaitingScreen(self._follower.path.name))
        else:
            self._begin()
        self.set_interval(PERIOD, self.reread)

    def reread(self) -> None:
        """Show what came since."""
        try:
            if not self._follower.read():
                return
        except BadResult as error:
            self._follower.stop(str(error))
        if self._page is None and self._follower.board.kind is not None:
            self.pop_screen()
            self._begin()
        elif self._page is not None:
            self._page.show(self._follower.board)

    def _begin(self) -> None:
        board, name = self._follower.board, self._follower.path.name
        kind = TriageScreen if board.kind == "triage" else TrackScreen
        self._page = kind(name, self.glyphs, self.looks.ascii, self.at)
        self._page.show(board)
        self.push_screen(self._page)

    def on_open_checkpoint(self, message: OpenCheckpoint) -> None:
        """End with the command; where it is not to be run from here, say why."""
        try:
            self.wanted = inspector_words(message.words)
        except BadUsage as error:
            self.notify(shown(f"{error} {error.hint}", 1000), timeout=10, markup=False)
            return
        self.at = START if self._page is None else self._page.at
        self.exit(return_code=ExitCode.OK)
