"""A session on disk: one JSON object per line, only ever appended to.

    {"type": "Began", ...}   what was opened, and what was chosen at the start
    {"type": "Did", ...}     an action, as it was done
    {"type": "Heard", ...}   an answer of the engine, when it was whole

What was written stays readable whatever happens to the writer: a last line that is cut off is left
out. A file may hold several comparisons, one after the other; the last is the one that is opened.
Files are read as untrusted, and written for their owner alone: prompts may be private.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO

import msgspec

from unpact_tui import sole_writer, still_there, whole_lines
from unpact_tui.errors import BadSession, Unreadable, Unwritable
from unpact_tui.regular_files import json_lines, opened
from unpact_tui.session.actions import Action, Move
from unpact_tui.session.choices import Choices, Timeline, act
from unpact_tui.session.memory import Memory
from unpact_tui.session.sound import of_action, of_answer, of_choices, of_opened
from unpact_tui.worker.events import Event, Opened
from unpact_tui.worker.protocol import Open, Question

SCHEMA = 1

_LONGEST = 512 * 1024 * 1024
"""Bytes of a line: contributions of very long prompts, and still not all memory."""


class Record(msgspec.Struct, frozen=True, tag=True, tag_field="type"):
    """Root of the lines."""


class Began(Record, frozen=True):
    """A comparison was opened."""

    schema: int
    version: str
    """Of the program, for people."""
    order: Open
    opened: Opened
    choices: Choices


class Did(Record, frozen=True):
    """Something was done."""

    action: Action


class Heard(Record, frozen=True):
    """Something was answered."""

    order: Question
    events: tuple[Event, ...]


Line = Began | Did | Heard


@dataclass(frozen=True, slots=True)
class Recorded:
    """What a session file holds: its last comparison."""

    began: Began
    timeline: Timeline
    memory: Memory
    torn: bool = False
    """The file ends within a line: its writer was stopped."""


class Recorder:
    """Appends to a session file. Raises `Unwritable` when it is made, and never after."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.trouble = ""
        """Why nothing is written any more."""
        self.heard = 0
        """How many answers were written down."""
        self._cursor: Move | None = None
        try:
            self._file: BinaryIO = os.fdopen(
                os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600), "ab", buffering=0
            )
            if not sole_writer.is_alone(self._file):
                self._file.close()
                raise Unwritable(str(path), "another inspector is writing to it")
            _mend(path, self._file)
        except OSError as error:
            raise Unwritable(str(path), error.strerror or str(error)) from error

    def did(self, action: Action) -> None:
        """Write an action down; of several moves of the cursor the last, with what follows."""
        if isinstance(action, Move):
            self._cursor = action
            return
        if self._cursor is not None:
            self.write(Did(self._cursor))
            self._cursor = None
        self.write(Did(action))

    def write(self, line: Line) -> None:
        """Write one line, at once; a full disk must not take the inspector with it."""
        if self.trouble:
            return
        try:
            still_there.put_back(self.path, self._file)
            whole_lines.append(self._file, msgspec.json.encode(line) + b"\n")
        except OSError as error:
            self.trouble = error.strerror or str(error)
        else:
            self.heard += isinstance(line, Heard)

    def close(self) -> None:
        """Write down where the cursor is, and close."""
        if self._cursor is not None:
            self.write(Did(self._cursor))
            self._cursor = None
        if not self.trouble:
            try:
                still_there.put_back(self.path, self._file)
            except OSError as error:
                self.trouble = error.strerror or str(error)
        self._file.close()


def _mend(path: Path, file: BinaryIO) -> None:
    """Take off a last line that was cut off: what follows it would be part of it."""
    size = file.seek(0, os.SEEK_END)
    with path.open("rb") as whole:
        end = size
        while end > 0:
            start = max(0, end - 65536)
            whole.seek(start)
            found = whole.read(end - start).rfind(b"\n")
            if found >= 0:
                end = start + found + 1
                break
            end = start
    if end < size:
        file.truncate(end)


@dataclass(frozen=True, slots=True)
class Progress:
    """How much of a file is read, in bytes."""

    stage: str
    done: int
    total: int


def read(path: Path) -> Recorded:
    """Return the last comparison of a file. Raises `BadSession`."""
    steps = reading(path)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def size(path: Path) -> int:
    """Return the bytes of a file; 0 where there is none, or nobody may know."""
    try:
        return path.stat().st_size
    except (OSError, ValueError):  # a name that can be none
        return 0


def reading(path: Path) -> Generator[Progress, None, Recorded]:
    """Yield how far it is, and return what `read` does. Raises `BadSession`."""
    done, total = 0, size(path)
    began: Began | None = None
    timeline: Timeline | None = None
    memory = Memory()
    torn = False
    for number, text in _lines(path):
        if not text.endswith(b"\n"):
            torn = True
            break
        done += len(text)
        yield Progress(f"reading {path.name}", done, total)
        line = _decoded(path, number, text)
        if why := _wrong(line, began):
            raise BadSession(str(path), number, why)
        match line:
            case Began():
                began, timeline, memory = line, Timeline(line.choices), Memory()
            case Did(action):
                assert timeline is not None  # or the line would have been wrong
                timeline = act(timeline, action)
            case Heard(order, events):
                memory.keep(order, events)
    if began is None or timeline is None:
        raise BadSession(str(path), 1, "there is nothing whole in it")
    return Recorded(began, timeline, memory, torn)


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with opened(path) as raw, BufferedReader(raw) as file:
            yield from enumerate(json_lines(file, _LONGEST), start=1)
    except Unreadable as error:
        raise BadSession(str(path), 0, error.why) from error


def _decoded(path: Path, number: int, text: bytes) -> Line:
    try:
        return msgspec.json.decode(text, type=Line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadSession(str(path), number, str(error)) from error


def _wrong(line: Line, began: Began | None) -> str:
    """Return why a line cannot be what it says it is, if so."""
    match line:
        case Began(schema, _, order, opened, choices):
            if schema != SCHEMA:
                return f"it has schema {schema}, and this version reads {SCHEMA}"
            return of_opened(opened) or of_choices(choices, order.settings.strategies)
        case _ if began is None:
            return "it does not begin with what was opened"
        case Did(action):
            return of_action(action, began.order.settings.strategies)
        case Heard(order, events):
            return of_answer(order, events)
