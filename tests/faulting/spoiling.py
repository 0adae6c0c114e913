"""Files and folders of a home that are not what they should be: each way to spoil one."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from random import Random

from faulting.place import Place


def folders_are_files(place: Place) -> None:
    for name in ("cache", "config", "state", "data"):
        (place.home / name).write_text("not a folder\n")


def closed(place: Place) -> None:
    for name in ("cache", "config", "state", "data"):
        (place.home / name / "unpact-tui").mkdir(parents=True)


# ---------------------------------------------------------------- the cache


def store(place: Place) -> None:
    from unpact_tui.cache import Store

    store = Store(place.calls)
    for number in range(200):
        store.put(f"key {number}".encode(), bytes(Random(number).randbytes(900)))
    store.close()


def cache(change: Callable[[Path], None]) -> Callable[[Place], None]:
    def spoil(place: Place) -> None:
        store(place)
        change(place.calls)

    return spoil


def random_bytes(file: Path) -> None:
    content, chance = bytearray(file.read_bytes()), Random(1)
    for _ in range(300):
        content[chance.randrange(len(content))] = chance.randrange(256)
    file.write_bytes(content)


def middle(file: Path) -> None:
    """Leave the head alone, so that it opens, and spoil every later page."""
    content = bytearray(file.read_bytes())
    for at in range(4096, len(content), 4096):
        content[at : at + 64] = Random(at).randbytes(64)
    file.write_bytes(content)


def cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 3])


def folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def pipe(file: Path) -> None:
    file.unlink()
    os.mkfifo(file)


def stray_log(file: Path) -> None:
    file.with_name(f"{file.name}-wal").write_bytes(Random(2).randbytes(40_000))
    file.with_name(f"{file.name}-shm").write_bytes(Random(3).randbytes(32_768))


def other_tables(file: Path) -> None:
    connection = sqlite3.connect(file)
    connection.executescript("DROP TABLE entry; CREATE TABLE entry (other TEXT);")
    connection.close()


def no_tables(file: Path) -> None:
    connection = sqlite3.connect(file)
    connection.executescript("DROP TABLE entry; DROP TABLE content; DROP TABLE total;")
    connection.close()


# ---------------------------------------------------------------- the configuration


def config(change: Callable[[Path], None]) -> Callable[[Place], None]:
    def spoil(place: Place) -> None:
        file = place.home / "config" / "unpact-tui" / "config.toml"
        file.parent.mkdir(parents=True)
        file.write_text('theme = "unpact-dark"\n')
        change(file)

    return spoil


def garbage(file: Path) -> None:
    file.write_bytes(Random(4).randbytes(2000))


def dead_link(file: Path) -> None:
    file.unlink()
    file.symlink_to(file)
