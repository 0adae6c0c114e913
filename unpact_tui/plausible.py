"""Whether numbers of a file can have been measured: what is too large only breaks what draws it.

Knows neither files nor what a number is of.
"""

from __future__ import annotations

import re

import msgspec

MOST = 1e100
"""No measured number is larger, and what is made of some of these is still a number."""
_WHOLE = 2**63
"""No count is."""
_MAY_BE_LARGE = re.compile(rb"[:,\[\s]-?(?:[0-9]{10,}|[0-9.]+[eE]\+?[0-9])")


def implausible(value: object, raw: bytes | None = None, most: float = MOST) -> str:
    """Look for numbers that nothing could be, however deep they are; say so, or nothing.

    `raw` is the JSON that the value is of: where no number in it is large, nothing is looked at.
    """
    if raw is not None and not _MAY_BE_LARGE.search(raw):
        return ""
    waiting: list[object] = [msgspec.to_builtins(value)]
    while waiting:
        here = waiting.pop()
        match here:
            case dict():
                waiting.extend(here.values())  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] JSON
            case list() | tuple():
                waiting.extend(here)  # pyright: ignore[reportUnknownArgumentType] JSON
            case float() if not -most <= here <= most:
                return "a number is out of range"
            case int() if not -_WHOLE <= here <= _WHOLE:
                return "a number is out of range"
            case _:
                pass
    return ""
