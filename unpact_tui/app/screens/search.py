"""One line at the foot to say what to look for; what is searched stays in sight."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from unpact_tui.app.glyphs import Glyphs
from unpact_tui.app.lines import LABEL, content, shown
from unpact_tui.display import display_text

_LONGEST_COUNT = 60


class Needle(Input):
    """A line that no control sequence gets into, without a frame."""

    DEFAULT_CSS = """
        Needle, Needle:focus {
            border: none;
            height: 1;
            padding: 0;
            background: transparent;
        }
        """

    def __init__(self, text: str, *, placeholder: str, id: str) -> None:
        super().__init__(display_text(text), placeholder=placeholder, id=id, select_on_focus=False)
        self.cursor_blink = False

    def replace(self, text: str, start: int, end: int) -> None:
        """Make every change visible."""
        super().replace(display_text(text), start, end)


class SearchScreen(ModalScreen[str | None]):
    """Gives what to look for, empty for nothing any more, or None when nothing is to change."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+g", "dismiss(None)", "Cancel", priority=True, id="cancel_search"),
        # A modal screen hides the application's own binding.
        Binding("ctrl+c", "app.interrupt", show=False, priority=True, id="interrupt_search"),
    ]

    # Not DEFAULT_CSS: what the application says of every dialog would win.
    CSS = """
        SearchScreen.-line { align: left bottom; background: transparent; }
        #search-line { height: 1; width: 100%; background: $panel; padding: 0 1; }
        #search-sign { width: 2; }
        #search-needle { width: 3fr; }
        #search-count {
            width: 2fr;
            height: 1;
            padding-left: 1;
            text-align: right;
            text-wrap: nowrap;
            text-overflow: clip;
        }
    """

    def __init__(self, needle: str, count: Callable[[str], str], glyphs: Glyphs) -> None:
        """Start with `needle`; `count` says in a few words how often a text is there."""
        super().__init__(classes="-line")
        self._needle = needle
        self._count = count
        self._glyphs = glyphs
        self._said = ""

    def compose(self) -> ComposeResult:
        """Lay out the line."""
        with Horizontal(id="search-line"):
            yield Static("/", id="search-sign", markup=False)
            yield Needle(self._needle, placeholder="text to find; enter, esc", id="search-needle")
            yield Static(id="search-count", markup=False)

    def on_mount(self) -> None:
        """Begin to write after what is there."""
        line = self.query_one(Needle)
        line.cursor_position = len(line.value)
        line.focus()
        self._tell(line.value)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Say how often it is there."""
        self._tell(event.value)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take it."""
        event.stop()
        self.dismiss(event.value)

    def _tell(self, needle: str) -> None:
        said = shown(self._count(needle), _LONGEST_COUNT) if needle else ""
        if said != self._said:
            self._said = said
            self.query_one("#search-count", Static).update(
                content([((said, LABEL),)], self._glyphs), layout=False
            )
