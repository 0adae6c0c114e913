"""What a row of the list has no room for: the prompt, its answer, its numbers or its trouble."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from unpact_tui.app.glyphs import Glyphs
from unpact_tui.app.lines import Line, content
from unpact_tui.app.prompt_lines import detail_lines
from unpact_tui.app.prompt_rows import PromptRow

_NAMES = ("detail-prompt", "detail-answer", "detail-numbers")


class PromptDetail(Vertical):
    """Draws a line again only when it changed."""

    DEFAULT_CSS = """
        PromptDetail {
            height: 5;
            padding: 0 1;
            border-top: solid $foreground 40%;
            &:ansi { border-top: solid ansi_bright_black; }
            & Static { height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
            & #detail-prompt { height: 2; text-wrap: wrap; }
        }
        .-low PromptDetail, .-lowest PromptDetail, .-flat PromptDetail { display: none; }
        .-ascii PromptDetail { border-top: ascii $foreground 40%; }
        .-ascii PromptDetail:ansi { border-top: ascii ansi_bright_black; }
        .-ascii PromptDetail Static { text-overflow: clip; }
        """
    # Else "anywhere below" would be meant of what stands above it.
    SCOPED_CSS = False

    def __init__(self, glyphs: Glyphs, *, plain: bool) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._plain = plain
        self._lines: tuple[Line, ...] = ((), (), ())

    def compose(self) -> ComposeResult:
        """Lay out the lines."""
        for name in _NAMES:
            yield Static(id=name, markup=False)

    def show(self, row: PromptRow | None) -> None:
        """Say what there is to say of a row, or that there is none."""
        lines = detail_lines(row, self._glyphs, plain=self._plain)
        for name, before, line in zip(_NAMES, self._lines, lines, strict=True):
            if line != before:
                said = content([line], self._glyphs)
                self.query_one(f"#{name}", Static).update(said, layout=False)
        self._lines = lines
