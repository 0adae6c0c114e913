"""Opens files that somebody else wrote: regular ones only, and never more bytes than expected.

A pipe or a device in the place of a file would hang or flood the program. This module does not know
what the files mean.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Generator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import cast

from unpact_tui.errors import Unreadable

JSON_LIMIT = 100_000_000
"""Bytes; the index of the largest public model is a tenth of this."""


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
def opened(path: Path) -> Generator[FileIO]:
    """Open a regular file for reading. Raises `Unreadable`, also when reading it fails later."""
    try:
        _require_regular(path, path.stat().st_mode)
        # Without O_NONBLOCK a pipe put there in the meantime would block.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            _require_regular(path, os.fstat(descriptor).st_mode)
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


def read_json(path: Path, limit: int = JSON_LIMIT) -> dict[str, object]:
    """Return the JSON object in a file. Raises `Unreadable`."""
    with opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > limit:
            raise Unreadable(path, f"it has {size} bytes, far more than such a file needs")
        raw = read_exactly(path, file, size)
    try:
        # The standard library's reader, because configurations may hold Infinity.
        value: object = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise Unreadable(path, "it is not JSON") from error
    if not isinstance(value, dict):
        raise Unreadable(path, "it is JSON, but not an object")
    return cast(dict[str, object], value)


def _require_regular(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise Unreadable(path, "it is not a regular file", "Put the file itself there.")


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
