"""The rows: what goes wrong around a command, and the exit codes that it may then end with."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

from faulting import spoiling
from faulting.place import NOBODY, STRANGER, Place, lend, small_disk

FINE = frozenset({0})
REFUSED = frozenset({0, 2})
"""Done all the same, or an output, an option or a place that cannot be used."""
BROKEN = frozenset({0, 2, 3, 4})


@dataclass(frozen=True, slots=True)
class Launch:
    """What is different about the process itself."""

    env: Mapping[str, str | None] = field(default_factory=dict[str, "str | None"])
    """Changes; None takes a variable away."""
    limits: Mapping[str, int] = field(default_factory=dict[str, int])
    user: int = 0
    inject: str = ""
    """What is done inside the process: see `inject`."""
    streams: Mapping[str, str | None] = field(default_factory=dict[str, "str | None"])
    """By name; None closes one."""
    no_folder: bool = False
    """The folder it is started in is removed."""


Arrange = Callable[[Place], AbstractContextManager[Launch]]


@dataclass(frozen=True, slots=True)
class Fault:
    """What is run in one row."""

    name: str
    arrange: Arrange
    codes: frozenset[int] = BROKEN
    mounts: bool = False
    """It needs a file system of its own."""
    engine_only: bool = False
    """It happens where models are run; in this process, so not in one that a command starts."""
    cold: bool = False
    """Worth the time of commands that are slow to start."""
    peculiar: bool = False
    """Worth the time of commands that share most of what they do with `run`."""
    unsaid: bool = False
    """Nobody can be told: standard error is what is broken."""
    silent: bool = False
    """Standard output is what is broken."""

    @property
    def as_somebody_else(self) -> bool:
        """Whether it needs a process that may become another user's."""
        return self.name.startswith(("home: none", "home: somebody", "threads"))

    @property
    def leaves(self) -> bool:
        """Whether the next start may find what the fault did."""
        kinds = ("results", "home", "cache", "config", "folder", "memory", "engine", "inputs")
        return self.name.startswith(kinds)


def _only(launch: Launch) -> Arrange:
    @contextmanager
    def arrange(place: Place) -> Generator[Launch]:
        yield launch

    return arrange


def _spoiled(change: Callable[[Place], None], user: int = 0) -> Arrange:
    @contextmanager
    def arrange(place: Place) -> Generator[Launch]:
        change(place)
        if user:
            lend(place, user)
        yield Launch(user=user)
        if user:
            lend(place, 0)

    return arrange


def _disk(which: str, free: int, *, read_only: bool = False) -> Arrange:
    @contextmanager
    def arrange(place: Place) -> Generator[Launch]:
        with small_disk(getattr(place, which), free, read_only=read_only):
            yield Launch()

    return arrange


# ---------------------------------------------------------------- homes


@contextmanager
def _locked_home(place: Place) -> Generator[Launch]:
    """Everything is somebody else's, and closed."""
    spoiling.closed(place)
    lend(place, NOBODY)
    for folder in (place.home, *place.home.rglob("*")):
        os.chown(folder, 0, 0)
        folder.chmod(0o555)
    yield Launch(user=NOBODY)
    for folder in (place.home, *place.home.rglob("*")):
        folder.chmod(0o755)
    lend(place, 0)


def _homeless(user: int) -> Arrange:
    gone = dict.fromkeys(("HOME", *(f"XDG_{n}_HOME" for n in ("CACHE", "CONFIG", "STATE", "DATA"))))

    @contextmanager
    def arrange(place: Place) -> Generator[Launch]:
        lend(place, user)
        yield Launch(env=gone, user=user)
        lend(place, 0)

    return arrange


@contextmanager
def _held(place: Place) -> Generator[Launch]:
    spoiling.store(place)
    connection = sqlite3.connect(place.calls, isolation_level=None)
    connection.execute("BEGIN EXCLUSIVE")
    yield Launch()
    connection.close()


# ---------------------------------------------------------------- all of them


def _limited(**limits: int) -> Arrange:
    return _only(Launch(limits=limits))


def _injected(what: str) -> Arrange:
    return _only(Launch(inject=what))


def _environment(**changes: str | None) -> Arrange:
    return _only(Launch(env=changes))


def _streams(**streams: str | None) -> Arrange:
    return _only(Launch(streams=streams))


@contextmanager
def _crowded(place: Place) -> Generator[Launch]:
    """No further thread or process may be started."""
    lend(place, NOBODY)
    yield Launch(user=NOBODY, limits={"RLIMIT_NPROC": 0})
    lend(place, 0)


_LOUD = "/dev/full"

FAULTS = (
    Fault("nothing", _only(Launch()), FINE, cold=True),
    Fault("results: disk full", _disk("out", 0), REFUSED, mounts=True, cold=True, peculiar=True),
    Fault("results: 8 kB left", _disk("out", 8192), REFUSED, mounts=True, cold=True, peculiar=True),
    Fault("results: 200 kB left", _disk("out", 200_000), REFUSED, mounts=True, peculiar=True),
    Fault("results: read-only", _disk("out", 0, read_only=True), REFUSED, mounts=True),
    Fault("results: file size limit", _limited(RLIMIT_FSIZE=1024), REFUSED),
    Fault("home: disk full", _disk("home", 0), REFUSED, mounts=True, cold=True, peculiar=True),
    Fault("home: 40 kB left", _disk("home", 40_000), REFUSED, mounts=True),
    Fault("home: read-only", _disk("home", 0, read_only=True), REFUSED, mounts=True, cold=True),
    Fault("home: folders are files", _spoiled(spoiling.folders_are_files), REFUSED, cold=True),
    Fault("home: somebody else's", _locked_home, REFUSED),
    Fault("home: none, nobody", _homeless(NOBODY), REFUSED),
    Fault("home: none, stranger", _homeless(STRANGER), REFUSED),
    Fault("cache: random bytes", _spoiled(spoiling.cache(spoiling.random_bytes)), FINE),
    Fault("cache: later pages spoiled", _spoiled(spoiling.cache(spoiling.middle)), FINE, cold=True),
    Fault("cache: cut off", _spoiled(spoiling.cache(spoiling.cut)), FINE),
    Fault("cache: a folder", _spoiled(spoiling.cache(spoiling.folder)), REFUSED),
    Fault("cache: a pipe", _spoiled(spoiling.cache(spoiling.pipe)), REFUSED, cold=True),
    Fault("cache: stray journals", _spoiled(spoiling.cache(spoiling.stray_log)), FINE),
    Fault("cache: other tables", _spoiled(spoiling.cache(spoiling.other_tables)), FINE),
    Fault("cache: no tables", _spoiled(spoiling.cache(spoiling.no_tables)), FINE),
    Fault("cache: locked", _held, REFUSED),
    Fault("config: garbage", _spoiled(spoiling.config(spoiling.garbage)), REFUSED, cold=True),
    Fault("config: a folder", _spoiled(spoiling.config(spoiling.folder)), REFUSED),
    Fault("config: a pipe", _spoiled(spoiling.config(spoiling.pipe)), REFUSED),
    Fault("config: a dead link", _spoiled(spoiling.config(spoiling.dead_link)), REFUSED),
    Fault("folder: gone", _only(Launch(no_folder=True))),
    Fault("temporary: missing", _environment(TMPDIR="/nowhere", TMP=None, TEMP=None), FINE),
    Fault("files: 20", _limited(RLIMIT_NOFILE=20), peculiar=True),
    Fault("files: 5", _limited(RLIMIT_NOFILE=5)),
    Fault("threads: none", _crowded),
    Fault("memory: +40 MB", _injected("memory 40"), peculiar=True),
    Fault("memory: +1 MB", _injected("memory 1")),
    Fault("engine: memory, 1st pass", _injected("oom 1"), engine_only=True),
    Fault("engine: memory, 9th pass", _injected("oom 9"), engine_only=True, peculiar=True),
    Fault(
        "engine: memory, from 9th on",
        _injected("ooms 9"),
        engine_only=True,
    ),
    Fault("engine: NaN, 1st pass", _injected("nan 1"), engine_only=True),
    Fault("engine: memory, 3rd pass", _injected("oom 3"), engine_only=True, peculiar=True),
    Fault("engine: NaN, 3rd pass", _injected("nan 3"), engine_only=True, peculiar=True),
    Fault("engine: NaN, 9th pass", _injected("nan 9"), engine_only=True, peculiar=True),
    Fault("engine: NaN, from 9th on", _injected("nans 9"), engine_only=True, peculiar=True),
    Fault("engine: inf, 5th pass", _injected("inf 5"), engine_only=True),
    Fault("engine: NaN, every 7th", _injected("nan7 0"), engine_only=True),
    Fault("inputs: weights cut", _injected("cut base/model.safetensors"), engine_only=True),
    Fault("inputs: weights gone", _injected("remove base/model.safetensors"), engine_only=True),
    Fault("inputs: tokenizer gone", _injected("remove base/tokenizer.json"), engine_only=True),
    Fault("inputs: prompts gone", _injected("remove forget.jsonl"), engine_only=True),
    Fault("results: folder gone", _injected("remove ../out"), peculiar=True),
    Fault("clock: jumps", _injected("clock jumps"), FINE),
    Fault("clock: before 1970", _injected("clock early"), FINE),
    Fault("locale: C, ASCII", _environment(LC_ALL="C", PYTHONIOENCODING="ascii"), FINE, cold=True),
    Fault("locale: unknown", _environment(LC_ALL="xx_YY.KOI8", LANG="xx"), FINE),
    Fault("terminal: unknown", _environment(TERM="no-such", COLUMNS=None), FINE, cold=True),
    Fault("terminal: one column", _environment(COLUMNS="1", LINES="1"), FINE),
    Fault("terminal: odd size", _environment(COLUMNS="-7", LINES="x"), FINE),
    Fault("input: closed", _streams(stdin=None), FINE),
    Fault("output: closed", _streams(stdout=None), REFUSED, silent=True),
    Fault("output: full", _streams(stdout=_LOUD), REFUSED, silent=True, peculiar=True),
    Fault("errors: closed", _streams(stderr=None), BROKEN, unsaid=True),
    Fault("errors: full", _streams(stderr=_LOUD), BROKEN, unsaid=True),
)
