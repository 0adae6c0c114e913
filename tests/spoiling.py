"""A result document of any kind with hostile text in every place that can hold text.

The places are found, not listed: whatever the reader of the document still takes once it is spoilt,
names of numbers included; of a list, in the first few. So a later field is spoilt too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

Box = Any
"""A dictionary or a list, and a name or a number in it."""


_ALIKE = 2
"""What stands in a list is of one kind: so many of it stand for all."""


def spoil(document: object, text: str, reads: Callable[[], bool]) -> int:
    """Put `text` in the place of every word that may be any, and return of how many.

    `reads` tells whether the document, as it is at that moment, is one still.
    """
    return sum(_spoil(box, key, text, reads) for box, key in list(_leaves(document)))


def _spoil(box: Box, key: Any, text: str, reads: Callable[[], bool]) -> int:
    count = 0
    if isinstance(box[key], str):
        count += _tried(box, key, text, reads)
    elif isinstance(box[key], dict) and box[key]:
        # The first name of a dictionary; of a record no name can be another.
        first, *rest = cast("dict[str, object]", box[key]).items()
        count += _tried(box, key, {text: first[1], **dict(rest)}, reads)
    return count


def _tried(box: Box, key: Any, value: object, reads: Callable[[], bool]) -> int:
    before, box[key] = box[key], value
    if reads():
        return 1
    box[key] = before
    return 0


def _leaves(value: object) -> Iterator[tuple[Box, Any]]:
    """Yield all words first what lies deepest: a renamed dictionary is another object."""
    parts: list[tuple[Any, object]] = []
    if isinstance(value, dict):
        parts = list(cast("dict[Any, object]", value).items())
    elif isinstance(value, list):
        parts = list(enumerate(cast("list[object]", value)))[:_ALIKE]
    for key, part in parts:
        yield from _leaves(part)
        yield value, key
