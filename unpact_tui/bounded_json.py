"""JSON that somebody else wrote, as values: what it may take of the memory is bounded.

A few bytes of JSON become many of memory: "{}," is 3 of the one and 72 of the other. So separators
are counted before anything is made. Knows neither files nor what the values mean.
"""

from __future__ import annotations

import json

MOST_VALUES = 6_000_000
"""Lists, objects and commas. The largest tokenizer has a third; these take less than a gigabyte."""


class NotJson(ValueError):
    """What cannot be taken as JSON, in words without a stop, and the line where that is seen."""

    def __init__(self, why: str, line: int = 1) -> None:
        super().__init__(why)
        self.line = line


def loads(text: str | bytes) -> object:
    """Return the value; NaN and infinity may be in it. Raises `NotJson`."""
    if _separators(text) > MOST_VALUES:
        raise NotJson(f"it holds more than {MOST_VALUES:,} values")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise NotJson(f"{error.msg} at column {error.colno}", error.lineno) from error
    except UnicodeDecodeError as error:
        raise NotJson("it is not UTF-8 text") from error
    except RecursionError as error:
        raise NotJson("it is nested too deeply") from error
    except ValueError as error:  # the one left: Python reads no number of so many digits
        raise NotJson("a number has thousands of digits") from error


def _separators(text: str | bytes) -> int:
    if isinstance(text, str):
        return sum(map(text.count, "[{,"))
    return sum(map(text.count, (b"[", b"{", b",")))
