"""Files of rows: from untrusted bytes to values that know the line they start on.

JSON lines, one JSON list, or plain text, told apart by the first line that is not blank. Lines and
lists have a longest length, so that no file can fill the memory. Knows no field and not what a row
means; whoever reads says what is wrong in an error of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import BinaryIO, cast

from unpact_tui import bounded_json
from unpact_tui.errors import UsageError

LONGEST_LINE = 1_000_000
"""Bytes. A longer line is no row but a mistake, or meant to fill the memory."""
LONGEST_LIST = 64 * LONGEST_LINE
"""Bytes of a file that is one JSON list and must be read whole."""

Line = tuple[int, str]
"""A line's number, from 1, and its text without the line end."""
JsonRow = tuple[int, object]
"""The line a value starts on, and the value."""
Complain = Callable[[int, str], UsageError]
"""Makes the error to raise, from a line's number and what is wrong with it."""
Plain = Callable[[Iterable[Line]], Iterator[JsonRow]]
"""Makes rows of the lines of a file that is not JSON, from its first line that is not blank."""


def rows(
    stream: BinaryIO, complain: Complain, plain: Plain, longest: int = LONGEST_LINE
) -> Iterator[JsonRow]:
    """Yield the rows of a file; none for one that is blank. Raises what `complain` makes."""
    every = lines(stream, complain, longest)
    first = next((line for line in every if line[1].strip()), None)
    if first is None:
        return
    start = first[1].lstrip()
    if re.match(r"\[\s*($|[{\]\"])", start):
        # Not any "[": a plain prompt may well begin with [INST].
        yield from _list(first, stream, complain)
    elif start.startswith("{"):
        yield _json(first, complain)
        for line in every:
            if line[1].strip():
                yield _json(line, complain)
    else:
        yield from plain(chain([first], every))


def lines(stream: BinaryIO, complain: Complain, longest: int = LONGEST_LINE) -> Iterator[Line]:
    """Yield every line, blank ones too. Raises what `complain` makes."""
    number = 0
    while raw := stream.readline(longest + 1):
        number += 1
        if len(raw) > longest:
            raise complain(number, f"the line is longer than {longest // 1_000_000} MB")
        text = _decode(raw, complain, number)
        yield number, (text.removeprefix("\ufeff") if number == 1 else text).rstrip("\r\n")


def fields(value: object, complain: Complain, number: int) -> dict[str, object]:
    """Return `value` as the JSON object it must be. Raises what `complain` makes."""
    if not isinstance(value, dict):
        raise complain(number, "it is not a JSON object")
    return cast("dict[str, object]", value)


def text_field(row: dict[str, object], name: str, complain: Complain, number: int) -> str:
    """Return a field that must be fit text. Raises what `complain` makes."""
    text = row[name]
    if not isinstance(text, str):
        raise complain(number, f'its "{name}" is not a string')
    if why := unfit(text):
        raise complain(number, f'its "{name}" {why}')
    return text


def texts_field(
    row: dict[str, object], name: str, complain: Complain, number: int
) -> tuple[str, ...]:
    """Return a field that must be a list of fit texts. Raises what `complain` makes."""
    found = row[name]
    if not isinstance(found, list):
        raise complain(number, f'its "{name}" is not a list')
    texts: list[str] = []
    for text in cast("list[object]", found):
        if not isinstance(text, str):
            raise complain(number, f'its "{name}" holds what is not a string')
        if why := unfit(text):
            raise complain(number, f'its "{name}" holds a text that {why}')
        texts.append(text)
    return tuple(texts)


def unfit(text: str) -> str:
    """Say what is wrong with a text that no model can read; nothing when it is fit."""
    if not text.strip():
        return "is empty"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "holds half a character (a lone surrogate)"
    return ""


def _decode(raw: bytes, complain: Complain, number: int) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise complain(number, "it is not UTF-8 text") from error


def _json(line: Line, complain: Complain) -> JsonRow:
    number, text = line
    try:
        return number, bounded_json.loads(text)
    except bounded_json.NotJson as error:
        raise complain(number, f"it is not JSON: {error}") from error


def _list(first: Line, stream: BinaryIO, complain: Complain) -> Iterator[JsonRow]:
    """Read a list value by value, so that each knows its line."""
    rest = stream.read(LONGEST_LIST + 1)
    if len(rest) > LONGEST_LIST:
        raise complain(first[0], "the list is longer than 64 MB; use JSON lines")
    text = f"{first[1]}\n{_decode(rest, complain, first[0])}"
    try:
        bounded_json.loads(text)  # the whole first, so that what follows cannot fail
    except bounded_json.NotJson as error:
        raise complain(first[0] + error.line - 1, f"not JSON: {error}") from error
    decoder = json.JSONDecoder()
    place = _skip(text, 0) + 1
    number, counted = first[0], 0
    while text[place := _skip(text, place)] != "]":
        number, counted = number + text.count("\n", counted, place), place
        value, place = decoder.raw_decode(text, place)
        yield number, value


def _skip(text: str, place: int) -> int:
    """Return the next place that is neither white space nor the comma between two values."""
    while text[place] in " \t\r\n,":
        place += 1
    return place
