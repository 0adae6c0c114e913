"""What several processes do to one cache, one ledger and one session file at the same time.

Each is forked, so that all begin at once; whatever one of them says, or its death, is a loss.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from random import Random
from time import perf_counter, sleep

from room import OPEN, Room

from unpact_tui.cache import Store
from unpact_tui.errors import BadUsage, Unwritable
from unpact_tui.ledger import Form, KeyedLine, opened
from unpact_tui.session import keeping
from unpact_tui.session.file import read
from unpact_tui.session.keeping import Keeping

_PATIENCE = 300.0
NOBODY = 65534


@dataclass(frozen=True, slots=True)
class Shared:
    """How several processes came through."""

    what: str
    tried: int
    lost: tuple[str, ...]
    seconds: float


def several(count: int, work: Callable[[int], str], what: str, tried: int) -> Shared:
    """Run `work` in so many processes at once."""
    context = multiprocessing.get_context("fork")
    started = perf_counter()
    running: list[tuple[BaseProcess, Connection]] = []
    for number in range(count):
        ours, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_tell, args=(work, number, theirs))
        process.start()
        theirs.close()
        running.append((process, ours))
    lost = [said for process, pipe in running if (said := _heard(process, pipe))]
    return Shared(what, tried, tuple(lost), perf_counter() - started)


def _tell(work: Callable[[int], str], number: int, pipe: Connection) -> None:
    pipe.send(work(number))
    pipe.close()


def _heard(process: BaseProcess, pipe: Connection) -> str:
    try:
        said = str(pipe.recv()) if pipe.poll(_PATIENCE) else "a process did not come back"
    except EOFError:
        said = "a process died"
    process.join(5)
    pipe.close()
    return said


# ---------------------------------------------------------------- the cache


def one_cache(folder: Path, processes: int, each: int, seed: int) -> Shared:
    """Many put and get in one store that is too small for them."""
    path = folder / "cache.db"

    def work(number: int) -> str:
        store, draw = Store(path, bound=4 << 20), Random(f"{seed}/{number}")
        found = 0
        for _ in range(each):
            key = sha256(str(draw.randrange(2000)).encode()).digest()
            store.put(key, _value(key))
            got = store.get(sha256(str(draw.randrange(2000)).encode()).digest())
            found += got is not None
            got = store.get(key)
            found += got is not None
            if got is not None and got != _value(key):
                return "another value came back"
        store.close()
        return store.trouble or ("" if found else "nothing was ever found")

    return several(processes, work, "one cache", processes * each)


def _value(key: bytes) -> bytes:
    return key * (32 + 8 * key[0])


# ---------------------------------------------------------------- files with one writer


class _Line(KeyedLine, frozen=True):
    number: int


_FORM = Form(_Line, 1, "row", "triage")


def one_ledger(folder: Path, processes: int, rounds: int) -> Shared:
    """All want to write one ledger: one does at a time, the others are told so."""
    path = folder / "rows.jsonl"

    def work(number: int) -> str:
        written = 0
        for _ in range(rounds):
            try:
                with opened(path, _FORM, resume=True) as ledger:
                    ledger.add(_Line(1, f"{number}/{written}", number))
                    if f"{number}/{written}" not in ledger.lines:
                        return "a line is not there"
                    written += 1
            except BadUsage as error:
                if "in use" not in str(error):
                    return str(error)
                sleep(0.002)
        kept = sum(line.number == number for line in _once_free(path).values())
        return "" if kept == written else f"{written - kept} lines are lost"

    return several(processes, work, "one ledger", processes * rounds)


def _once_free(path: Path) -> dict[str, _Line]:
    """Return the lines of a ledger, once nobody writes it."""
    for _ in range(5000):
        try:
            with opened(path, _FORM, resume=True) as ledger:
                return dict(ledger.lines)
        except BadUsage:
            sleep(0.005)
    return {}


def one_session(folder: Path, processes: int) -> Shared:
    """All want to write one session file: one does, the others are refused, and it can be read."""
    path, room = folder / "session.jsonl", Room()

    def work(number: int) -> str:
        try:
            kept = Keeping(path)
        except Unwritable as error:
            return "" if "another inspector" in str(error) else str(error)
        kept.begin(OPEN, room.opened, room.state.timeline)
        sleep(0.3)  # until all others have tried
        kept.close()
        return ""

    shared = several(processes, work, "one session file", processes)
    whole = read(path).began.order == OPEN
    begun = path.read_bytes().count(b'"Began"')
    lost = (*shared.lost, *(() if whole and begun == 1 else (f"{begun} began one file",)))
    return Shared(shared.what, shared.tried, lost, shared.seconds)


def many_sittings(processes: int, rounds: int) -> Shared:
    """All keep a sitting of their own for a while, and tidy up after earlier ones."""

    def work(number: int) -> str:
        for _ in range(rounds):
            kept = keeping.for_a_while()
            if kept is None:
                return "a sitting is not kept"
            sleep(0.001)
            if not kept.path.exists():
                return "a sitting that goes on was removed"
            kept.close()
        return ""

    return several(processes, work, "sittings kept for a while", processes * rounds)


# ---------------------------------------------------------------- two people


def as_nobody(work: Callable[[], str]) -> Shared:
    """Do something as another person than root."""

    def other(_: int) -> str:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        return work()

    return several(1, other, "another person", 1)


def foreign_cache(folder: Path) -> Shared:
    """Another person is given a cache that only root may read: it is off, and says so."""
    path = folder / "private" / "cache.db"
    Store(path).close()

    def work() -> str:
        store = Store(path)
        store.put(b"key", b"value")
        found = store.get(b"key")
        said = store.trouble or ""
        fine = found is None and said.startswith("The cache is off: ") and "\n" not in said
        return "" if fine else f"it says {said!r}"

    return as_nobody(work)
