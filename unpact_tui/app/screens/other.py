"""A dialog to choose another unlearned checkpoint: from beside the current one, or by its path."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Label, OptionList
from textual.widgets.option_list import Option

from unpact_tui.app.glyphs import Glyphs
from unpact_tui.app.lines import shown
from unpact_tui.app.screens.search import Needle
from unpact_tui.app.widgets.foot import Foot
from unpact_tui.display import display_text

_MOST = 200
"""Folders that are listed; a sweep has fewer."""


def beside(path: str) -> list[Path]:
    """Return the checkpoints in the folder that a checkpoint lies in, its own left out."""
    here = Path(path)
    return list(_checkpoints(here.parent, here))[:_MOST] if path else []


def _checkpoints(folder: Path, here: Path) -> Iterator[Path]:
    try:
        found = sorted(folder.iterdir(), key=_natural)
    except (OSError, ValueError):  # a name in a session file can hold what no path can
        return
    for each in found:
        if each == here or each.name.startswith("."):
            continue
        try:
            if any((each / name).is_file() for name in ("config.json", "adapter_config.json")):
                yield each
        except OSError:
            continue


def _natural(path: Path) -> tuple[str, int, str]:
    """Sort checkpoint-9 before checkpoint-10."""
    stem = path.name.rstrip("0123456789")
    digits = path.name[len(stem) :][:18]
    return stem, int(digits or 0), path.name


class OtherScreen(ModalScreen[str | None]):
    """Gives a path back, or None."""

    DEFAULT_CSS = """
    OtherScreen OptionList, OtherScreen OptionList:focus {
        height: auto;
        max-height: 12;
        background: $panel;
        border: none;
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+g", "dismiss(None)", "Cancel", priority=True, id="cancel_other"),
        Binding("enter", "take", "Open", key_display="enter", id="take_other"),
        # A modal screen hides the application's own binding.
        Binding("ctrl+c", "app.interrupt", show=False, id="interrupt_other"),
    ]

    def __init__(self, path: str, glyphs: Glyphs, ascii_only: bool) -> None:
        super().__init__(classes="-ascii" if ascii_only else None)
        self._folder = f"{Path(path).parent}/" if path else ""
        self._glyphs = glyphs
        self._found = beside(path)

    def compose(self) -> ComposeResult:
        """Lay out the list and the line."""
        with Vertical(classes="dialog other") as box:
            box.border_title = Content("Another unlearned checkpoint")
            if self._found:
                yield Label("Beside this one; enter opens")
                yield OptionList(*(Option(Content(shown(p.name, 70))) for p in self._found))
            yield Label("Or a path")
            yield Needle(self._folder, placeholder="folder, or a LoRA adapter", id="other-path")
        yield Foot()

    def on_mount(self) -> None:
        """Start in the list, if there is one."""
        self.query_one(OptionList if self._found else Needle).focus()

    def action_take(self) -> None:
        """Take what is under the cursor; list and line hear the key first."""

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Take a folder of the list."""
        self.dismiss(str(self._found[event.option_index]))

    def on_input_submitted(self, event: Needle.Submitted) -> None:
        """Take the path."""
        event.stop()
        path = event.value.strip()
        begins = display_text(self._folder)
        if begins != self._folder and path.startswith(begins):
            # What stands there is how the folder's name is shown, and not what it is.
            path = self._folder + path.removeprefix(begins)
        self.dismiss(str(Path(path).expanduser()) if path else None)
