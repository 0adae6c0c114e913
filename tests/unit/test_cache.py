"""The store of what models answered: bounded, shared, and never in the way."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from unpact_tui import cache, cache_file, paths, remembering
from unpact_tui.cache import Store
from unpact_tui.cache_file import Survey, survey

MIB = 1 << 20


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "calls.sqlite"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


def key(number: int) -> bytes:
    return number.to_bytes(32, "big")


def kept(store: Store, numbers: range) -> set[int]:
    return {number for number in numbers if store.get(key(number)) is not None}


# ---------------------------------------------------------------- what is kept


def test_what_was_kept_is_there_again(file: Path) -> None:
    store = Store(file)
    assert store.get(key(1)) is None
    store.put(key(1), b"one")
    store.put(key(2), b"")
    assert (store.get(key(1)), store.get(key(2))) == (b"one", b"")
    store.close()
    assert store.get(key(1)) is None, "closed"
    store.put(key(3), b"three")
    again = Store(file)
    assert (again.get(key(1)), again.get(key(3))) == (b"one", None)
    again.drop(key(1))
    assert again.get(key(1)) is None
    assert again.trouble is None


def test_what_is_there_stays(file: Path) -> None:
    store = Store(file)
    store.put(key(1), b"first")
    store.put(key(1), b"second")
    assert store.get(key(1)) == b"first"
    assert survey(file).entries == 1


def test_it_is_private(file: Path) -> None:
    Store(file).put(key(1), b"one")
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in file.parent.iterdir()} == {0o600}


def test_what_was_not_used_for_longest_leaves(file: Path) -> None:
    clock = Clock()
    store = Store(file, 100_000, clock=clock)
    for number in range(9):
        store.put(key(number), bytes(10_000))
    assert kept(store, range(9)) == set(range(9))
    clock.now += 4000
    store.get(key(0))
    store.put(key(9), bytes(10_000))
    found = survey(file)
    assert (found.entries, found.bytes) == (8, 8 * (10_000 + 256))
    assert (found.oldest, found.newest) == (1000.0 + 4, clock.now)
    assert kept(store, range(10)) == {0, *range(3, 10)}, "room is made for a tenth of the bound"


def test_a_use_is_written_down_once_an_hour(file: Path) -> None:
    clock = Clock()
    store = Store(file, clock=clock)
    store.put(key(1), b"one")
    for wait, written in ((0, 1001), (3000, 1001), (500, 1001), (200, 4705), (3000, 4705)):
        clock.now += wait
        store.get(key(1))
        assert survey(file).newest == written


def test_the_file_is_bounded_too_and_a_lower_bound_is_kept_to(file: Path) -> None:
    store = Store(file, MIB)
    for number in range(200):
        store.put(key(number), bytes(20_000))
    store.close()
    assert MIB // 2 < survey(file).bytes <= MIB
    assert file.stat().st_size < 1.3 * MIB
    lower = Store(file, MIB // 8)
    lower.put(key(1000), b"one")
    lower.close()
    assert survey(file).bytes <= MIB // 8
    assert file.stat().st_size < MIB // 4


def test_what_is_too_large_is_not_kept(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "LARGEST", 1000)
    store = Store(file)
    store.put(key(1), bytes(1000))
    store.put(key(2), bytes(1001))
    assert kept(store, range(3)) == {1}
    small = Store(file, 1000)
    small.put(key(3), bytes(501))
    assert kept(store, range(4)) == {1}
    monkeypatch.setattr(cache, "LARGEST", 100)
    assert kept(store, range(4)) == set(), "not read either"


# ---------------------------------------------------------------- what is wrong


class Said:
    def __init__(self) -> None:
        self.notes: list[str] = []

    def opened(self, file: Path) -> Store:
        return Store(file, notes=self.notes.append)


@pytest.fixture
def said() -> Said:
    return Said()


def is_off(store: Store) -> bool:
    store.put(key(7), b"seven")
    store.drop(key(8))
    return store.get(key(7)) is None and store.trouble is not None


@pytest.mark.parametrize("content", [b"no database", b"SQLite format 3\0" + bytes(5000)])
def test_a_broken_file_is_set_aside_and_the_next_start_has_a_new_one(
    file: Path, said: Said, content: bytes
) -> None:
    file.parent.mkdir()
    file.write_bytes(content * 10)
    store = said.opened(file)
    assert is_off(store)
    (note,) = said.notes
    assert note == store.trouble
    assert "it is now calls.sqlite.broken" in note
    assert str(file) in note
    assert not file.exists()
    assert (file.parent / "calls.sqlite.broken").read_bytes() == content * 10
    again = said.opened(file)
    again.put(key(1), b"one")
    assert again.get(key(1)) == b"one"
    assert len(said.notes) == 1


def test_a_file_that_breaks_while_it_is_open(file: Path, said: Said) -> None:
    store = said.opened(file)
    for number in range(50):
        store.put(key(number), bytes(3000))
    store.close()
    whole = file.read_bytes()
    file.write_bytes(whole[:8192] + b"\xff" * (len(whole) - 8192))
    store = said.opened(file)
    for number in range(50):
        store.get(key(number))
        store.put(key(number + 100), b"more")
    assert is_off(store)
    assert len(said.notes) == 1
    assert (file.parent / "calls.sqlite.broken").exists()


def test_who_finds_it_broken_later_leaves_the_new_one_alone(file: Path, said: Said) -> None:
    Store(file).close()
    before = file.stat()
    file.rename(file.with_name("old"))
    Store(file).put(key(1), b"one")
    assert cache_file.set_aside(file, before) is None
    assert Store(file).get(key(1)) == b"one"


def test_a_value_that_was_changed_is_none(file: Path) -> None:
    store = Store(file)
    for number in range(4):
        store.put(key(number), b"value" * 10)
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE content SET value = substr(value, 1, 20) WHERE id = 1")
        connection.execute("UPDATE content SET value = 7 WHERE id = 2")
        connection.execute(
            "UPDATE content SET value = (SELECT value FROM content WHERE id = 4) WHERE id = 3"
        )
        connection.execute("UPDATE entry SET used = 'long ago' WHERE id = 4")
    connection.close()
    assert kept(store, range(4)) == {3}
    assert survey(file).entries == 1, "what is of no use has left"
    assert store.trouble is None


def test_a_folder_that_cannot_be_written(
    file: Path, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(cache_file.os, "open", refuse)
        assert is_off(said.opened(file))
    store = said.opened(file)
    assert store._connection is not None
    store._connection.execute("PRAGMA query_only = ON")
    assert is_off(store)
    assert [note.rpartition(": ")[2] for note in said.notes] == [
        "permission denied.",
        "attempt to write a readonly database.",
    ]


def test_a_place_that_is_no_file(tmp_path: Path, said: Said) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "file").touch()
    for name in ("folder", "pipe", "file/below"):
        assert is_off(said.opened(tmp_path / name))
    assert [note.rpartition(": ")[2] for note in said.notes] == [
        "it is not a regular file.",
        "it is not a regular file.",
        "not a directory.",
    ]


def test_a_full_disk(file: Path, said: Said) -> None:
    store = said.opened(file)
    assert store._connection is not None
    store._connection.execute("PRAGMA max_page_count = 20")
    for number in range(100):
        store.put(key(number), bytes(3000))
    assert is_off(store)
    assert [note.rpartition(": ")[2] for note in said.notes] == ["database or disk is full."]
    assert survey(file).entries > 0, "what was kept before is whole"


def test_it_does_not_wait_for_ever(file: Path, said: Said, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_file, "_PATIENCE", 0.1)
    store = said.opened(file)
    store.put(key(1), b"one")
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert store.get(key(1)) == b"one", "who reads does not wait"
    begun = time.monotonic()
    store.put(key(2), b"two")
    assert time.monotonic() - begun < 2
    assert is_off(store)
    assert said.notes == [f"The cache is off: {file}: database is locked."]
    other.execute("ROLLBACK")
    other.close()


def test_another_format_is_another_store(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Store(file).put(key(1), b"one")
    monkeypatch.setattr(cache_file, "FORMAT", 2)
    assert survey(file) == Survey(file_bytes=cache_file._size(file))
    monkeypatch.setattr(
        cache_file, "_TABLES", cache_file._TABLES.replace("user_version = 1", "user_version = 2")
    )
    store = Store(file)
    assert store.get(key(1)) is None
    store.put(key(1), b"two")
    assert store.get(key(1)) == b"two"


def test_no_log_is_shared_where_several_machines_may_be(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_file, "_is_remote", lambda _: True)
    store = Store(file)
    store.put(key(1), b"one")
    assert not file.with_name("calls.sqlite-wal").exists()
    store.close()
    again = Store(file)
    assert again.get(key(1)) == b"one"
    assert {path.name for path in file.parent.iterdir()} <= {file.name, f"{file.name}-journal"}


@pytest.mark.parametrize(
    ("mount", "remote"),
    [
        ("nfs4 server:/home rw", True),
        ("fuse.sshfs server: rw", True),
        ("ext4 /dev/sda1 rw", False),
        ("tmpfs tmpfs rw", False),
    ],
)
def test_what_several_machines_mount(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mount: str, remote: bool
) -> None:
    device = tmp_path.stat().st_dev
    table = tmp_path / "mountinfo"
    table.write_text(
        "21 1 0:999999 / /other rw shared:1 - nfs4 server:/other rw\n"
        f"36 21 {os.major(device)}:{os.minor(device)} / {tmp_path} rw shared:2 - {mount}\n\n"
    )
    monkeypatch.setattr(cache_file, "_MOUNTS", table)
    assert cache_file._is_remote(tmp_path) == remote
    monkeypatch.setattr(cache_file, "_MOUNTS", tmp_path / "none")
    assert not cache_file._is_remote(tmp_path)


# ---------------------------------------------------------------- looked at, and emptied


def test_a_survey_makes_no_file(file: Path) -> None:
    assert survey(file) == Survey()
    assert not file.parent.exists()
    file.parent.mkdir()
    file.write_bytes(b"no database" * 100)
    assert survey(file) == Survey(trouble="file is not a database")
    assert file.exists()


def test_it_is_emptied_while_it_is_used(file: Path) -> None:
    cache_file.clear(file)
    assert not file.parent.exists()
    store = Store(file)
    for number in range(100):
        store.put(key(number), bytes(10_000))
    assert file.parent.joinpath("calls.sqlite-wal").stat().st_size > MIB
    cache_file.clear(file)
    assert kept(store, range(100)) == set()
    assert sum(path.stat().st_size for path in file.parent.iterdir()) < MIB // 8
    store.put(key(1), b"one")
    assert store.get(key(1)) == b"one"
    assert store.trouble is None


def test_what_is_broken_is_removed(file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(b"no database" * 100)
    (file.parent / "calls.sqlite.broken").touch()
    (file.parent / "calls.sqlite-wal").touch()
    cache_file.clear(file)
    assert list(file.parent.iterdir()) == []


# ---------------------------------------------------------------- several at once

HAMMER = """
import random, sys
from pathlib import Path
from unpact_tui.cache import Store

file, seed, rounds = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
dice = random.Random(seed)
store = Store(file, 300_000, notes=lambda note: sys.exit(note))
value = lambda n: bytes([n % 251]) * (n * 37 % 5000)
for _ in range(rounds):
    number = dice.randrange(400)
    key = number.to_bytes(32, "big")
    found = store.get(key)
    assert found is None or found == value(number), number
    if found is None:
        store.put(key, value(number))
    print("." , flush=True)
if store.trouble:
    sys.exit(store.trouble)
"""


def hammer(file: Path, seed: int, rounds: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HAMMER, str(file), str(seed), str(rounds)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_several_processes_and_one_that_is_killed(file: Path) -> None:
    victim = hammer(file, 0, 1_000_000)
    others = [hammer(file, seed, 300) for seed in (1, 2, 3)]
    assert victim.stdout is not None
    for _ in range(100):
        assert victim.stdout.readline() == ".\n"
    victim.send_signal(signal.SIGKILL)
    victim.communicate()
    for process in others:
        _, complaint = process.communicate(timeout=60)
        assert (process.returncode, complaint) == (0, "")
    found = survey(file)
    assert found.trouble is None
    assert 0 < found.bytes <= 300_000
    with sqlite3.connect(file) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = connection.execute(
            "SELECT (SELECT bytes FROM total), sum(size), sum(size - length(value)) / count(*),"
            " count(*), (SELECT count(*) FROM content) FROM entry JOIN content USING (id)"
        ).fetchone()
    connection.close()
    assert rows[0] == rows[1] == found.bytes
    assert rows[2] == 256 - 4
    assert rows[3] == rows[4] == found.entries


def test_several_threads(file: Path) -> None:
    store = Store(file, 100_000)
    wrong: list[int] = []

    def work(first: int) -> None:
        for number in range(first, first + 100):
            store.put(key(number % 130), key(number % 130) * 50)
            found = store.get(key(number % 130))
            if found not in (None, key(number % 130) * 50):
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(start,)) for start in (0, 30, 60)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert store.trouble is None


# ---------------------------------------------------------------- as it is configured


def test_it_is_opened_as_it_is_configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    notes: list[str] = []
    monkeypatch.setenv("UNPACT_CACHE", "no")
    assert remembering.open_store(notes.append) is None
    assert not paths.calls_file().exists()
    monkeypatch.delenv("UNPACT_CACHE")
    monkeypatch.setenv("UNPACT_CACHE_MIB", "3")
    store = remembering.open_store(notes.append)
    assert store is not None
    assert (store.path, store.bound) == (paths.calls_file(), 3 * MIB)
    assert paths.calls_file().exists()
    monkeypatch.setenv("UNPACT_CACHE_MIB", "none")
    assert remembering.bound() == cache.BOUND == 512 * MIB
    assert notes == []
