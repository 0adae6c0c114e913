"""The file that `triage --out` writes: one row per line, only ever appended to.

What was written stays readable whatever happens to the writer: every line is on the disk before the
next checkpoint begins, and a last line that is cut off is left out. One writer at a time. Knows
nothing of how rows are made.
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
from unpact_tui.triage.row import SCHEMA, Row

_BEGINS = b'{"schema":'
"""How every line begins; a last line that does not is not ours to take off."""
_LONGEST = 64_000_000
"""Bytes of a line; no row is longer."""
_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP)
"""File systems without locks, as some of clusters are."""


class Ledger:
    """Rows that are there, and a place for more."""

    def __init__(self, path: Path, file: BinaryIO, rows: dict[str, Row]) -> None:
        self.path = path
        self.rows = rows
        """By key; of several with one key the last."""
        self._file = file

    def add(self, row: Row) -> None:
        """Append a row, and return when the disk has it.

        Raises `Unwritable`; what was in the file is then as it was.
        """
        end = os.fstat(self._file.fileno()).st_size
        try:
            self._file.write(encode(row) + b"\n")
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            os.ftruncate(self._file.fileno(), end)
            raise Unwritable(str(self.path), error.strerror or str(error)) from error
        self.rows[row.key] = row


@contextmanager
def opened(path: Path, *, resume: bool) -> Generator[Ledger]:
    """Open the file, or make it, for this process alone.

    Raises `BadUsage` where it has rows already and they are not to be gone on from, or another
    process writes to it, `BadResult` where it holds something else, and `Unwritable`.
    """
    try:
        file = _open(path)
    except OSError as error:
        raise Unwritable(str(path), error.strerror or str(error)) from error
    with file:
        _require_alone(path, file)
        if not resume and os.fstat(file.fileno()).st_size:
            raise BadUsage(
                f"{path} is there already.",
                "Go on from it with --resume, or give --out another name.",
            )
        yield Ledger(path, file, _rows(path, file))


def read(path: Path) -> tuple[Row, ...]:
    """Return the rows of a file, of several with one key the last. Raises `BadResult`."""
    try:
        with path.open("rb") as file:
            return tuple(_read(path, file)[0].values())
    except OSError as error:
        raise BadResult(str(path), error.strerror or str(error)) from error


def _open(path: Path) -> BinaryIO:
    if path.is_dir():
        raise BadUsage(f"{path} is a folder.", "Give the name of a file in it.")
    # Without O_NONBLOCK a pipe in its place would hang.
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK
    descriptor = os.open(path, flags, 0o666)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise BadUsage(
            f"{path} is no regular file.", "Rows are kept in one, to go on from it with --resume."
        )
    return os.fdopen(descriptor, "r+b", buffering=0)


def _require_alone(path: Path, file: BinaryIO) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise BadUsage(
            f"{path} is in use: another triage is writing there.",
            "Wait until it ends, or give --out another name.",
        ) from error
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise Unwritable(str(path), error.strerror or str(error)) from error


def _rows(path: Path, file: BinaryIO) -> dict[str, Row]:
    """Read what is there, and take off a last line that was cut off."""
    file.seek(0)
    rows, end = _read(path, file)
    file.truncate(end)
    return rows


def _read(path: Path, file: BinaryIO) -> tuple[dict[str, Row], int]:
    """Return the rows by key, and where the last whole line ends."""
    rows: dict[str, Row] = {}
    number = end = 0
    while line := file.readline(_LONGEST):
        number += 1
        if not line.endswith(b"\n") and _BEGINS.startswith(line[: len(_BEGINS)]):
            break
        row = _row(path, number, line)
        # The last, in the place of the last.
        rows.pop(row.key, None)
        rows[row.key] = row
        end += len(line)
    return rows, end


def _row(path: Path, number: int, line: bytes) -> Row:
    try:
        found = msgspec.json.decode(line, type=_Header).schema
        if found != SCHEMA:
            raise BadResult(str(path), f"line {number} has schema {found}, not {SCHEMA}")
        return msgspec.json.decode(line, type=Row)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadResult(str(path), f"line {number} is no row: {error}") from error


class _Header(msgspec.Struct):
    schema: int
