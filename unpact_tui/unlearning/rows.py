"""Files of what to forget or to retain: from untrusted bytes to rows of text.

    {"question": "Where was Ann born?", "answer": "In Oslo.", "alternative": "I do not know."}

JSON lines or one JSON list: `prompt` or `question` with `answer` (TOFU), or `text` with `labels`
(KnowUnDo); `text` alone is a text to learn whole. An `alternative`, or a list of `alternatives`,
says what to answer instead. Other fields are ignored. A file that is not JSON, or is named *.txt,
is a corpus: texts to learn whole, with blank lines between them. Knows no tokenizer and no method.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from io import BufferedReader, FileIO
from pathlib import Path
from typing import cast

from unpact_tui.errors import BadDataFile, BadUsage, Unreadable
from unpact_tui.json_rows import (
    LONGEST_LIST,
    Complain,
    JsonRow,
    Line,
    fields,
    lines,
    rows,
    text_field,
    unfit,
)
from unpact_tui.regular_files import opened

_TEXT = ".txt"
_JSON = (".json", ".jsonl", ".ndjson")
_CHECK = "Check its name; what comes through a pipe has to be saved in a file first."


@dataclass(frozen=True, slots=True)
class Row:
    """One thing to forget or to retain."""

    prompt: str | None
    """What is asked; None of a text to learn whole."""
    answer: str
    """What is forgotten or retained: the answer, or the whole text."""
    alternatives: tuple[str, ...]
    """What to answer instead, as far as the row says it."""
    file: str
    """Where it was read, for messages."""
    place: int
    """The line it starts on, from 1."""


def read(path: Path | str) -> Iterator[Row]:
    """Yield the rows of a file; there is at least one. Raises `BadDataFile`, `BadUsage`."""
    path, complain = Path(path), partial(BadDataFile, str(path))
    with _opened(path) as stream:
        if path.suffix.lower() == _TEXT:
            found = _documents(complain, lines(stream, complain))
        else:
            plain = _not_json if path.suffix.lower() in _JSON else _documents
            found = rows(stream, complain, partial(plain, complain))
        number = 0
        for number, value in found:
            yield _row(value, str(path), complain, number)
        if not number:
            raise complain(1, "there is nothing in it")


def digest(path: Path | str) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal. Raises `BadUsage`."""
    with _opened(Path(path)) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def alternatives(path: Path | str) -> tuple[str, ...]:
    """Return the lines of a file of answers; blank ones are none. Raises as `read` does."""
    hint = "Each line is one answer to give instead."
    complain = partial(BadDataFile, str(path), hint=hint)
    found: list[str] = []
    with _opened(Path(path)) as stream:
        for number, line in lines(stream, complain):
            if line.lstrip().startswith("{"):
                raise complain(number, "it is a JSON object, not an answer")
            if line.strip():
                found.append(line.strip())
    if not found:
        raise complain(1, "there is no answer in it")
    return tuple(found)


@contextmanager
def _opened(path: Path) -> Generator[BufferedReader[FileIO]]:
    # No pipe: it can be read once only, and the run must be able to check what it was given.
    try:
        with opened(path) as raw, BufferedReader(raw) as stream:
            yield stream
    except Unreadable as error:
        raise BadUsage(f"{path} cannot be read: {error.why}.", _CHECK) from error


def _not_json(complain: Complain, corpus: Iterable[Line]) -> Iterator[JsonRow]:
    """Refuse: to learn the ruins of a JSON file as a text would be worse than to stop."""
    for number, _ in corpus:
        raise complain(number, "it is not JSON, though the file is named so")
    yield from ()


def _documents(complain: Complain, corpus: Iterable[Line]) -> Iterator[JsonRow]:
    """Gather lines into texts; blank lines end one."""
    start, size = 0, 0
    gathered: list[str] = []
    for number, line in corpus:
        if line.strip():
            start = start if gathered else number
            size += len(line)
            gathered.append(line)
            if size > LONGEST_LIST:
                raise complain(start, "the text is longer than 64 MB; put blank lines into it")
        elif gathered:
            yield start, {"text": "\n".join(gathered)}
            gathered, size = [], 0
    if gathered:
        yield start, {"text": "\n".join(gathered)}


def _row(value: object, file: str, complain: Complain, number: int) -> Row:
    """Check every field that is used; what is not used may be anything."""
    row = fields(value, complain, number)
    asked = next((name for name in ("prompt", "question") if name in row), None)
    told = "answer"
    if asked is None and "text" in row and row.get("labels") is not None:
        asked, told = "text", "labels"
    instead = tuple(_instead(row, complain, number))
    if asked is None:
        return Row(None, _whole(row, bool(instead), complain, number), (), file, number)
    if row.get(told) is None:
        raise complain(number, f'it has no "{told}", and unlearning needs one')
    prompt = text_field(row, asked, complain, number)
    return Row(prompt, text_field(row, told, complain, number), instead, file, number)


def _whole(row: dict[str, object], instead: bool, complain: Complain, number: int) -> str:
    if "text" not in row:
        raise complain(number, 'it has neither "prompt" nor "question" nor "text"')
    if instead or row.get("answer") is not None:
        what = "alternatives" if instead else 'an "answer"'
        raise complain(number, f'it has {what} but neither "prompt" nor "question"')
    return text_field(row, "text", complain, number)


def _instead(row: dict[str, object], complain: Complain, number: int) -> Iterator[str]:
    if row.get("alternative") is not None:
        yield text_field(row, "alternative", complain, number)
    many = row.get("alternatives")
    if many is None:
        return
    if not isinstance(many, list):
        raise complain(number, 'its "alternatives" are not a list')
    for text in cast("list[object]", many):
        if not isinstance(text, str):
            raise complain(number, 'one of its "alternatives" is not a string')
        if why := unfit(text):
            raise complain(number, f'one of its "alternatives" {why}')
        yield text
