"""What a server says, cut down to what may stand in a sentence of ours.

Does not know who said it.
"""

from __future__ import annotations

_LONGEST = 160


def words(text: str) -> str:
    """Return a few words on one line: no control or format character, no end of a sentence."""
    plain = "".join(c if c.isprintable() else " " for c in text[: 8 * _LONGEST])
    short = " ".join(plain.split())
    if len(short) > _LONGEST:
        short = short[: _LONGEST - 1] + "…"
    return short.rstrip(".:!")
