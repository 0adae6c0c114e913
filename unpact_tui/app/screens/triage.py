"""Many checkpoints beside one base: a table to sort and to filter, and all about the one chosen.

It is given a board of rows, as often as there is something new, and says by a message which
checkpoint is to be opened. It knows neither files nor models.
"""

from __future__ import annotations

from typing import ClassVar

from textual import getters
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from unpact_tui.app.binding import bind
from unpact_tui.app.glyphs import Glyphs
from unpact_tui.app.lines import LABEL, WARN, Line, content
from unpact_tui.app.screens.board import LEAVE, BoardScreen
from unpact_tui.app.screens.listing import FilterLine, ListingScreen
from unpact_tui.app.triage_lines import counts, detail, title
from unpact_tui.app.triage_opening import START, Place
from unpact_tui.app.triage_rows import (
    COLUMNS,
    KEYS,
    LEGEND,
    arranged,
    heading,
    longest_name,
    misread,
)
from unpact_tui.app.widgets.status_line import OneLine
from unpact_tui.app.widgets.triage_list import TriageList
from unpact_tui.track.following import Board
from unpact_tui.triage.ranking import Ranked, table

_HINT = "text, or is: with suppressed, collapsed, front, failed, ..."

_KEYS: list[BindingType] = [
    bind("enter", "open", "open_checkpoint", "open it in the inspector", "Open", "enter"),
    bind("s", "sort(1)", "sort_checkpoints", "sort by the next column", "Sort"),
    bind("S", "turn", "turn_order", "the other way round", "Turn"),
    bind("slash", "filter", "filter_checkpoints", "filter by text, or by is:...", "Filter", "/"),
    bind("escape", "back", "end_filter", "end the filter"),
    bind("down,j", "move(1)", "next_checkpoint", "down"),
    bind("up,k", "move(-1)", "previous_checkpoint", "up"),
    bind("ctrl+f", "page(1)", "checkpoints_down", "half a page down"),
    bind("ctrl+b", "page(-1)", "checkpoints_up", "half a page up"),
    bind("home,g", "end(-1)", "first_checkpoint", "first"),
    bind("end,G", "end(1)", "last_checkpoint", "last"),
    bind("pagedown,ctrl+d", "scroll_box(1)", "detail_down", "detail down", "Detail", "pgdn"),
    bind("pageup,ctrl+u", "scroll_box(-1)", "detail_up", "detail up"),
    *LEAVE,
]

_LOOK = """
TriageScreen {
    & #triage-title { background: $panel; }
    & #triage-heading { color: $text-muted; }
    & #triage-legend { height: auto; max-height: 3; padding: 0 1; color: $text-muted; }
    & TriageList { padding: 0 1; height: 3fr; min-height: 3; }
    & #triage-detail {
        height: 2fr;
        padding: 0 1;
        scrollbar-size-vertical: 1;
        border-top: solid $foreground 40%;
        &:ansi { border-top: solid ansi_bright_black; }
    }
    &.-ascii #triage-detail { border-top: ascii $foreground 40%; }
    &.-medium #triage-legend, &.-low #triage-legend, &.-lowest #triage-legend { display: none; }
    &.-lowest #triage-detail { display: none; }
}
"""


class TriageScreen(BoardScreen, ListingScreen[None]):
    """Shows what it is told."""

    BINDINGS: ClassVar[list[BindingType]] = _KEYS
    DEFAULT_CSS = _LOOK
    _list = getters.query_one(TriageList)

    def __init__(self, name: str, glyphs: Glyphs, ascii_only: bool, at: Place = START) -> None:
        """`name` says where the rows are from, `at` is where to begin."""
        super().__init__(name, glyphs, ascii_only, at)
        self._ranked: tuple[Ranked, ...] = ()
        self._shown: list[Ranked] = []
        self._order = 0
        self._falling = False
        self._about: list[Line] = []

    def compose(self) -> ComposeResult:
        """Lay out the lines, the list and what is under the cursor."""
        for name in ("title", "counts", "heading"):
            yield OneLine(self._glyphs, id=f"triage-{name}")
        yield TriageList(self._glyphs)
        with VerticalScroll(id="triage-detail", can_focus=False):
            yield Static(id="triage-about", markup=False)
        yield Static(Content(self._glyphs.write(" ".join(LEGEND))), id="triage-legend")
        yield FilterLine(self._glyphs.write(_HINT))
        yield from super().compose()

    def on_mount(self) -> None:
        """Start with what is known."""
        self._list.focus()
        self._arrange()
        place = next((i for i, row in enumerate(self._shown) if row.key == self._wanted.key), 0)
        self._list.go(place)

    def show(self, board: Board) -> None:
        """Show these rows, ranked anew."""
        if board.rows != self._board.rows:
            self._ranked = table(board.rows).checkpoints
        self._board = board
        if self.is_mounted and self.is_attached:
            self._arrange()

    @property
    def at(self) -> Place:
        """Where somebody is."""
        return START if self._chosen is None else Place(self._chosen.key)

    @property
    def _chosen(self) -> Ranked | None:
        return self._list.here

    # ------------------------------------------------------------ what a person does

    def action_sort(self, by: int) -> None:
        """Sort by the next column that is seen; numbers fall, as the largest are looked for."""
        count = len(KEYS) - len(COLUMNS) + self._list.fit.columns
        self._order = (self._order + by) % count
        self._falling = self._order >= len(KEYS) - len(COLUMNS)
        self._sorted()

    def action_turn(self) -> None:
        """Sort the other way round."""
        self._falling = not self._falling
        self._sorted()

    def _sorted(self) -> None:
        self._arrange()
        self._head()
        self._list.go(0)

    # ------------------------------------------------------------ what the parts say

    def on_row_list_moved(self) -> None:
        """Say what is under the cursor, from its beginning."""
        self.query_one("#triage-detail", VerticalScroll).scroll_home(animate=False)
        self._detail()

    def on_row_list_chosen(self) -> None:
        """A second click opens."""
        self.action_open()

    def on_row_list_placed(self) -> None:
        """Name the columns where they stand."""
        self._head()

    # ------------------------------------------------------------ drawing

    def _arrange(self) -> None:
        wanted = self._filter.value
        key = KEYS[self._order]
        self._shown = arranged(self._ranked, key, wanted, falling=self._falling)
        self._list.show(self._shown, longest_name(self._shown))
        said = title(self._name, self._board, len(self._shown), key.name, wanted)
        self._say("triage-title", said)
        odd = misread(wanted)
        wrong: Line = ((f"No checkpoint can be {odd}.", WARN),)
        rows = counts(self._ranked, self._board.trouble, self._glyphs)
        self._say("triage-counts", wrong if odd else rows)
        self._detail()

    def _head(self) -> None:
        key = KEYS[self._order]
        names = heading(self._list.fit, key, self._glyphs, falling=self._falling)
        self._say("triage-heading", ((names, LABEL),))

    def _detail(self) -> None:
        lines = detail(self._list.here, self._glyphs)
        if lines != self._about:
            self._about = lines
            self.query_one("#triage-about", Static).update(content(lines, self._glyphs))
