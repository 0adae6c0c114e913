"""A file that is added to for hours is still where it was begun, whoever tidied up meanwhile.

What is open can be written to after it was removed, and nobody would ever read it. Knows nothing of
what is in it.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

from unpact_tui import sole_writer

_PART = 1 << 20
"""Bytes that are copied at a time."""


def put_back(path: Path, file: BinaryIO) -> None:
    """Have `path` lead to all that was written to an unbuffered file, where it was removed.

    Raises `OSError` where it cannot be put back, and where something else is in its place.
    """
    ours = os.fstat(file.fileno())
    try:
        found = path.stat()
    except FileNotFoundError:
        _write_anew(path, file, stat.S_IMODE(ours.st_mode))
        return
    if not os.path.samestat(found, ours):
        raise OSError(errno.EEXIST, "another file was put in its place")


def _write_anew(path: Path, file: BinaryIO, mode: int) -> None:
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
    made = os.open(path, flags, mode)
    try:
        with os.fdopen(os.dup(made), "wb", buffering=0) as copy:
            sole_writer.is_alone(copy)
        at = 0
        while part := os.pread(file.fileno(), _PART, at):
            at += os.write(made, part)
        os.fsync(made)
        os.dup2(made, file.fileno(), inheritable=False)
    except OSError:
        path.unlink(missing_ok=True)
        raise
    finally:
        os.close(made)
