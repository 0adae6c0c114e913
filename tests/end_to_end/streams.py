"""What is in the bytes that a program sends to a terminal: control sequences, colours, text.

Unlike an emulator it forgives nothing: whatever is no sequence that it knows stays in the text.
"""

from __future__ import annotations

import re
from codecs import getincrementaldecoder
from dataclasses import dataclass

_SEQUENCE = re.compile(
    rb"\x1b\[(?P<parameters>[0-?]*)(?P<final>[ -/]*[@-~])"
    rb"|\x1b\](?P<command>[^\x07\x1b]*)(?:\x07|\x1b\\)"
)
_CUT_SHORT = re.compile(rb"\x1b(\[[0-?]*[ -/]*|\][^\x07\x1b]*\x1b?)?\Z")


@dataclass(frozen=True, slots=True)
class Stream:
    """A stream taken apart."""

    controls: frozenset[str]
    """Sequences that begin with ESC [, without their numbers, colours and private modes apart:
    "H", "$p"."""
    modes: frozenset[str]
    """Private modes that were switched on or off: "?1049h"."""
    commands: frozenset[str]
    """What stood between ESC ] and its end."""
    styles: frozenset[str]
    """Numbers of ESC [ ... m."""
    text: str
    """All the rest; an ESC in it began nothing that is known."""


def taken_apart(raw: bytes) -> Stream:
    """Take apart what a program has sent so far; what is cut short at the end is left out."""
    raw = _CUT_SHORT.sub(b"", raw)
    controls: set[str] = set()
    modes: set[str] = set()
    commands: set[str] = set()
    styles: set[str] = set()
    for match in _SEQUENCE.finditer(raw):
        final, parameters = match["final"], match["parameters"]
        if final is None:
            commands.add(match["command"].decode())
        elif final == b"m":
            styles.add(parameters.decode())
        elif final in (b"h", b"l"):
            modes.add((parameters + final).decode())
        else:
            controls.add(parameters.translate(None, b"0123456789;").decode() + final.decode())
    text = getincrementaldecoder("utf-8")().decode(_SEQUENCE.sub(b"", raw))
    return Stream(
        frozenset(controls), frozenset(modes), frozenset(commands), frozenset(styles), text
    )


def colours(styles: frozenset[str]) -> set[str]:
    """Return the kinds of colour in some styles: "16", "256", "true"."""
    found: set[str] = set()
    for style in styles:
        numbers = [int(number or 0) for number in re.split("[;:]", style)]
        while numbers:
            number = numbers.pop(0)
            if number in (38, 48, 58):
                kind = numbers.pop(0)
                found.add({5: "256", 2: "true"}[kind])
                del numbers[: 1 if kind == 5 else 3]
            elif number // 10 in (3, 4, 9, 10) and number % 10 < 8:
                found.add("16")
    return found
