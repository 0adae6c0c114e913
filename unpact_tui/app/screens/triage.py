"""Many checkpoints beside one base: a table to sort and to filter, and all about the one chosen.

It is given a board of rows, as often as there is something new, and says by a message which
checkpoint is to be opened. It knows neither files nor models.
"""

from __future__ import annotations

from typing import ClassVar

from textual import getters
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Input, Static

from unpact_tui.app import keys
from unpact_tui.app.glyphs import Glyphs
from unpact_tui.app.host import Host
from unpact_tui.app.lines import LABEL, WARN, Line, content
from unpact_tui.app.screens.search import Needle
from unpact_tui.app.triage_lines import counts, detail, title
from unpact_tui.app.triage_opening import START, OpenCheckpoint, Place
from unpact_tui.app.triage_rows import ASIDE, COLUMNS, KEYS, LEGEND, arranged, heading, misread
from unpact_tui.app.widgets.foot import Foot
from unpact_tui.app.widgets.triage_list import TriageList
from unpact_tui.track.following import Board
from unpact_tui.triage.ranking import Ranked, table

_HINT = "text, or is: with suppressed, collapsed, front, failed, ..."


def _bind(keys: str, action: str, name: str, does: str, foot: str = "", sign: str = "") -> Binding:
    return Binding(
        keys,
        action,
        foot or does,
        show=bool(foot),
        key_display=sign or None,
        id=name,
        tooltip=does,
    )


_KEYS: list[BindingType] = [
    _bind("enter", "open", "open_checkpoint", "open it in the inspector", "Open", "enter"),
    _bind("s", "sort(1)", "sort_checkpoints", "sort by the next column", "Sort"),
    _bind("S", "turn", "turn_order", "the other way round", "Turn"),
    _bind("slash", "filter", "filter_checkpoints", "filter by text, or by is:...", "Filter", "/"),
    _bind("escape", "back", "end_filter", "end the filter"),
    _bind("down,j", "move(1)", "next_checkpoint", "down"),
    _bind("up,k", "move(-1)", "previous_checkpoint", "up"),
    _bind("ctrl+f", "page(1)", "checkpoints_down", "half a page down"),
    _bind("ctrl+b", "page(-1)", "checkpoints_up", "half a page up"),
    _bind("home,g", "end(-1)", "first_checkpoint", "first"),
    _bind("end,G", "end(1)", "last_checkpoint", "last"),
    _bind("pagedown,ctrl+d", "scroll_detail(1)", "detail_down", "detail down", "Detail", "pgdn"),
    _bind("pageup,ctrl+u", "scroll_detail(-1)", "detail_up", "detail up"),
    keys.LEAVE[0],
    keys.LEAVE[2],
]

_LOOK = """
TriageScreen {
    layout: vertical;
    overflow: hidden;
    & .triage-line { height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
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
    & #triage-filter { display: none; height: 1; padding: 0 1; }
    & #triage-sign { width: 2; }
    &.-filtering #triage-filter { display: block; }
    &.-ascii .triage-line { text-overflow: clip; }
    &.-ascii #triage-detail { border-top: ascii $foreground 40%; }
    &.-medium #triage-legend, &.-low #triage-legend, &.-lowest #triage-legend { display: none; }
    &.-lowest #triage-detail { display: none; }
    & #triage-too-small { display: none; width: 100%; height: 100%; }
    &.-tiny > *, &.-flat > * { display: none; }
    &.-tiny > #triage-too-small, &.-flat > #triage-too-small { display: block; }
}
"""


class Filter(Needle):
    """What rows must say to be shown."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Keep", key_display="enter", id="keep_triage_filter"),
        Binding("escape", "screen.back", "Clear", key_display="esc", id="clear_triage_filter"),
    ]


class TriageScreen(Screen[None]):
    """Shows what it is told."""

    BINDINGS: ClassVar[list[BindingType]] = _KEYS
    DEFAULT_CSS = _LOOK
    AUTO_FOCUS = ""
    app = getters.app(Host)
    _list = getters.query_one(TriageList)
    _filter = getters.query_one(Filter)

    def __init__(self, name: str, glyphs: Glyphs, ascii_only: bool, at: Place = START) -> None:
        """`name` says where the rows are from, `at` is where to begin."""
        super().__init__(classes="-ascii" if ascii_only else None)
        self._name = name
        self._glyphs = glyphs
        self._at = at
        self._board = Board()
        self._ranked: tuple[Ranked, ...] = ()
        self._shown: list[Ranked] = []
        self._order = 0
        self._falling = False
        self._lines: dict[str, list[Line]] = {}

    def compose(self) -> ComposeResult:
        """Lay out the lines, the list and what is under the cursor."""
        for name in ("title", "counts", "heading"):
            yield Static(id=f"triage-{name}", classes="triage-line", markup=False)
        yield TriageList(self._glyphs)
        with VerticalScroll(id="triage-detail", can_focus=False):
            yield Static(id="triage-about", markup=False)
        yield Static(Content(self._glyphs.write(" ".join(LEGEND))), id="triage-legend")
        with Horizontal(id="triage-filter"):
            yield Static("/", id="triage-sign", markup=False)
            yield Filter("", placeholder=self._glyphs.write(_HINT), id="triage-needle")
        yield Foot()
        yield Static(
            Content("Too small: 40 columns and 10 rows are needed."), id="triage-too-small"
        )

    def on_mount(self) -> None:
        """Start with what is known."""
        self._list.focus()
        self._arrange()
        place = next((i for i, row in enumerate(self._shown) if row.key == self._at.key), 0)
        self._list.go(place)

    def show(self, board: Board) -> None:
        """Show these rows, ranked anew."""
        if board.rows != self._board.rows:
            aside = {row.key for row in board.rows if not ASIDE.isdisjoint(row.warnings)}
            self._ranked = table(board.rows, aside=aside).checkpoints
        self._board = board
        if self.is_mounted and self.is_attached:
            self._arrange()

    @property
    def at(self) -> Place:
        """Where somebody is."""
        return START if self._list.here is None else Place(self._list.here.key)

    # ------------------------------------------------------------ what a person does

    def action_move(self, by: int) -> None:
        """Go some rows down."""
        self._list.go(self._list.cursor + by)

    def action_page(self, by: int) -> None:
        """Go half a page down."""
        self._list.go(self._list.cursor + by * self._list.half_page)

    def action_end(self, side: int) -> None:
        """Go to the first or the last row."""
        self._list.go(0 if side < 0 else len(self._shown) - 1)

    def action_scroll_detail(self, by: int) -> None:
        """Show more of what is known of a checkpoint."""
        box = self.query_one("#triage-detail", VerticalScroll)
        box.scroll_relative(y=by * max(1, box.size.height - 1), animate=False)

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

    def action_filter(self) -> None:
        """Write a filter."""
        self.add_class("-filtering")
        self._filter.focus()

    def action_back(self) -> None:
        """Take the filter away."""
        if self.has_class("-filtering"):
            self._filter.value = ""
            self.remove_class("-filtering")
            self._list.focus()
            self._arrange()

    def action_open(self) -> None:
        """Ask for the checkpoint under the cursor."""
        if self._list.here is not None:
            self.post_message(OpenCheckpoint(self._list.here.compare))

    # ------------------------------------------------------------ what the parts say

    def on_input_changed(self) -> None:
        """Filter at once."""
        self._arrange()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Back to the list; an empty filter goes."""
        event.stop()
        self._list.focus()
        self.set_class(bool(event.value.strip()), "-filtering")

    def on_triage_list_moved(self) -> None:
        """Say what is under the cursor, from its beginning."""
        self.query_one("#triage-detail", VerticalScroll).scroll_home(animate=False)
        self._detail()

    def on_triage_list_chosen(self) -> None:
        """A second click opens."""
        self.action_open()

    def on_triage_list_placed(self) -> None:
        """Name the columns where they stand."""
        self._head()

    # ------------------------------------------------------------ drawing

    def _arrange(self) -> None:
        wanted = self._filter.value
        key = KEYS[self._order]
        self._shown = arranged(self._ranked, key, wanted, falling=self._falling)
        self._list.show(self._shown)
        self._write(
            "triage-title", title(self._name, self._board, len(self._shown), key.name, wanted)
        )
        odd = misread(wanted)
        said: Line = ((f"No checkpoint can be {odd}.", WARN),)
        rows = counts(self._ranked, self._board.trouble, self._glyphs)
        self._write("triage-counts", said if odd else rows)
        self._detail()

    def _head(self) -> None:
        key = KEYS[self._order]
        names = heading(self._list.fit, key, self._glyphs, falling=self._falling)
        self._write("triage-heading", ((names, LABEL),))

    def _detail(self) -> None:
        lines = detail(self._list.here, self._glyphs)
        if self._lines.get("triage-about") != lines:
            self._lines["triage-about"] = lines
            self.query_one("#triage-about", Static).update(content(lines, self._glyphs))

    def _write(self, name: str, line: Line) -> None:
        if self._lines.get(name) != [line]:
            self._lines[name] = [line]
            self.query_one(f"#{name}", Static).update(content([line], self._glyphs), layout=False)
