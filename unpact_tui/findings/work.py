"""One entry from beginning to end: prepared, measured, kept. What fails is kept as that.

Knows nothing of processes.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import TypeVar

from attribution.errors import AttributionError
from methods.errors import MethodError
from unpact_tui.errors import UnpactError
from unpact_tui.findings.family import Entry, Family
from unpact_tui.findings.keeping import Folder
from unpact_tui.findings.measuring import measure
from unpact_tui.findings.record import SCHEMA, Record
from unpact_tui.output import Step

Outcome = TypeVar("Outcome")


@dataclass(frozen=True, slots=True)
class Said:
    """How far an entry is, in words."""

    text: str


@dataclass(frozen=True, slots=True)
class Finished:
    """An entry is done with."""

    error: str = ""
    """Why it could not be measured, when it could not."""


def work(family: Family, folder: Folder, entry: Entry) -> Iterator[Said | Finished]:
    """Prepare, measure and keep one entry. Raises `Unwritable`."""
    try:
        subject = yield from _telling(family.prepare(entry))
        record = yield from _telling(measure(entry, subject, folder.plan))
    except (UnpactError, AttributionError, MethodError) as error:
        record = failed(entry, folder, str(error))
    folder.keep(entry, record)
    yield Finished(record.error)


def failed(entry: Entry, folder: Folder, why: str) -> Record:
    """Return the record of what could not be measured."""
    digest = folder.plan.digest(entry)
    return Record(SCHEMA, entry.seed, entry.member, entry.method, digest, error=why)


def _telling(steps: Generator[Step, None, Outcome]) -> Generator[Said, None, Outcome]:
    """Hand on what is said, and return what comes of it."""
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            return end.value
        yield Said(step.stage)
