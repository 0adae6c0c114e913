"""What is seen when the engine is gone: why, what helps, and the ways on."""

from __future__ import annotations

from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from unpact_tui.app.widgets.foot import Foot
from unpact_tui.display import display_text
from unpact_tui.worker.events import Failed

Choice = Literal["restart", "quit"]


class ErrorScreen(ModalScreen[Choice]):
    """Waits for a decision."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("R,r", "choose('restart')", "Restart the engine", id="restart_engine"),
        Binding("q", "choose('quit')", "Quit", id="quit_after_error"),
        # A modal screen keeps the application's own binding away.
        Binding("ctrl+c", "app.interrupt", show=False, id="interrupt_error"),
    ]

    def __init__(self, failed: Failed, restartable: bool) -> None:
        super().__init__()
        self._failed = failed
        self._restartable = restartable

    def compose(self) -> ComposeResult:
        """Lay out the message and the hint."""
        ways = "R restarts the engine, q quits." if self._restartable else "q quits."
        with Vertical(classes="dialog error") as box:
            box.border_title = Content("The engine is gone")
            yield Static(Content(display_text(self._failed.message)), classes="message")
            yield Static(Content(display_text(self._failed.hint)), classes="hint")
            yield Static(Content.styled(ways, "bold"))
        yield Foot()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Offer a restart only where there is one."""
        return action != "choose" or parameters != ("restart",) or self._restartable

    def action_choose(self, choice: Choice) -> None:
        """Hand the decision back."""
        self.dismiss(choice)
