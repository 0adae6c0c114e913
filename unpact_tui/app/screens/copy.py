"""A dialog to choose what to copy: one key for each text. It copies nothing itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.events import Key
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Static

from unpact_tui.app.clipboard import Choice as Choice
from unpact_tui.app.glyphs import Glyphs
from unpact_tui.app.lines import LABEL, STRONG, content, shown
from unpact_tui.app.widgets.foot import Foot

_PREVIEW = 200
"""Characters of a text that are looked at for its preview; a line has room for fewer."""


class _Row(Static):
    """One choice, and how its text begins."""

    class Clicked(Message):
        """Somebody pointed at it."""

        def __init__(self, choice: Choice) -> None:
            super().__init__()
            self.choice = choice

    def __init__(self, choice: Choice, written: Content) -> None:
        super().__init__(written, classes="copy-row")
        self._choice = choice

    def on_click(self) -> None:
        """Take it."""
        self.post_message(self.Clicked(self._choice))


class CopyScreen(ModalScreen[str | None]):
    """Gives the chosen text back, raw, or None."""

    DEFAULT_CSS = """
    CopyScreen {
        align: center middle;
        & .copy-box {
            width: 76;
            max-width: 100%;
            height: auto;
            max-height: 100%;
            padding: 1 2;
            background: $panel;
            border: round $border;
            border-title-style: bold;
            scrollbar-size-vertical: 1;
        }
        & .copy-row { height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
        &.-low .copy-box, &.-lowest .copy-box { padding: 0 2; }
        &.-ascii .copy-box { border: ascii $border; }
        &.-ascii .copy-row { text-overflow: clip; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+g", "dismiss(None)", "Cancel", key_display="esc", id="cancel_copy"),
        # A modal screen keeps the application's own binding away.
        Binding("ctrl+c", "app.interrupt", show=False, id="interrupt_copy"),
        Binding("down", "scroll(1)", show=False, id="copy_down"),
        Binding("up", "scroll(-1)", show=False, id="copy_up"),
    ]

    def __init__(self, choices: Sequence[Choice], glyphs: Glyphs, ascii_only: bool) -> None:
        super().__init__(classes="-ascii" if ascii_only else None)
        self._choices = {choice.key: choice for choice in choices}
        if len(self._choices) < len(choices):
            raise ValueError("two texts have one key")
        self._glyphs = glyphs

    def compose(self) -> ComposeResult:
        """Lay out a line per text."""
        room = max((cell_len(each.label) for each in self._choices.values()), default=0)
        with VerticalScroll(classes="copy-box", can_focus=False) as box:
            box.border_title = Content("Copy")
            for choice in self._choices.values():
                yield _Row(choice, self._written(choice, room))
        yield Foot()

    def _written(self, choice: Choice, room: int) -> Content:
        label = f"{choice.label:<{room}}"
        if not choice.text:
            line = ((f"{choice.key}  {label}  nothing yet", LABEL),)
        else:
            preview = shown(choice.text.strip(), _PREVIEW)
            line = ((choice.key, STRONG), (f"  {label}  ", ""), (preview, LABEL))
        return content([line], self._glyphs)

    def on_key(self, event: Key) -> None:
        """Take the text that the key stands for."""
        choice = self._choices.get(event.character or "")
        if choice is not None:
            event.stop()
            self._take(choice)

    def on__row_clicked(self, event: _Row.Clicked) -> None:
        """Take the text that was pointed at."""
        event.stop()
        self._take(event.choice)

    def _take(self, choice: Choice) -> None:
        if choice.text:
            self.dismiss(choice.text)

    def action_scroll(self, direction: int) -> None:
        """Move where there is too little room."""
        self.query_one(VerticalScroll).scroll_relative(y=3 * direction, animate=False)
