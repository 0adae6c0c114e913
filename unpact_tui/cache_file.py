"""The file of the cache: how it is made, opened, looked at, emptied and set aside.

Knows SQLite and file systems; `cache` has what is done with an open one.
"""

from __future__ import annotations

import os
import sqlite3
import stat
import time
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from unpact_tui import private

FORMAT = 1
"""Of the tables, and of what is asked and answered; another one is another, empty store."""
LONGEST_JOURNAL = 64 << 20
"""Bytes beside the file that may stay when they are no longer needed."""

_PATIENCE = 1.0
"""Seconds to wait for another process."""
_JOURNALS = ("-wal", "-shm", "-journal")
_BROKEN = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_TAKEN = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_REMOTE = (
    "nfs",
    "cifs",
    "smb",
    "afs",
    "lustre",
    "gpfs",
    "beegfs",
    "ceph",
    "9p",
    "fuse",
    "virtiofs",
)
"""How the kinds of file systems begin that may be mounted on several machines."""

_MOUNTS = Path("/proc/self/mountinfo")

_TABLES = f"""
BEGIN IMMEDIATE;
DROP TABLE IF EXISTS entry;
DROP TABLE IF EXISTS content;
DROP TABLE IF EXISTS total;
CREATE TABLE entry (id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, size INTEGER NOT NULL,
                    used REAL NOT NULL);
CREATE INDEX entry_used ON entry (used, id, size);
CREATE TABLE content (id INTEGER PRIMARY KEY, value BLOB NOT NULL);
CREATE TABLE total (bytes INTEGER NOT NULL);
INSERT INTO total VALUES (0);
CREATE TRIGGER came AFTER INSERT ON entry BEGIN
  UPDATE total SET bytes = bytes + new.size;
END;
CREATE TRIGGER went AFTER DELETE ON entry BEGIN
  DELETE FROM content WHERE id = old.id;
  UPDATE total SET bytes = bytes - old.size;
END;
PRAGMA user_version = {FORMAT};
COMMIT;
"""
# A value is in a table of its own: to note a use must not write it again.


@dataclass(frozen=True, slots=True)
class Survey:
    """What a store holds."""

    entries: int = 0
    bytes: int = 0
    """Of the entries; the bound is for these."""
    file_bytes: int = 0
    """Of the file and its journal, with what they have ready for later entries."""
    oldest: float | None = None
    """When the entry was last used that leaves first, in seconds since 1970; within the hour."""
    newest: float | None = None
    trouble: str | None = None
    """Why nobody can tell."""


def opened(path: Path) -> sqlite3.Connection:
    """Open the file, or make it. Raises `sqlite3.Error`, `OSError`."""
    private.folder(path.parent)
    # Made by hand for its permissions, and only where it is not there: to close a descriptor of a
    # file that is there would end the locks of every connection of this process.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    for suffix in ("", *_JOURNALS):
        private.close_file(path.with_name(path.name + suffix))
    connection = _connected(path)
    try:
        _prepare(connection, remote=_is_remote(path))
    except sqlite3.Error:
        close(connection)
        raise
    return connection


def close(connection: sqlite3.Connection) -> None:
    """Close a connection, whatever state its file is in."""
    with suppress(sqlite3.Error):
        connection.close()


def survey(path: Path) -> Survey:
    """Say what a store holds; makes no file."""
    try:
        if not path.exists():
            return Survey()
        size = _size(path)
        with closing(_connected(path)) as connection:
            if number(connection, "PRAGMA user_version") != FORMAT:
                return Survey(file_bytes=size)
            entries, total, oldest, newest = connection.execute(
                "SELECT count(*), CAST(total(size) AS INTEGER), min(used), max(used) FROM entry"
            ).fetchone()
            return Survey(entries, total, size, oldest, newest)
    except (sqlite3.Error, OSError) as error:
        return Survey(trouble=reason(error))


def clear(path: Path) -> None:
    """Empty a store, which may be in use, and remove what was set aside. Raises `OSError`."""
    _aside(path).unlink(missing_ok=True)
    if not path.exists():
        return
    try:
        with closing(_connected(path)) as connection:
            connection.executescript(_TABLES)
            shrink(connection)
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except sqlite3.Error as error:
        if not is_broken(error):
            raise OSError(reason(error)) from error
        _remove_journals(path)
        path.unlink(missing_ok=True)


def set_aside(path: Path, file: os.stat_result | None) -> Path | None:
    """Rename a broken file and return its new name; None where it is not the one that was opened.

    Several processes may find it broken, and the first has made room for a new one.
    """
    try:
        if file is None or not os.path.samestat(file, path.stat()):
            return None
        _remove_journals(path)  # before there can be those of a new one
        return path.replace(_aside(path))
    except OSError:
        return None


def is_broken(error: sqlite3.Error | OSError) -> bool:
    """Tell whether an error is about what the file holds."""
    return _code(error) in _BROKEN


def is_taken(error: sqlite3.Error | OSError) -> bool:
    """Tell whether an error is that others kept the file to themselves for too long."""
    return _code(error) in _TAKEN


def reason(error: sqlite3.Error | OSError) -> str:
    """Say in words why the file cannot be used."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return f"{text[:1].lower()}{text[1:]}"


def number(connection: sqlite3.Connection, question: str) -> int:
    """Return the one number that is the answer; 0 where it is none."""
    row = connection.execute(question).fetchone()
    found: object = row[0] if row else None
    return found if isinstance(found, int) else 0


def unused(connection: sqlite3.Connection) -> int:
    """Return how many bytes of the file nothing is in."""
    return number(connection, "PRAGMA freelist_count") * number(connection, "PRAGMA page_size")


def shrink(connection: sqlite3.Connection) -> None:
    """Give the disk back what nothing is in."""
    # Not `execute`: that would give back one page.
    connection.executescript("PRAGMA incremental_vacuum")


def _connected(path: Path) -> sqlite3.Connection:
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError("it is not a regular file")
    return sqlite3.connect(path, _PATIENCE, isolation_level=None, check_same_thread=False)


def _prepare(connection: sqlite3.Connection, *, remote: bool) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            _make_tables(connection, remote=remote)
        except sqlite3.OperationalError as error:
            # To change the journal waits for nobody: processes that start together stumble here.
            if _code(error) not in _TAKEN or time.monotonic() > deadline:
                raise
            time.sleep(_PATIENCE / 50)
        else:
            return


def _make_tables(connection: sqlite3.Connection, *, remote: bool) -> None:
    # A write-ahead log needs memory that all processes share, so they have to be on one machine.
    journal = "truncate" if remote else "wal"
    if connection.execute("PRAGMA journal_mode").fetchone() != (journal,):
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute(f"PRAGMA journal_mode = {journal}").fetchone()
    # Over a network every commit would take two journeys; what a crash there leaves has checksums.
    connection.execute(f"PRAGMA synchronous = {'OFF' if remote else 'NORMAL'}")
    connection.execute(f"PRAGMA journal_size_limit = {LONGEST_JOURNAL}")
    if number(connection, "PRAGMA user_version") != FORMAT:
        connection.executescript(_TABLES)


def _is_remote(path: Path) -> bool:
    """Tell whether a file may be on other machines at the same time; as far as Linux says so."""
    device = path.stat().st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    try:
        mounts = _MOUNTS.read_text("utf-8", "replace")
    except OSError:
        return False
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        if before.split()[2:3] == [wanted]:
            return after.startswith(_REMOTE)
    return False


def _aside(path: Path) -> Path:
    return path.with_name(f"{path.name}.broken")


def _size(path: Path) -> int:
    sizes = [path.stat().st_size]
    for suffix in _JOURNALS:
        with suppress(FileNotFoundError):
            sizes.append(path.with_name(path.name + suffix).stat().st_size)
    return sum(sizes)


def _remove_journals(path: Path) -> None:
    for suffix in _JOURNALS:
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _code(error: sqlite3.Error | OSError) -> int:
    """Return SQLite's primary code of an error; 0 where there is none."""
    code: object = getattr(error, "sqlite_errorcode", 0)
    return code & 0xFF if isinstance(code, int) else 0
