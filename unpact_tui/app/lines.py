"""Lines of styled text, and the door through which text from outside gets into them."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from unpact_tui.app.glyphs import Glyphs
from unpact_tui.display import display_text

Piece = tuple[str, str]
"""A text, already fit for the screen, and its style."""
Line = tuple[Piece, ...]

LABEL = "$text-muted"
STRONG = "bold"
MARKED = "bold underline"
BAR = "$accent"
WARN = "bold $text-warning"

LONGEST = 400
"""Characters of a text from outside that a panel shows."""


def shown(raw: str, most: int = LONGEST) -> str:
    """Return text from outside, fit for the screen and not longer than `most` characters."""
    return display_text(raw) if len(raw) <= most else display_text(raw[: most - 1]) + "…"


def content(lines: Sequence[Line], glyphs: Glyphs) -> Content:
    """Join lines of pieces; nothing in them is read as markup."""
    written = [[(glyphs.write(text), style) for text, style in line] for line in lines]
    return Content("\n").join(Content.assemble(*line) for line in written)
