"""All prompts of a session with what came of each: to overlook, to filter, to go to one.

It lies over the comparison and knows neither engine nor session: whoever pushed it hands it rows,
and hears what is wanted by messages; the chosen prompt's index is what it is dismissed with.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import getters
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message

from unpact_tui.app import prompt_rows
from unpact_tui.app.glyphs import Glyphs
from unpact_tui.app.host import Host
from unpact_tui.app.lines import WARN, Line
from unpact_tui.app.prompt_lines import counted, progress_line, title_line
from unpact_tui.app.prompt_rows import ORDERS, Order, PromptRow
from unpact_tui.app.screens.listing import FilterLine, ListingScreen
from unpact_tui.app.widgets.foot import Foot
from unpact_tui.app.widgets.prompt_detail import PromptDetail
from unpact_tui.app.widgets.prompt_list import PromptList
from unpact_tui.app.widgets.status_line import OneLine

_JUMPS: dict[str, Callable[[Sequence[PromptRow], int], int | None]] = {
    "suppressed": prompt_rows.next_suppressed,
    "collapsed": prompt_rows.next_collapsed,
    "changed": prompt_rows.next_changed,
}

_HINT = "text, or is: with suppressed, collapsed, failed, waiting, forget, retain, changed, ..."


def _bind(
    keys: str, action: str, name: str, foot: str = "", sign: str | None = None, does: str = ""
) -> Binding:
    shown = bool(foot)
    return Binding(
        keys, action, foot or does, show=shown, key_display=sign, id=name, tooltip=does or foot
    )


_KEYS: list[BindingType] = [
    _bind("enter", "open", "open_prompt", "Open", "enter"),
    _bind("q", "dismiss(None)", "close_prompts", "Close"),
    _bind("slash", "filter", "filter_prompts", "Filter", "/"),
    _bind("s", "sort", "sort_prompts", "Sort"),
    _bind("B", "score", "score_prompts", "Read all, stop"),
    _bind("A", "add", "add_prompt", "Add"),
    _bind("e", "edit", "edit_listed_prompt", "Edit"),
    _bind(
        "f", "jump('suppressed')", "next_suppressed", "Suppressed", does="next that is SUPPRESSED"
    ),
    _bind("F", "jump('collapsed')", "next_collapsed", "Collapsed"),
    _bind(
        "d",
        "jump('changed')",
        "next_changed",
        "Changed",
        does="next with another answer",
    ),
    _bind("escape", "back", "back_from_prompts", does="end the filter, or close"),
    _bind("down,j", "move(1)", "next_row", does="down"),
    _bind("up,k", "move(-1)", "previous_row", does="up"),
    _bind("pagedown,ctrl+d", "page(1)", "rows_down", does="half a page down"),
    _bind("pageup,ctrl+u", "page(-1)", "rows_up", does="half a page up"),
    _bind("home,g", "end(-1)", "first_row", does="first"),
    _bind("end,G", "end(1)", "last_row", does="last"),
]

_LOOK = """
PromptsScreen {
    layout: vertical;
    & OneLine { height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; }
    & #prompts-title { background: $panel; }
    & #prompts-heading { color: $text-muted; }
    & PromptList { padding: 0 1; }
    &.-ascii OneLine { text-overflow: clip; }
}
"""


class PromptsScreen(ListingScreen[int | None]):
    """Gives the index of the prompt to open, or None."""

    BINDINGS: ClassVar[list[BindingType]] = _KEYS
    DEFAULT_CSS = _LOOK
    app = getters.app(Host)
    _list = getters.query_one(PromptList)
    _detail = getters.query_one(PromptDetail)

    class Scoring(Message):
        """The prompts that wait are to be read in the background, or no longer."""

        def __init__(self, wanted: bool) -> None:
            super().__init__()
            self.wanted = wanted

    class Add(Message):
        """Another prompt is to be written."""

    class EditRow(Message):
        """A prompt is to be changed."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    def __init__(
        self, rows: Sequence[PromptRow], current: int, glyphs: Glyphs, ascii_only: bool
    ) -> None:
        """Show `rows`; `current` is the index of the one that is open."""
        super().__init__(classes="-ascii" if ascii_only else None)
        self._rows = rows
        self._progress: tuple[int, int] | None = None
        self._current = current
        self._order: Order = "file"
        self._shown: list[PromptRow] = []
        self._ids: list[str] = []
        self._longest = 0
        self._note = ""
        self._glyphs = glyphs
        self._plain = ascii_only

    def compose(self) -> ComposeResult:
        """Lay out the lines, the list and what is under the cursor."""
        for name in ("title", "counts", "progress", "heading"):
            yield OneLine(self._glyphs, id=f"prompts-{name}")
        yield PromptList(self._glyphs, plain=self._plain, current=self._current)
        yield PromptDetail(self._glyphs, plain=self._plain)
        yield FilterLine(_HINT)
        yield Foot()

    def on_mount(self) -> None:
        """Start at the prompt that is open."""
        self._list.focus()
        self._arrange()
        here = next((i for i, row in enumerate(self._shown) if row.index == self._current), 0)
        self._list.go(here)
        self._detail.show(self._list.here)

    def show(self, rows: Sequence[PromptRow], progress: tuple[int, int] | None) -> None:
        """Show rows anew, and how many are read of how many while that goes on."""
        self._rows, self._progress = rows, progress
        if self.is_mounted and self.is_attached:
            self._arrange()

    # ------------------------------------------------------------ what a person does

    def action_jump(self, name: str) -> None:
        """Go to the next row of a kind."""
        place = _JUMPS[name](self._shown, self._list.cursor)
        if place is None:
            self._say_note(f"There is no other {name} prompt in the list.")
        else:
            self._list.go(place)

    def action_open(self) -> None:
        """Leave for the prompt under the cursor."""
        if self._list.here is not None:
            self.dismiss(self._list.here.index)

    def action_edit(self) -> None:
        """Ask for the prompt under the cursor to be changed."""
        if self._list.here is not None:
            self._ask(self.EditRow(self._list.here.index))

    def action_add(self) -> None:
        """Ask for another prompt."""
        self._ask(self.Add())

    def action_score(self) -> None:
        """Ask for all to be read, or for that to stop."""
        self._ask(self.Scoring(self._progress is None))

    def action_sort(self) -> None:
        """Sort by the next key, and go to what it puts in front."""
        self._order = ORDERS[(ORDERS.index(self._order) + 1) % len(ORDERS)]
        self._arrange()
        self._head()
        if self._order != "file":
            self._list.go(0)

    def action_back(self) -> None:
        """Take the filter away; without one, leave."""
        if self.filtering:
            super().action_back()
        else:
            self.dismiss(None)

    def _ask(self, message: Message) -> None:
        """Ask the screen below: it pushed this one, but no message goes there by itself."""
        stack = self.app.screen_stack
        stack[max(0, stack.index(self) - 1)].post_message(message)

    # ------------------------------------------------------------ what the parts say

    def on_row_list_moved(self) -> None:
        """Say what is under the cursor."""
        self._say_note("")
        self._detail.show(self._list.here)

    def on_row_list_chosen(self) -> None:
        """A second click opens."""
        self.action_open()

    def on_row_list_placed(self) -> None:
        """Name the columns where they stand."""
        self._say("prompts-counts", ((self._counts(), ""),))
        self._head()

    # ------------------------------------------------------------ drawing

    def _arrange(self) -> None:
        ids = [row.id for row in self._rows]
        if ids != self._ids:
            self._ids, self._longest = ids, prompt_rows.longest_id(self._rows)
        self._shown = prompt_rows.arranged(self._rows, self._order, self._filter.value)
        self._list.show(self._shown, self._longest)
        wanted = self._filter.value
        self._say("prompts-title", title_line(self._order, wanted, len(self._shown)))
        self._say("prompts-counts", ((self._counts(), ""),))
        self._progress_line()
        self._detail.show(self._list.here)

    def _head(self) -> None:
        names = prompt_rows.heading(self._list.fit, self._order, self._glyphs)
        self._say("prompts-heading", ((names, ""),))

    def _counts(self) -> str:
        return counted(self._rows, self._glyphs, self.size.width - 2)

    def _say_note(self, note: str) -> None:
        self._note = note
        self._progress_line()

    def _progress_line(self) -> None:
        doing = progress_line(self._rows, self._progress, self._glyphs)
        self._say("prompts-progress", ((self._note, WARN),) if self._note else doing)

    def _say(self, name: str, line: Line) -> None:
        self.query_one(f"#{name}", OneLine).say(line)
