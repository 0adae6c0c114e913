"""What the pages about many checkpoints do alike: they are told, and say which one is to be opened.

Base class of the table and of the run. It knows neither files nor models.
"""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from unpact_tui.app import keys
from unpact_tui.app.glyphs import Glyphs
from unpact_tui.app.lines import Line
from unpact_tui.app.triage_opening import START, OpenCheckpoint, Place
from unpact_tui.app.widgets.foot import Foot
from unpact_tui.app.widgets.status_line import OneLine
from unpact_tui.track.following import Board
from unpact_tui.triage.row import Row

LEAVE = (keys.LEAVE[0], keys.LEAVE[2])
"""The last keys of such a page."""


class BoardScreen(Screen[None]):
    """Lines, one box that scrolls, and a checkpoint that is chosen."""

    DEFAULT_CSS = """
        BoardScreen {
            layout: vertical;
            overflow: hidden;
            & OneLine { height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
            &.-ascii OneLine { text-overflow: clip; }
            &.-tiny > *, &.-flat > * { display: none; }
        }
        """
    AUTO_FOCUS = ""

    def __init__(self, name: str, glyphs: Glyphs, ascii_only: bool, at: Place = START) -> None:
        """`name` says where the rows are from, `at` is where to begin."""
        super().__init__(classes="-ascii" if ascii_only else None)
        self._name = name
        self._glyphs = glyphs
        self._wanted = at
        self._board = Board()

    def compose(self) -> ComposeResult:
        """Lay out what stands below everything else, and in its place where there is no room."""
        yield Foot()
        yield Static(Content("Too small: 40 columns and 10 rows are needed."), id="too-small")

    @property
    def _chosen(self) -> Row | None:
        """The checkpoint that would be opened."""
        raise NotImplementedError

    def action_open(self) -> None:
        """Ask for that checkpoint."""
        if self._chosen is not None:
            self.post_message(OpenCheckpoint(self._chosen.compare))

    def action_scroll_box(self, by: int) -> None:
        """Show more of what has no room."""
        box = self.query_one(VerticalScroll)
        box.scroll_relative(y=by * max(1, box.size.height - 1), animate=False)

    def _say(self, name: str, line: Line) -> None:
        self.query_one(f"#{name}", OneLine).say(line)
