"""Reads weight files from end to end: what takes the time when a model is loaded can be counted.

Whoever needs them next finds them in the system's memory. Beside a base's files they are compared
with those on the way. `Ahead` does it in a thread. Does not know what a checkpoint is for.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Protocol

from unpact_tui.errors import UnpactError, Unreadable
from unpact_tui.regular_files import opened
from unpact_tui.same_weights import pieces, same_form, tensors

_CHUNK = 32 << 20
"""Bytes between two signs of life."""

_PERIOD = 0.1
"""Seconds between two looks at a thread."""


class File(Protocol):
    """A file of a size that was known before."""

    @property
    def path(self) -> Path:
        """Where it is."""
        ...

    @property
    def bytes(self) -> int:
        """How long it was."""
        ...


@dataclass(frozen=True, slots=True)
class Read:
    """How far it is."""

    done: int
    total: int
    """Bytes."""
    shard: int
    shards: int


Reading = Generator[Read, None, frozenset[str] | None]
"""Returns the names of the tensors that are not byte for byte the base's; None: not compared."""


def read(files: Sequence[File]) -> Reading:
    """Read files and compare them with nothing. Raises `Unreadable` where one changed meanwhile."""
    total = sum(file.bytes for file in files)
    buffer = memoryview(bytearray(min(_CHUNK, total)))
    done = 0
    for number, shard in enumerate(files, start=1):
        _require_unchanged(shard)
        with opened(shard.path) as file:
            while count := file.readinto(buffer):
                done += count
                yield Read(done, total, number, len(files))
    return None


def read_beside(files: Sequence[File], base: Sequence[File]) -> Reading:
    """Read files and compare them with the base's, which have the same tensors.

    Raises `Unreadable`.
    """
    for file in (*files, *base):
        _require_unchanged(file)
    ours = tensors([file.path for file in base])
    if not same_form(ours, tensors([file.path for file in files])):
        return (yield from read(files))
    total = sum(file.bytes for file in files)
    changed: set[str] = set()
    finished = 0
    for number, shard in enumerate(files, start=1):
        held = tensors([shard.path])
        done = finished + shard.bytes - sum(tensor.bytes for _, tensor in held.values())
        for name, place in held.items():
            for count, same in pieces(ours[name], place):
                done += count
                if not same:
                    changed.add(name)
                yield Read(done, total, number, len(files))
        finished += shard.bytes
        yield Read(finished, total, number, len(files))
    return frozenset(changed)


def _require_unchanged(shard: File) -> None:
    with opened(shard.path) as file:
        if os.fstat(file.fileno()).st_size != shard.bytes:
            raise Unreadable(shard.path, "it changed while it was being read", "Try again.")


class Ahead:
    """A reading that may go on in a thread while something else is done.

    What it raises is raised where it is waited for.
    """

    def __init__(self, begin: Callable[[], Reading]) -> None:
        """`begin` is called at the start, in the thread that starts it."""
        self._begin = begin
        self._reading: Reading | None = None
        self._thread: Thread | None = None
        self._stopped = Event()
        self._latest: Read | None = None
        self._found: frozenset[str] | None = None
        self._error: UnpactError | None = None

    def start(self) -> None:
        """Begin to read."""
        self._reading = self._begin()
        self._thread = Thread(target=self._run, args=(self._reading,), daemon=True)
        self._thread.start()

    def _run(self, reading: Reading) -> None:
        try:
            while not self._stopped.is_set():
                self._latest = next(reading)
        except StopIteration as end:
            self._found = end.value
        except UnpactError as error:
            self._error = error
        finally:
            reading.close()

    def finish(self) -> Reading:
        """Yield how far it is until it is done; without a start, do it here.

        Raises what the reading raises.
        """
        if self._thread is None:
            return (yield from self._begin())
        said: Read | None = None
        while self._thread.is_alive():
            self._thread.join(_PERIOD)
            if self._latest is not None and self._latest != said:
                said = self._latest
                yield said
        if self._error is not None:
            raise self._error
        return self._found

    def stop(self) -> None:
        """End it and wait for its end; nothing is raised."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()
