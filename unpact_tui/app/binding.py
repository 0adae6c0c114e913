"""How a key is bound: what the foot of the screen says of it, and what help does."""

from __future__ import annotations

from textual.binding import Binding


def bind(
    keys: str, action: str, name: str, does: str, foot: str = "", sign: str | None = None
) -> Binding:
    """Return a binding that says `foot` in the last row, if anything, and `does` in help."""
    return Binding(
        keys, action, foot or does, show=bool(foot), key_display=sign, id=name, tooltip=does
    )
