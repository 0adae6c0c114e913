"""What a tokenizer may make of a text: refused when it can be thousands of times as long.

The steps that replace text, one after the other, can turn a word into more than any memory holds,
and the library then ends the whole process. Knows the form of tokenizer.json, and reads no file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

MOST = 4096
"""How many times as long a text may become; what is well meant doubles it a few times."""

_STEPS = ("normalizer", "decoder", "pre_tokenizer")


def grows(tokenizer: Mapping[str, object]) -> str:
    """Return a clause about a step that lets a text grow without measure; empty when none does."""
    for step in _STEPS:
        if _growth(tokenizer.get(step)) > MOST:
            return f"its {step} makes texts thousands of times as long"
    return ""


def _growth(step: object) -> float:
    """Return how many times as long a text of a thousand characters may become, at most."""
    found = 1.0
    waiting = [step]
    while waiting and found <= MOST:
        one = waiting.pop()
        if isinstance(one, list):
            waiting += cast("list[object]", one)
        elif isinstance(one, dict):
            fields = cast("dict[str, object]", one)
            found *= _once(fields)
            waiting += [value for value in fields.values() if isinstance(value, list | dict)]
    return found


def _once(step: Mapping[str, object]) -> float:
    content = step.get("content")
    if step.get("type") == "Replace" and isinstance(content, str):
        pattern = step.get("pattern")
        text = cast("dict[str, object]", pattern).get("String") if _is_table(pattern) else None
        if isinstance(text, str) and text:
            return max(
                1.0, len(content.encode("utf-8", "replace")) / len(text.encode("utf-8", "replace"))
            )
        # A pattern may match between any two characters.
        return 1.0 + len(content.encode("utf-8", "replace"))
    if step.get("type") == "ByteLevel":
        return 2.0  # each time again: what stands for a byte is itself two
    before = step.get("prepend")
    return 1.0 + len(before) / 1000 if isinstance(before, str) else 1.0


def _is_table(value: object) -> bool:
    return isinstance(value, dict)
