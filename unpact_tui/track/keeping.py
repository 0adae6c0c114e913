"""The steps of a run on disk: a JSON object per line, only ever appended to.

What was written stays readable whatever happens to the writer: every line is on the disk before the
next checkpoint begins, and a last line that is cut off is left out. One writer at a time. Files are
read as untrusted.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import msgspec

from unpact_tui.document import encode
from unpact_tui.errors import BadResult, BadUsage, Unwritable
from unpact_tui.track.schema import SCHEMA, TrackedStep

LONGEST = 512 * 1024 * 1024
"""Bytes of a line: contributions of many prompts, and still not all memory."""

_BEGINS = b'{"schema":'
"""How every line begins; a last line that does not is not ours to take off."""
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
"""File systems without locks, as some of clusters are."""


class _Header(msgspec.Struct):
    schema: int


class StepFile:
    """Steps that are there, and a place for more."""

    def __init__(self, path: Path, file: BinaryIO, known: dict[str, TrackedStep]) -> None:
        self.path = path
        self.known = known
        """By key; those with an error are left out, and tried again."""
        self._file = file

    def add(self, step: TrackedStep) -> None:
        """Append a step, and return when the disk has it.

        Raises `Unwritable`; what was in the file is then as it was.
        """
        end = os.fstat(self._file.fileno()).st_size
        try:
            self._file.write(encode(step) + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            os.ftruncate(self._file.fileno(), end)
            raise Unwritable(str(self.path), error.strerror or str(error)) from error


@contextmanager
def opened(path: Path, *, resume: bool) -> Generator[StepFile]:
    """Open the file, or make it, for this process alone.

    Raises `BadUsage` where it has steps already and they are not to be gone on from, or another
    process writes to it, `BadResult` where it holds something else, and `Unwritable`.
    """
    if path.is_dir():
        raise BadUsage(f"{path} is a folder.", "Give the name of a file in it.")
    try:
        # Without O_NONBLOCK a pipe in its place would hang.
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK
        descriptor = os.open(path, flags, 0o666)
    except OSError as error:
        raise Unwritable(str(path), error.strerror or str(error)) from error
    with os.fdopen(descriptor, "r+b") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            hint = "Steps are kept in one, to go on from it with --resume."
            raise BadUsage(f"{path} is no regular file.", hint)
        _require_alone(path, file)
        if not resume and os.fstat(descriptor).st_size:
            hint = "Go on from it with --resume, or give --out another name."
            raise BadUsage(f"{path} is there already.", hint)
        steps, end = _read(path, file)
        file.truncate(end)
        known = {key: step for key, step in steps.items() if not step.row.error}
        yield StepFile(path, file, known)


def _require_alone(path: Path, file: BinaryIO) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        hint = "Wait until it ends, or give --out another name."
        raise BadUsage(f"{path} is in use: another track is writing there.", hint) from error
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise Unwritable(str(path), error.strerror or str(error)) from error


def _read(path: Path, file: BinaryIO) -> tuple[dict[str, TrackedStep], int]:
    """Return the steps by key, and where the last whole line ends."""
    steps: dict[str, TrackedStep] = {}
    number = end = 0
    while line := file.readline(LONGEST):
        number += 1
        if not line.endswith(b"\n") and _BEGINS.startswith(line[: len(_BEGINS)]):
            break
        step = decoded(line, path, number)
        steps[step.key] = step
        end += len(line)
    return steps, end


def decoded(line: bytes, path: Path, number: int) -> TrackedStep:
    """Read one line back. Raises `BadResult`."""
    try:
        found = msgspec.json.decode(line, type=_Header).schema
        if found != SCHEMA:
            raise BadResult(str(path), f"line {number} has schema {found}, not {SCHEMA}")
        return msgspec.json.decode(line, type=TrackedStep)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadResult(str(path), f"line {number} is no step: {error}") from error
