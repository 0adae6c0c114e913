"""The one door from untrusted text to the screen.

Model output, prompts, file names and tensor names may hold control sequences. `display_text` makes
every one of them visible, and so whatever else is there and not seen; nothing else may reach a
terminal. `harmless` is the gate behind that door, for what was written with colours already. Raw
text stays raw in JSON and files.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

MOST_MARKS = 6
"""Marks that may sit on one letter; Burmese needs that many. A flood of them paints other lines."""

_PICTURES = {code: chr(0x2400 + code) for code in range(0x20)} | {
    0x09: "⇥",
    0x0A: "⏎",
    0x0D: "␍",
    0x7F: "␡",
}

_WRITTEN_OUT = ("Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn")
_BLANK = frozenset(
    (0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x180B, 0x180C, 0x180D, 0x180F, 0x2800, 0x3164, 0xFFA0)
)
"""Letters and marks that show nothing: fillers, joiners, an empty Braille cell. Spaces stay, also
the no-break and the ideographic one: people type them, and terminals agree on their width."""
_SELECTORS = (range(0xFE00, 0xFE0E), range(0xE0100, 0xE01F0))
"""Choose a variant of the character before, and can hold any hidden text. Those of text or emoji
style stay: they are in everyday text."""
_JOINING = (range(0x1161, 0x1200), range(0xD7B0, 0xD800))
"""Vowels and finals of Hangul that are drawn into the cell of the syllable before."""

_ODD = re.compile(r"[^ -~]+")
_OBEYED = re.compile(
    # A colour, and what a progress bar does to its own line.
    "(\x1b\\[(?:[0-9;]*m|[0-9]*A|2K|\\?25[lh])|\\A\r|\r(?=\n|\x1b\\[|$))"
    # All that a terminal obeys, or that turns the reading order around.
    "|[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def display_text(raw: str) -> str:
    """Return `raw` with every control, format and unassigned character written out visibly.

    Newline becomes ⏎ and tab ⇥, the other C0 controls their Unicode pictures; C1, bidi, zero-width,
    fillers and the like become ⟨hex⟩, and so do the marks on a letter from the seventh on.
    Idempotent.
    """
    if raw.isascii() and raw.isprintable():
        return raw
    return _ODD.sub(_visible, raw)


def joins(character: str) -> bool:
    """Tell whether a character is drawn into the cell of the one before."""
    return _kind(character)[1]


def harmless(written: str) -> str:
    """Return text as a terminal may have it: lines, colours, progress; all else made visible.

    The last gate: what it finds, somebody forgot to show with `display_text`.
    """
    return _OBEYED.sub(lambda found: found.group(1) or display_text(found.group()), written)


def _visible(found: re.Match[str]) -> str:
    parts: list[str] = []
    marks = 0
    for character in found.group():
        sign, mark = _kind(character)
        marks = marks + 1 if mark else 0
        parts.append(_hex(character) if marks > MOST_MARKS else sign)
    return "".join(parts)


@lru_cache(8192)
def _kind(character: str) -> tuple[str, bool]:
    """Return the sign of a character, and whether it sits on the one before."""
    code, category = ord(character), unicodedata.category(character)
    if code in _PICTURES:
        return _PICTURES[code], False
    hidden = code in _BLANK or any(code in part for part in _SELECTORS)
    if hidden or category in _WRITTEN_OUT:
        return _hex(character), False
    return character, category[0] == "M" or any(code in part for part in _JOINING)


def _hex(character: str) -> str:
    return f"⟨{ord(character):x}⟩"
