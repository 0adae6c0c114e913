"""Adds to files that are only ever appended to: all of it, or nothing.

A disk that fills up takes the beginning of a write and says so only when asked for the rest; half a
line in the middle of a file would make all that follows unreadable. Knows nothing of what is in
them.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import BinaryIO


def append(file: BinaryIO, content: bytes) -> None:
    """Append to an unbuffered file; where that fails it is as it was. Raises `OSError`."""
    end = os.fstat(file.fileno()).st_size
    try:
        left = memoryview(content)
        while left:
            left = left[os.write(file.fileno(), left) :]
    except OSError:
        take_back(file, end)
        raise


def take_back(file: BinaryIO, end: int) -> None:
    """Let a file end where it ended before; whoever opens it next does it where that fails too."""
    with suppress(OSError):
        os.ftruncate(file.fileno(), end)
