"""Reads spoiled files one after the other, and tells how each reading ended.

A reading may succeed or refuse in words. A traceback, a hang or a burst of memory is a finding, and
comes with the seed and the number of the file that caused it.
"""

from __future__ import annotations

import resource
import signal
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import FrameType

PATIENCE = 10.0
"""Seconds for one file, on a busy machine; every seed is read in a fraction of one."""
MEMORY = 1 << 30
"""Bytes that one file may make the process grow by."""


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file, and who reads it."""

    name: str
    spoil: Callable[[Random], bytes]
    """Makes one hostile file's content."""
    read: Callable[[Path], object]
    """Reads a file at this path, as the product does for a person."""
    file: str
    """The name it has; what is beside it is made by `around`."""
    refusals: tuple[type[Exception], ...]
    """Errors that have a sentence for a person; anything else is a finding."""
    around: Callable[[Path], None] = lambda folder: None
    """Makes what else must be in the folder, once."""


@dataclass(slots=True)
class Report:
    """How the readings of one format ended."""

    name: str
    files: int = 0
    read: int = 0
    refused: Counter[str] = field(default_factory=Counter[str])
    findings: list[str] = field(default_factory=list[str])
    slowest: float = 0.0
    """Seconds."""
    grown: int = 0
    """Bytes that the process's peak rose by."""


class Hang(BaseException):
    """A file that was not read in time."""


def attack(format: Format, folder: Path, count: int, seed: int = 0) -> Report:
    """Read `count` spoiled files of a format, one after the other in this process."""
    format.around(folder)
    report = Report(format.name)
    path = folder / format.file
    before = _peak()
    for number in range(count):
        path.write_bytes(format.spoil(Random(f"{format.name}/{seed}/{number}")))
        _read_one(format, path, report, f"seed {seed}, file {number}")
    report.grown = _peak() - before
    if report.grown > MEMORY:
        report.findings.append(f"the process grew by {report.grown} bytes")
    return report


def _read_one(format: Format, path: Path, report: Report, where: str) -> None:
    report.files += 1
    started = time.monotonic()
    try:
        with _patience():
            format.read(path)
        report.read += 1
    except format.refusals as error:
        report.refused[type(error).__name__] += 1
        if not str(error).strip():
            report.findings.append(f"{where}: {type(error).__name__} says nothing")
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        last = "".join(traceback.format_exception(error)[-4:])
        report.findings.append(f"{where}: {type(error).__name__}\n{last}")
    report.slowest = max(report.slowest, time.monotonic() - started)


@contextmanager
def _patience() -> Iterator[None]:
    def late(number: int, frame: FrameType | None) -> None:
        raise Hang

    before = signal.signal(signal.SIGALRM, late)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _peak() -> int:
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
