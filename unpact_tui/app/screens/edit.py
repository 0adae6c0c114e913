"""A dialog to write another prompt, and the answer to test it with."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Label, TextArea
from textual.widgets.text_area import Edit, EditResult

from attribution.types import Case
from unpact_tui.app.widgets.foot import Foot
from unpact_tui.display import display_text


def visible(text: str) -> str:
    """Return text that may stand in a text field: everything but line ends made visible."""
    return "\n".join(display_text(line) for line in text.split("\n"))


class PromptArea(TextArea):
    """A text field that no control sequence gets into, typed, pasted or given."""

    def __init__(self, text: str, *, id: str) -> None:
        super().__init__(visible(text), id=id, soft_wrap=True, tab_behavior="focus")
        self.cursor_blink = False

    def edit(self, edit: Edit) -> EditResult:
        """Make every change visible."""
        return super().edit(replace(edit, text=visible(edit.text)))


class AnswerInput(Input):
    """A line that no control sequence gets into."""

    def __init__(self, text: str, *, id: str) -> None:
        super().__init__(display_text(text), placeholder="what the base says", id=id)
        self.cursor_blink = False

    def replace(self, text: str, start: int, end: int) -> None:
        """Make every change visible."""
        super().replace(display_text(text), start, end)


class EditScreen(ModalScreen[Case | None]):
    """Gives a case back, or None when nothing is to change."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "accept", "Ask this", priority=True, id="accept_edit"),
        Binding("escape,ctrl+g", "cancel", "Cancel", priority=True, id="cancel_edit"),
    ]

    def __init__(self, case: Case, title: str = "Edit") -> None:
        super().__init__()
        self._case = case
        self._title = title

    def compose(self) -> ComposeResult:
        """Lay out the two fields."""
        with Vertical(classes="dialog edit") as box:
            box.border_title = Content(self._title)
            yield Label("Prompt")
            yield PromptArea(self._case.prompt, id="edit-prompt")
            yield Label("Answer to test")
            yield AnswerInput(self._case.answer or "", id="edit-answer")
        yield Foot()

    def on_mount(self) -> None:
        """Start in the prompt, at its end."""
        area = self.query_one(PromptArea)
        area.move_cursor(area.document.end)
        area.focus()

    def on_input_submitted(self) -> None:
        """Enter in the answer accepts, as in any form."""
        self.action_accept()

    def action_accept(self) -> None:
        """Give the edited case back; what was not touched stays as it was, byte by byte."""
        prompt = self.query_one(PromptArea).text
        answer = self.query_one(AnswerInput).value
        before = (visible(self._case.prompt), display_text(self._case.answer or ""))
        if (prompt, answer) == before or not prompt.strip():
            self.dismiss(None)
            return
        self.dismiss(
            replace(
                self._case,
                id=self._case_id(),
                prompt=self._case.prompt if prompt == before[0] else prompt,
                answer=self._case.answer if answer == before[1] else answer.strip() or None,
            )
        )

    def _case_id(self) -> str:
        """A changed prompt is no longer the one of the file; a new one never was."""
        plain = self._case.id.removesuffix(" (edited)")
        return f"{plain} (edited)" if self._case.prompt else plain

    def action_cancel(self) -> None:
        """Change nothing."""
        self.dismiss(None)
