"""Prompt files: from lines of untrusted text to cases.

    {"prompt": "Where was Ann born?", "answer": "In Oslo.", "id": "ann-1", "split": "forget"}

JSON lines as above, where `question` may stand for `prompt` and only the prompt must be there; or
one JSON list of such objects; or plain text, every line a prompt. Other fields are ignored. Knows
nothing of models or of what becomes of a case.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from attribution.types import Case, Split
from unpact_tui.errors import BadPromptFile, BadUsage

LONGEST_LINE = 1_000_000
"""Bytes. A longer line is no prompt but a mistake, or meant to fill the memory."""
LONGEST_LIST = 64 * LONGEST_LINE
"""Bytes of a file that is one JSON list and must be read whole."""

_STANDARD_INPUT = "-"
_SPLITS: tuple[Split, ...] = ("forget", "retain", "general")

Line = tuple[int, str]
"""A line's number, from 1, and its text without the line end."""
Row = tuple[int, object]
"""The line a value starts on, and the value."""


def read(path: Path | str, *, default_split: Split = "forget") -> Iterator[Case]:
    """Yield the cases of a file, "-" for standard input. Raises `BadPromptFile`, `BadUsage`."""
    if str(path) == _STANDARD_INPUT:
        yield from _cases(sys.stdin.buffer, "standard input", default_split)
        return
    try:
        with Path(path).open("rb") as stream:
            yield from _cases(stream, str(path), default_split)
    except OSError as error:
        raise BadUsage(f"{path} cannot be read: {error.strerror}.", "Check --prompts.") from error


def one(prompt: str, answer: str | None = None) -> Case:
    """Return the case of a prompt given on the command line. Raises `BadUsage`."""
    for what, text in (("prompt", prompt), ("answer", answer)):
        if text is not None and (why := _unfit(text)):
            raise BadUsage(f"The {what} {why}.", f'Give it as --{what} "...".')
    return Case("1", prompt, answer)


def _cases(stream: BinaryIO, file: str, default_split: Split) -> Iterator[Case]:
    seen: dict[str, int] = {}
    for number, value in _rows(stream, file):
        case = _case(value, str(len(seen) + 1), default_split, file, number)
        if case.id in seen:
            raise BadPromptFile(file, number, f"the id {case.id!r} is that of line {seen[case.id]}")
        seen[case.id] = number
        yield case
    if not seen:
        raise BadPromptFile(file, 1, "there is no prompt in it")


def _rows(stream: BinaryIO, file: str) -> Iterator[Row]:
    """Find out from the first line that is not blank which of the three forms this is."""
    lines = ((number, text) for number, text in _lines(stream, file) if text.strip())
    first = next(lines, None)
    if first is None:
        return
    start = first[1].lstrip()
    if re.match(r"\[\s*($|[{\]\"])", start):
        # Not any "[": a plain prompt may well begin with [INST].
        yield from _list(first, stream, file)
    elif start.startswith("{"):
        yield _json(first, file)
        for line in lines:
            yield _json(line, file)
    else:
        yield first[0], {"prompt": first[1]}
        for number, text in lines:
            yield number, {"prompt": text}


def _lines(stream: BinaryIO, file: str) -> Iterator[Line]:
    number = 0
    while raw := stream.readline(LONGEST_LINE + 1):
        number += 1
        if len(raw) > LONGEST_LINE:
            raise BadPromptFile(file, number, "the line is longer than 1 MB")
        text = _decode(raw, file, number)
        yield number, (text.removeprefix("\ufeff") if number == 1 else text).rstrip("\r\n")


def _decode(raw: bytes, file: str, number: int) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        raise BadPromptFile(file, number, "it is not UTF-8 text") from error


def _json(line: Line, file: str) -> Row:
    number, text = line
    try:
        return number, json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadPromptFile(file, number, f"it is not JSON: {_why(error)}") from error


def _list(first: Line, stream: BinaryIO, file: str) -> Iterator[Row]:
    """Read a list value by value, so that each knows its line."""
    rest = stream.read(LONGEST_LIST + 1)
    if len(rest) > LONGEST_LIST:
        raise BadPromptFile(file, first[0], "the list is longer than 64 MB; use JSON lines")
    text = f"{first[1]}\n{_decode(rest, file, first[0])}"
    try:
        json.loads(text)  # the whole first, so that what follows cannot fail
    except (ValueError, RecursionError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else 1
        raise BadPromptFile(file, first[0] + line - 1, f"not JSON: {_why(error)}") from error
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


def _why(error: ValueError | RecursionError) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at column {error.colno}"
    return "it is nested too deeply" if isinstance(error, RecursionError) else str(error)


def _case(value: object, default_id: str, default_split: Split, file: str, number: int) -> Case:
    """Check every field that is used; what is not used may be anything."""
    if not isinstance(value, dict):
        raise BadPromptFile(file, number, "it is not a JSON object")
    row = cast("dict[str, object]", value)
    name = "prompt" if "prompt" in row else "question"
    if name not in row:
        raise BadPromptFile(file, number, 'it has neither "prompt" nor "question"')
    answer = None if row.get("answer") is None else _text(row, "answer", file, number)
    split = default_split if row.get("split") is None else row["split"]
    if split not in _SPLITS:
        raise BadPromptFile(file, number, f"its split is not one of {', '.join(_SPLITS)}")
    return Case(
        id=default_id if row.get("id") is None else _identity(row, file, number),
        prompt=_text(row, name, file, number),
        answer=answer,
        split=split,
    )


def _identity(row: dict[str, object], file: str, number: int) -> str:
    found = row["id"]
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    return _text(row, "id", file, number)


def _text(row: dict[str, object], name: str, file: str, number: int) -> str:
    text = row[name]
    if not isinstance(text, str):
        raise BadPromptFile(file, number, f'its "{name}" is not a string')
    if why := _unfit(text):
        raise BadPromptFile(file, number, f'its "{name}" {why}')
    return text


def _unfit(text: str) -> str:
    """Say what is wrong with a text that no model can read; nothing when it is fit."""
    if not text.strip():
        return "is empty"
    try:
        text.encode()
    except UnicodeEncodeError:
        return "holds half a character (a lone surrogate)"
    return ""
