"""The store of what models answered: bytes by key, bounded, shared by threads and processes.

Knows neither models nor what the bytes mean. It never stands in the way of measuring: whatever is
wrong with its file, the store turns itself off, says so once, and from then on knows nothing and
keeps nothing. A file that is broken is set aside.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar, cast
from zlib import crc32

from unpact_tui.cache_file import (
    close,
    is_broken,
    is_taken,
    number,
    opened,
    reason,
    set_aside,
    shrink,
    unused,
)

BOUND = 512 << 20
"""Bytes that are kept unless another number is configured."""
LARGEST = 64 << 20
"""Bytes of one value; what is longer is not kept."""

_ROW = 256
"""Bytes that an entry takes besides its value, about."""
_ROOM = 0.9
"""Of the bound, what may stay when it was passed: not every later entry then has to make room."""
_STALE = 3600.0
"""Seconds after which a use is written down anew: not every one costs a write."""
_CHECK = 4
"""Bytes of a checksum."""
_MOST_TAKEN = 20
"""Times in a row that others had the file for too long, after which there is no waiting for it."""

Result = TypeVar("Result")


class Store:
    """What was answered, by key."""

    def __init__(
        self,
        path: Path,
        bound: int = BOUND,
        notes: Callable[[str], None] = lambda _: None,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Open the file, or make it; `notes` is told in a sentence when the store turns itself
        off, now or later."""
        self.path = path
        self.bound = bound
        self._notes = notes
        self._clock = clock
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._file: os.stat_result | None = None
        self._trouble: str | None = None
        self._taken = 0
        """Times in a row that others had the file for too long."""
        self._changes = 0
        """Another number as soon as another process has written."""
        try:
            self._file = path.stat() if path.exists() else None
            self._connection = opened(path)
            self._file = path.stat()
            self._changes = number(self._connection, "PRAGMA data_version")
        except (sqlite3.Error, OSError) as error:
            self._turn_off(error)
        if self._connection is not None:
            weakref.finalize(self, close, self._connection)

    @property
    def trouble(self) -> str | None:
        """Why the store is off, in a sentence; None while it is not."""
        return self._trouble

    def get(self, key: bytes) -> bytes | None:
        """Return what was kept under a key, if it is there and whole."""
        return self._guarded(lambda connection: self._get(connection, key))

    def put(self, key: bytes, value: bytes) -> None:
        """Keep a value, and let go of what was not used for longest where there is no room.

        What is there already stays, and what is too large for the store is not kept.
        """
        if len(value) <= min(LARGEST, self.bound // 2):
            self._guarded(lambda connection: self._put(connection, key, value))

    def drop(self, key: bytes) -> None:
        """Let go of what is kept under a key."""
        self._guarded(lambda connection: _drop(connection, key))

    def close(self) -> None:
        """Let go of the file; nothing is known or kept any more."""
        with self._lock:
            if self._connection is not None:
                close(self._connection)
            self._connection = None

    def _guarded(self, work: Callable[[sqlite3.Connection], Result]) -> Result | None:
        with self._lock:
            if self._connection is None:
                return None
            try:
                result = work(self._connection)
            except (sqlite3.Error, OSError) as error:
                if not (is_taken(error) and self._may_wait(self._connection)):
                    self._turn_off(error)
                return None
            self._taken = 0
            return result

    def _may_wait(self, connection: sqlite3.Connection) -> bool:
        """Give this one up, and tell whether to try the next: whether others get on with it."""
        self._taken += 1
        before = self._changes
        try:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            self._changes = number(connection, "PRAGMA data_version")
        except sqlite3.Error:
            return False
        return self._changes != before and self._taken < _MOST_TAKEN

    def _get(self, connection: sqlite3.Connection, key: bytes) -> bytes | None:
        row = connection.execute(
            "SELECT used, value FROM entry JOIN content USING (id)"
            " WHERE key = ? AND length(value) <= ?",
            (key, LARGEST + _CHECK),
        ).fetchone()
        if row is None:
            return None
        used, kept = cast("tuple[object, object]", row)
        if not isinstance(kept, bytes) or kept[:_CHECK] != _checksum(key, kept[_CHECK:]):
            _drop(connection, key)
            return None
        now = self._clock()
        # A clock may go back: what was used in a future is used now.
        if not isinstance(used, float) or abs(now - used) > _STALE:
            connection.execute("UPDATE entry SET used = ? WHERE key = ?", (now, key))
        return kept[_CHECK:]

    def _put(self, connection: sqlite3.Connection, key: bytes, value: bytes) -> None:
        with _transaction(connection):
            came = connection.execute(
                "INSERT OR IGNORE INTO entry (key, size, used) VALUES (?, ?, ?)",
                (key, len(value) + _ROW, self._clock()),
            )
            if came.rowcount:
                kept = _checksum(key, value) + value
                connection.execute("INSERT INTO content VALUES (?, ?)", (came.lastrowid, kept))
            full = number(connection, "SELECT bytes FROM total") > self.bound
            if full:
                _make_room(connection, int(self.bound * _ROOM))
        if full and unused(connection) > self.bound // 4:
            shrink(connection)  # somebody has lowered the bound

    def _turn_off(self, error: sqlite3.Error | OSError) -> None:
        if self._connection is not None:
            close(self._connection)
        self._connection = None
        aside = set_aside(self.path, self._file) if is_broken(error) else None
        after = (
            "" if aside is None else f"; it is now {aside.name}, and the next start has a new one"
        )
        self._trouble = f"The cache is off: {self.path}: {reason(error)}{after}."
        self._notes(self._trouble)


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Generator[None]:
    """Do all or nothing; after an error the connection is closed, which undoes it."""
    connection.execute("BEGIN IMMEDIATE")
    yield
    connection.execute("COMMIT")


def _drop(connection: sqlite3.Connection, key: bytes) -> None:
    connection.execute("DELETE FROM entry WHERE key = ?", (key,))


def _make_room(connection: sqlite3.Connection, bound: int) -> None:
    """Let go of what was not used for longest until no more than the bound is kept."""
    excess = number(connection, "SELECT bytes FROM total") - bound
    gone: list[tuple[object]] = []
    rows = connection.execute("SELECT id, CAST(size AS INTEGER) FROM entry ORDER BY used, id")
    for found, size in rows:
        if excess <= 0:
            break
        gone.append((found,))
        excess -= size
    rows.close()
    connection.executemany("DELETE FROM entry WHERE id = ?", gone)


def _checksum(key: bytes, value: bytes) -> bytes:
    """Of both: a value under another key is as wrong as one that was changed."""
    return crc32(value, crc32(key)).to_bytes(_CHECK, "big")
