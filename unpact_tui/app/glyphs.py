"""Numbers and bars as text, in Unicode or in plain ASCII."""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

from unpact_tui.app.layout import in_ascii
from unpact_tui.byte_words import size as size

_KEYS = {"←": "left", "→": "right", "↑": "up", "↓": "down", "⏎": "enter", "⌫": "backspace"}
"""Textual's signs for keys, in words."""


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The signs the panels are written with."""

    minus: str
    arrow: str
    dot: str
    dash: str
    ellipsis: str
    full: str
    parts: str
    """A bar's last cell, from a little to nearly full."""
    line: str
    """A cell of a progress bar."""

    def write(self, text: str) -> str:
        """Return text in which all signs of ours are these; a letter stays what it is."""
        text = text.replace("…", self.ellipsis)
        return in_ascii(text) if self.ellipsis.isascii() else text

    def cut(self, text: str, cells: int) -> str:
        """Return a title that Textual need not cut, which it does with a sign that is no ASCII."""
        if not self.ellipsis.isascii() or not 0 < cells < cell_len(text):
            return text
        return set_cell_size(text, max(0, cells - len(self.ellipsis))) + self.ellipsis

    def key(self, sign: str) -> str:
        """Return how a key is written."""
        return _KEYS.get(sign, sign) if self.ellipsis.isascii() else sign

    def number(self, value: float | None, signed: bool = False) -> str:
        """Return nats with two decimals; a dash for what is not measured."""
        if value is None:
            return self.dash
        text = f"{value:+.2f}" if signed else f"{value:.2f}"
        return ("0.00" if text in ("-0.00", "+0.00") else text).replace("-", self.minus)

    def share(self, value: float | None) -> str:
        """Return a percentage."""
        return self.dash if value is None else f"{value:z.0%}".replace("-", self.minus)

    def points(self, value: float | None) -> str:
        """Return a difference of percentages."""
        return self.dash if value is None else f"{100 * value:+z.0f}".replace("-", self.minus)

    def bar(self, value: float | None, width: int) -> str:
        """Return a bar for a number from 0 to 1; what lies beyond is cut off."""
        if value is None or value <= 0:
            return ""
        steps = len(self.parts) + 1
        eighths = round(min(1.0, value) * width * steps)
        whole, part = divmod(max(1, eighths), steps)
        return self.full * whole + (self.parts[part - 1] if part else "")


UNICODE = Glyphs("−", "→", "·", "–", "…", "█", "▏▎▍▌▋▊▉", "━")
ASCII = Glyphs("-", "->", "-", "--", "...", "#", "", "=")


def glyphs(ascii_only: bool) -> Glyphs:
    """Return the set to write with."""
    return ASCII if ascii_only else UNICODE
