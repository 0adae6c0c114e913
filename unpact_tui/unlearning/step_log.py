"""The lines that a run writes as it goes: one JSON object with a `number` per optimiser step.

Appended to, and cut back to the step that a run goes on from. Of a line it knows the number alone.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import cast

from unpact_tui import whole_lines
from unpact_tui.errors import Unwritable

STEPS = "steps.jsonl"

_LONGEST = 100_000
"""Bytes of a line; one that is written here has some hundreds."""


def append(folder: Path, line: str) -> None:
    """Add one line. Raises OSError and `Unwritable`."""
    with _opened(folder / STEPS, os.O_RDWR | os.O_APPEND | os.O_CREAT) as file:
        end = file.seek(0, os.SEEK_END)
        # A run that was killed may have left half a line.
        torn = end > 0 and os.pread(file.fileno(), 1, end - 1) != b"\n"
        start = b"\n" if torn else b""
        whole_lines.append(file, start + line.encode("utf-8", "backslashreplace") + b"\n")


def cut(folder: Path, step: int) -> None:
    """Keep the lines of steps up to `step`, whole or not at all. Raises OSError, `Unwritable`."""
    path, part = folder / STEPS, folder / f".{STEPS}.part"
    if not os.path.lexists(path):
        return
    try:
        part.unlink(missing_ok=True)
        with _opened(path, os.O_RDONLY) as file, part.open("xb") as kept:
            for line in _lines(file):
                if 0 <= _number(line) <= step:
                    kept.write(line)
            kept.flush()
            os.fsync(kept.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _lines(file: FileIO) -> Iterator[bytes]:
    """Yield the lines that end, and are not longer than one can be."""
    with os.fdopen(os.dup(file.fileno()), "rb") as buffered:
        inside = False
        while line := buffered.readline(_LONGEST):
            ends = line.endswith(b"\n")
            if ends and not inside:
                yield line
            inside = not ends


def _number(line: bytes) -> int:
    """Return the step of a line; -1 when it has none."""
    try:
        value: object = json.loads(line)
    except (ValueError, RecursionError):
        return -1
    number = cast("dict[str, object]", value).get("number") if isinstance(value, dict) else None
    return number if isinstance(number, int) else -1


@contextmanager
def _opened(path: Path, flags: int) -> Generator[FileIO]:
    # Somebody else's link or pipe in its place is neither followed nor waited for.
    descriptor = os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK, 0o666)
    with os.fdopen(descriptor, "r+b" if flags & os.O_RDWR else "rb", buffering=0) as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Unwritable(str(path), "it is not a regular file")
        yield file
