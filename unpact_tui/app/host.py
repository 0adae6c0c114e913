"""The application as its screens see it, and what its end looks like to the shell."""

from __future__ import annotations

from collections.abc import Set

from rich.text import Text
from textual._styles_cache import StylesCache
from textual.app import App
from textual.await_complete import AwaitComplete
from textual.worker import Worker

from unpact_tui import refusals
from unpact_tui.app import crash, tty
from unpact_tui.app.aside import WRITES
from unpact_tui.display import display_text
from unpact_tui.errors import ExitCode, exit_code
from unpact_tui.worker.events import Failed


class Host(App[None]):
    """Ends well, or says why not; lends out the mouse."""

    guided = False
    """Whether there is a guide to show."""
    mouse = True
    """Whether the mouse is ours."""
    failure: Failed | None = None
    """Why it ended, when it ended because of the engine."""
    _told: Set[Worker[object]] = frozenset()
    """What is written, and that somebody was told so who wanted to leave."""
    _crash: str | None = None
    """What is said of a bug, if there was one."""

    def action_mouse(self) -> None:
        """Leave the mouse to the terminal, which can then select and copy, or take it back."""
        self.mouse = not self.mouse
        tty.take_mouse(self, wanted=self.mouse)
        told = "The mouse is ours again." if self.mouse else "The mouse is the terminal's."
        self.notify(told, timeout=3, markup=False)

    def pop_screen(self) -> AwaitComplete:
        """Leave a screen, and nothing of it behind.

        A cache of Textual's holds on to the lines of 1,024 widgets, gone ones too (its #6665).
        """
        clear = getattr(StylesCache.get_inner_outer, "cache_clear", None)
        if clear is not None:  # where it is mended, there is none
            clear()
        return super().pop_screen()

    # ------------------------------------------------------------ ends

    def fail(self, failed: Failed) -> None:
        """End with the engine's own exit code and words."""
        self.failure = failed
        words = display_text(failed.message)
        hint = f"\n{display_text(failed.hint)}" if failed.hint else ""
        self.exit(return_code=failed.exit_code, message=whole(f"error: {words}{hint}"))

    def action_leave(self) -> None:
        """End well; while something is written that somebody asked for, not by one key."""
        writing = {worker for worker in self.workers if worker.name == WRITES}
        if writing - self._told:
            self._told = writing
            told = "A file is still being written. The same key again leaves without it."
            self.notify(told, timeout=10, markup=False)
        else:
            self.exit(return_code=ExitCode.OK)

    async def action_quit(self) -> None:
        """End well; Textual's own key for it."""
        self.action_leave()

    def action_interrupt(self) -> None:
        """End as by control-C."""
        self.exit(return_code=ExitCode.INTERRUPTED)

    def action_help_quit(self) -> None:
        """Take control-C for what it says; Textual would only explain itself."""
        self.action_interrupt()

    def _handle_exception(self, error: Exception) -> None:
        """Take a bug down in a file, and say what the machine refused; after the end, neither."""
        refusal = refusals.of(error)
        if refusal is not None and not self._exit:
            self.fail(Failed(str(refusal), refusal.hint, exit_code(refusal), fatal=True))
            self._close_messages_no_wait()  # whoever met it may be who would have ended it
        elif not self._exit:
            self._crash = crash.sentence(error, crash.record(error))
            super()._handle_exception(error)
            self._return_code = ExitCode.BUG

    def _fatal_error(self) -> None:
        """Name the file; Textual would print the values of all variables."""
        if self._crash is not None:
            self._exit_renderables.append(whole(self._crash))
        self._close_messages_no_wait()


def whole(words: str) -> Text:
    """Return text that is printed as it is: a path must not be broken in two."""
    return Text(words, no_wrap=True, overflow="ignore")
