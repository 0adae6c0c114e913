"""The keys as they are bound now, and how to read the screen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.events import Resize
from textual.screen import ModalScreen
from textual.widgets import Static

from unpact_tui.app.glyphs import Glyphs
from unpact_tui.app.lines import LABEL, STRONG, Line, content
from unpact_tui.app.widgets.foot import Foot

Row = tuple[str, str]
"""A key, or a word, and what it does or means."""

Section = tuple[str, Sequence[Row]]

READING: Section = (
    "Reading the screen",
    (
        ("contribution", "what the answer's log-probability loses without the token"),
        ("shift", "the same on the unlearned model, minus the base"),
        ("orange, blue", "the token raises the answer, lowers it"),
        ("underlined", "emphasised; in an answer: also in the answer under test"),
        ("[-word-]", "in the unlearned answer: the base says it here, and this does not"),
        ("bold word", "in the unlearned answer: the base says it too"),
        ("italic, ▸", "a KeyToken: it carries the answer on the base"),
        ("reversed", "the cursor, the same in both panes"),
        ("[number]", "after a contribution: what this view colours by instead"),
        ("#2", "the second largest contribution of all tokens"),
        ("focus", "how much the unlearned model kept of the KeyTokens' contributions"),
        ("recovered", "share of the lost log-probability that comes back"),
        ("random words", "the same emphasis on other words: the control"),
        ("same ids", "the same marks, set so that the words keep their token ids"),
        ("lift", "recovered, minus what random words recover, in points"),
    ),
)

_COLUMN = 44
"""Cells that a column of keys needs."""
_KEY = 11
_MOST_COLUMNS = 3


class HelpScreen(ModalScreen[None]):
    """As many columns as there is room for."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,q,escape,enter", "dismiss", "Close", id="close_help"),
        # A modal screen hides the application's own binding.
        Binding("ctrl+c", "app.interrupt", show=False, id="interrupt_help"),
        Binding("down,j", "scroll(1)", "Down", id="help_down"),
        Binding("up,k", "scroll(-1)", "Up", id="help_up"),
    ]

    def __init__(
        self, sections: Sequence[Section], glyphs: Glyphs, words: Section | None = None
    ) -> None:
        """`words` explain what stands on the screen."""
        super().__init__()
        self._sections = sections
        self._words = words
        self._glyphs = glyphs
        self._columns = 0

    def compose(self) -> ComposeResult:
        """Lay out the sections."""
        with VerticalScroll(classes="dialog help", can_focus=False) as box:
            box.border_title = Content("Help")
            with Horizontal(id="help-keys"):
                for _ in range(_MOST_COLUMNS):
                    yield Static(markup=False)
            yield Static(id="help-words", markup=False)
        yield Foot()

    def on_resize(self, event: Resize) -> None:
        """Divide the sections among the columns that fit."""
        box = self.query_one(VerticalScroll)
        width = min(event.size.width, 140) - 6
        count = max(1, min(_MOST_COLUMNS, width // _COLUMN))
        if count == self._columns:
            return
        self._columns = count
        box.styles.width = min(event.size.width, count * _COLUMN + 8)
        parts = divided(self._sections, count)
        for number, column in enumerate(self.query("#help-keys Static").results(Static)):
            column.display = number < count
            if number < count:
                lines = [line for part in parts[number] for line in _lines(part)]
                column.update(content(lines, self._glyphs))
        words = _lines(self._words) if self._words else []
        self.query_one("#help-words", Static).update(content(words, self._glyphs))

    def action_scroll(self, direction: int) -> None:
        """Move the text by some lines."""
        self.query_one(VerticalScroll).scroll_relative(y=3 * direction, animate=False)


def divided(sections: Sequence[Section], count: int) -> list[list[Section]]:
    """Divide sections, in order, into columns whose longest is as short as can be."""
    heights = [len(rows) + 2 for _, rows in sections]
    limit = max(heights, default=1)
    while len(columns := _filled(sections, heights, limit)) > count:
        limit += 1
    return [*columns, *([[]] * (count - len(columns)))]


def _filled(sections: Sequence[Section], heights: Sequence[int], limit: int) -> list[list[Section]]:
    columns: list[list[Section]] = [[]]
    room = limit
    for section, height in zip(sections, heights, strict=True):
        if height > room and columns[-1]:
            columns.append([])
            room = limit
        columns[-1].append(section)
        room -= height
    return columns


def _lines(section: Section) -> list[Line]:
    title, rows = section
    keys: list[Line] = [((f"{key:<{_KEY}} ", STRONG), (does, LABEL)) for key, does in rows]
    return [((title, STRONG),), *keys, ()]
