"""The last gate before the terminal: whatever a widget draws, nothing in it is obeyed or hidden.

Text gets its visible form where it enters a widget, which knows how much room it then takes. What
somebody forgot there is found here, on the lines of all widgets alike, and takes the room it was
given. Knows no widget.
"""

from __future__ import annotations

from functools import lru_cache

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from unpact_tui.display import display_text


class LastGate(LineFilter):
    """Lets through what can be seen."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the same segments, made visible where something was not."""
        if all(_is_fit(text) for text, _, _ in segments):
            return segments
        return [Segment(_fit(text), style, control) for text, style, control in segments]


def mended(text: str) -> str:
    """Return text that nobody made visible, visible in as many cells."""
    return set_cell_size(display_text(text), cell_len(text))


def _fit(text: str) -> str:
    return text if _is_fit(text) else mended(text)


def _is_fit(text: str) -> bool:
    return (text.isascii() and text.isprintable()) or _is_shown(text)


@lru_cache(4096)
def _is_shown(text: str) -> bool:
    return display_text(text) == text
