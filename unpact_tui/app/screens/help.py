"""The keys as they are bound now, and how to read the screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Footer, Static

from unpact_tui.app.evidence import LABEL, STRONG, Line
from unpact_tui.app.widgets.recovery_panel import content

Section = tuple[str, Sequence[tuple[str, str]]]
"""A title, and keys with what they do."""

READING: tuple[Line, ...] = (
    (("Reading the screen", STRONG),),
    (("contribution ", STRONG), ("what the answer's log-probability loses without a token", "")),
    (("shift        ", STRONG), ("unlearned minus base, token by token", "")),
    (("orange, blue ", STRONG), ("the token raises, lowers the answer; i shows it as glyphs", "")),
    (("bold, underlined ", STRONG), ("emphasised", ""), ("   reversed ", STRONG), ("cursor", "")),
    (("italic ", STRONG), ("a KeyToken: one that carries the answer on the base", "")),
    (("recovered ", STRONG), ("share of the lost log-probability that comes back", "")),
    (("random words ", STRONG), ("the same emphasis on other words: the control", "")),
    (("same ids ", STRONG), ("the same marks, but the words keep their token ids", "")),
)


class HelpScreen(ModalScreen[None]):
    """Two columns where there is room."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,q,escape,enter", "dismiss", "Close", id="close_help"),
        Binding("down,j", "scroll(1)", "Down", show=False, id="help_down"),
        Binding("up,k", "scroll(-1)", "Up", show=False, id="help_up"),
    ]

    def __init__(self, sections: Sequence[Section]) -> None:
        super().__init__()
        self._sections = sections

    def compose(self) -> ComposeResult:
        """Lay out the sections."""
        with VerticalScroll(classes="dialog help", can_focus=False) as box:
            box.border_title = Content("Help")
            yield Static(content([line for part in self._sections for line in _lines(part)]))
            yield Static(content(READING))
        yield Footer(show_command_palette=False)

    def action_scroll(self, direction: int) -> None:
        """Move the text by some lines."""
        self.query_one(VerticalScroll).scroll_relative(y=3 * direction, animate=False)


def _lines(section: Section) -> list[Line]:
    title, rows = section
    keys: list[Line] = [((f"{key:<14}", STRONG), (does, LABEL)) for key, does in rows]
    return [((title, STRONG),), *keys, ()]
