"""Opens files that somebody else wrote: regular ones only, and never more bytes than expected.

A pipe or a device in the place of a file would hang or flood the program. This module does not know
what the files mean.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import IO, TypeVar, cast

import msgspec

from unpact_tui import bounded_json
from unpact_tui.errors import Unreadable

Kind = TypeVar("Kind")

_PART = 1 << 20
"""Bytes of a line that are read at a time."""

JSON_LIMIT = 100_000_000
"""Bytes; the index of the largest public model is a tenth of this."""


def is_there(path: Path) -> bool:
    """Return whether there is anything by that name, links followed; none for what is no name."""
    try:
        path.stat()
    except (OSError, ValueError):
        return False
    return True


def is_folder(path: Path) -> bool:
    """Return whether there is a folder by that name, links followed."""
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def expanded(text: str) -> Path:
    """Return a path, ~ filled in where somebody's home is known by that name."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        return Path(text)


def is_file(path: Path) -> bool:
    """Return whether there is anything by that name other than a folder, links followed."""
    try:
        return not stat.S_ISDIR(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def require_ordinary(path: Path) -> None:
    """Raise `Unreadable` for a pipe, socket or device; folders and dead links pass."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return
    if not stat.S_ISDIR(mode):
        _require_regular(path, mode)


@contextmanager
def opened(path: Path, *, pipes: bool = False) -> Generator[FileIO]:
    """Open a regular file for reading. Raises `Unreadable`, also when reading it fails later.

    With `pipes` a pipe is as good, as a shell's <(...) is; one that nobody writes to is empty.
    """
    try:
        mode = path.stat().st_mode
        _require_regular(path, mode, pipes=pipes)
        # Without O_NONBLOCK a pipe would block until somebody writes to it.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise Unreadable(path, _reason(error)) from error
    except ValueError as error:
        why = "its name holds a NUL" if "\0" in str(path) else "no file can have that name"
        raise Unreadable(path, why) from error
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        try:
            _require_regular(path, os.fstat(descriptor).st_mode, pipes=pipes)
            os.set_blocking(descriptor, True)
            yield file
        except OSError as error:
            raise Unreadable(path, _reason(error)) from error


def read_exactly(path: Path, file: FileIO, count: int) -> bytes:
    """Read `count` bytes from where `file` is. Raises `Unreadable` when it ends before."""
    parts: list[bytes] = []
    left = count
    while left > 0:
        part = file.read(left)
        if not part:
            raise Unreadable(path, f"it is truncated: {left} bytes are missing")
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def json_lines(file: IO[bytes], longest: int) -> Iterator[bytes]:
    """Yield the lines of a file of JSON objects, each with its end; without one, cut off.

    A line is read no further than `longest` bytes, and where it cannot be JSON not even so far:
    what never ends must not be taken into memory to find that out.
    """
    while line := file.readline(_PART):
        if not line.endswith(b"\n") and line.lstrip().startswith(b"{"):
            line = b"".join(_rest(line, file, longest))
        yield line


def _rest(line: bytes, file: IO[bytes], longest: int) -> Iterator[bytes]:
    while line:
        yield line
        longest -= len(line)
        if line.endswith(b"\n") or b"\0" in line or longest <= 0:
            return
        line = file.readline(min(_PART, longest))


def read_whole(path: Path, limit: int = JSON_LIMIT) -> bytes:
    """Return all bytes of a file. Raises `Unreadable`."""
    with opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > limit:
            raise Unreadable(path, f"it has {size} bytes, far more than such a file needs")
        return read_exactly(path, file, size)


def read_as(path: Path, kind: type[Kind], limit: int = JSON_LIMIT) -> Kind:
    """Return the JSON in a file as a value of that kind. Raises `Unreadable`."""
    raw = read_whole(path, limit)
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(path, f"it is not what it should be: {error}") from error


def read_json(path: Path, limit: int = JSON_LIMIT) -> dict[str, object]:
    """Return the JSON object in a file. Raises `Unreadable`."""
    raw = read_whole(path, limit)
    try:
        # Not msgspec's reader, because configurations may hold Infinity.
        value = bounded_json.loads(raw)
    except bounded_json.NotJson as error:
        raise Unreadable(path, "it is not JSON") from error
    if not isinstance(value, dict):
        raise Unreadable(path, "it is JSON, but not an object")
    return cast(dict[str, object], value)


def converted(path: Path, fields: dict[str, object], kind: type[Kind], why: str) -> Kind:
    """Return the fields of a file as a value of that kind. Raises `Unreadable`, of `why`."""
    try:
        return msgspec.convert(fields, kind)
    except (msgspec.ValidationError, UnicodeError, RecursionError) as error:
        # Half a character in a name is no error of validation.
        raise Unreadable(path, why) from error


def _require_regular(path: Path, mode: int, *, pipes: bool = False) -> None:
    if stat.S_ISDIR(mode):
        raise Unreadable(path, "it is not a regular file but a directory")
    if not (stat.S_ISREG(mode) or (pipes and stat.S_ISFIFO(mode))):
        raise Unreadable(path, "it is not a regular file", "Put the file itself there.")


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
