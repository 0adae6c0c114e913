"""All entries measured, by as many hands as asked for; what is done stays done.

Gives work to a fleet, keeps what comes of it and tells how far it is. Knows neither models nor
processes.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field

import msgspec

from unpact_tui import fleet
from unpact_tui.findings.family import Entry, Family
from unpact_tui.findings.keeping import Folder
from unpact_tui.findings.record import Record
from unpact_tui.findings.work import Measured, Measurer, failed
from unpact_tui.fleet import Done, Event, Fleet, Job, Lost, Said, Worker


@dataclass(frozen=True, slots=True)
class Progress:
    """How far all of it is."""

    stage: str
    done: int
    total: int


Clock = Callable[[], float]
HandOut = Callable[[Worker, Sequence[Job], Fleet], Generator[Event]]
"""`fleet.run`."""


def run(
    family: Family,
    folder: Folder,
    asked: Fleet,
    hand_out: HandOut = fleet.run,
    clock: Clock = time.monotonic,
) -> Generator[Progress]:
    """Measure what is missing of a family. Raises `Unwritable`, and what `fleet.run` raises.

    An entry that fails, or whose hand dies, is kept as an error, and the rest go on. Closing the
    iterator ends every hand; what is finished is there the next time.
    """
    missing = folder.missing(family.entries)
    jobs = [Measured(folder.file(entry).name, entry.name, entry) for entry in missing]
    named = {job.key: job for job in jobs}
    far = _Far(len(family.entries), len(jobs), clock)
    yield far.progress("")
    with closing(hand_out(Measurer(family, folder.plan), jobs, asked)) as events:
        for event in events:
            job = named[event.key]
            if isinstance(event, Said):
                yield far.progress(f"{job.name}: {event.stage}")
                continue
            record = _record(event, job.entry, folder)
            folder.keep(job.entry, record)
            far.finished += 1
            yield far.progress(f"{job.name}: {record.error or 'measured'}")


def _record(event: Done | Lost, entry: Entry, folder: Folder) -> Record:
    if isinstance(event, Lost):
        return failed(entry, folder.plan, event.why)
    return msgspec.json.decode(event.result, type=Record)


@dataclass(slots=True)
class _Far:
    """How far it is, and how long it still takes."""

    total: int
    missing: int
    clock: Clock
    finished: int = 0
    began: float = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.clock()

    def progress(self, text: str) -> Progress:
        """Say how far it is, and about how long it will take."""
        done = self.total - self.missing + self.finished
        return Progress(f"{text}{self._left()}", done, self.total)

    def _left(self) -> str:
        if not self.finished or self.finished == self.missing:
            return ""
        each = (self.clock() - self.began) / self.finished
        minutes = each * (self.missing - self.finished) / 60
        return f" (about {minutes:.0f} min left)" if minutes >= 1 else " (less than a minute left)"
