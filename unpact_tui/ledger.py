"""A file of what was measured: an object of JSON per line, only ever appended to.

What was written stays readable whatever happens to the writer: every line is on the disk before the
next piece of work begins, and a last line that is cut off is left out. One writer at a time. Files
are read as untrusted. Knows nothing of what is in a line but its key and its schema.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from typing import IO, BinaryIO, Generic, TypeVar

import msgspec

from unpact_tui import regular_files, sole_writer, still_there, whole_lines
from unpact_tui.document import encode
from unpact_tui.errors import BadResult, BadUsage, Unreadable, Unwritable
from unpact_tui.plausible import implausible

LONGEST = 512 * 1024 * 1024
"""Bytes of a line: contributions of many prompts over a run, and still not all memory."""

_BEGINS = b'{"schema":'
"""How every line begins; a last line that does not is not ours to take off."""


class KeyedLine(msgspec.Struct, frozen=True):
    """What every line begins with."""

    schema: int
    key: str
    """Changes with everything that the line depends on: what is skipped on --resume has the
    same."""


Line = TypeVar("Line", bound=KeyedLine)


@dataclass(frozen=True, slots=True)
class Form(Generic[Line]):
    """What the lines of a file are."""

    kind: type[Line]
    schema: int
    word: str
    """A line as a person calls it."""
    command: str
    """Who writes such files."""


class _Header(msgspec.Struct):
    schema: int


class Ledger(Generic[Line]):
    """Lines that are there, and a place for more."""

    def __init__(self, path: Path, file: BinaryIO, lines: dict[str, Line]) -> None:
        self.path = path
        self.lines = lines
        """By key; of several with one key the last, in the place of the last."""
        self._file = file

    def add(self, line: Line) -> None:
        """Append a line, and return when the disk has it.

        Raises `Unwritable`; what was in the file is then as it was. One that was removed meanwhile
        is there again, with all its lines.
        """
        end = os.fstat(self._file.fileno()).st_size
        try:
            still_there.put_back(self.path, self._file)
            whole_lines.append(self._file, encode(line) + b"\n")
            os.fsync(self._file.fileno())
        except OSError as error:
            whole_lines.take_back(self._file, end)
            raise Unwritable(str(self.path), error.strerror or str(error)) from error
        self.lines[line.key] = line


@contextmanager
def opened(path: Path, form: Form[Line], *, resume: bool) -> Generator[Ledger[Line]]:
    """Open the file, or make it, for this process alone.

    Raises `BadUsage` where it has lines already and they are not to be gone on from, or another
    process writes to it, `BadResult` where it holds something else, and `Unwritable`.
    """
    try:
        file = _open(path)
    except OSError as error:
        raise Unwritable(str(path), error.strerror or str(error)) from error
    with file:
        _require_alone(path, file, form.command)
        if not resume and os.fstat(file.fileno()).st_size:
            hint = "Go on from it with --resume, or give --out another name."
            raise BadUsage(f"{path} is there already.", hint)
        # Through another object: reading wants a buffer, and what is written must not be in one.
        with os.fdopen(os.dup(file.fileno()), "rb") as reading:
            lines, end = _read(path, reading, form)
        file.truncate(end)
        yield Ledger(path, file, lines)
        try:
            still_there.put_back(path, file)
        except OSError as error:
            raise Unwritable(str(path), error.strerror or str(error)) from error


def read(path: Path, form: Form[Line]) -> tuple[Line, ...]:
    """Return the lines of a file, of several with one key the last. Raises `BadResult`."""
    try:
        with regular_files.opened(path) as raw, BufferedReader(raw) as file:
            return tuple(_read(path, file, form)[0].values())
    except Unreadable as error:
        raise BadResult(str(path), error.why) from error


def decoded(line: bytes, form: Form[Line], path: Path, number: int) -> Line:
    """Read one line back. Raises `BadResult`."""
    try:
        found = msgspec.json.decode(line, type=_Header).schema
        if found != form.schema:
            raise BadResult(str(path), f"line {number} has schema {found}, not {form.schema}")
        read = msgspec.json.decode(line, type=form.kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadResult(str(path), f"line {number} is no {form.word}: {error}") from error
    if why := implausible(read, line):
        raise BadResult(str(path), f"line {number} is no {form.word}: {why}")
    return read


def _open(path: Path) -> BinaryIO:
    if path.is_dir():
        raise BadUsage(f"{path} is a folder.", "Give the name of a file in it.")
    # Without O_NONBLOCK a pipe in its place would hang.
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK
    descriptor = os.open(path, flags, 0o666)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        hint = "What is measured is kept in one, to go on from it with --resume."
        raise BadUsage(f"{path} is no regular file.", hint)
    return os.fdopen(descriptor, "r+b", buffering=0)


def _require_alone(path: Path, file: BinaryIO, command: str) -> None:
    try:
        alone = sole_writer.is_alone(file)
    except OSError as error:
        raise Unwritable(str(path), error.strerror or str(error)) from error
    if not alone:
        hint = "Wait until it ends, or give --out another name."
        raise BadUsage(f"{path} is in use: another {command} is writing there.", hint)


def _read(path: Path, file: IO[bytes], form: Form[Line]) -> tuple[dict[str, Line], int]:
    """Return the lines by key, and where the last whole one ends."""
    lines: dict[str, Line] = {}
    end = 0
    file.seek(0)
    for number, raw in enumerate(regular_files.json_lines(file, LONGEST), start=1):
        if len(raw) >= LONGEST:
            raise BadResult(str(path), f"line {number} has more than {LONGEST} bytes")
        if not raw.endswith(b"\n") and _BEGINS.startswith(raw[: len(_BEGINS)]):
            break
        line = decoded(raw, form, path, number)
        lines.pop(line.key, None)
        lines[line.key] = line
        end += len(raw)
    return lines, end
