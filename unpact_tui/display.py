"""The one door from untrusted text to the screen.

Model output, prompts, file names and tensor names may hold control sequences. `display_text` makes
every one of them visible; nothing else may reach a terminal. Raw text stays raw in JSON and files.
"""

from __future__ import annotations

import unicodedata

_PICTURES = {code: chr(0x2400 + code) for code in range(0x20)} | {
    0x09: "⇥",
    0x0A: "⏎",
    0x0D: "␍",
    0x7F: "␡",
}


def _visible(character: str) -> str:
    code = ord(character)
    if code in _PICTURES:
        return _PICTURES[code]
    if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn"):
        return f"⟨{code:x}⟩"
    return character


def display_text(raw: str) -> str:
    """Return `raw` with every control, format and unassigned character written out visibly.

    Newline becomes ⏎ and tab ⇥, the other C0 controls their Unicode pictures; C1, bidi, zero-width
    and the like become ⟨hex⟩. Idempotent.
    """
    if raw.isascii() and raw.isprintable():
        return raw
    return "".join(_visible(character) for character in raw)
