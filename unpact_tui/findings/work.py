"""One entry from beginning to end: prepared and measured. What fails is a record that says so.

A `fleet.Worker` and its jobs: it is sent to where it works, and what comes of it is kept by whoever
asked. Knows neither processes nor folders.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import msgspec

from attribution.errors import AttributionError
from methods.errors import MethodError
from unpact_tui.errors import UnpactError
from unpact_tui.findings.family import Entry, Family
from unpact_tui.findings.keeping import Plan
from unpact_tui.findings.measuring import measure
from unpact_tui.findings.record import SCHEMA, Record
from unpact_tui.fleet.jobs import Job
from unpact_tui.output import Step


@dataclass(frozen=True, slots=True)
class Measured:
    """An entry to be measured; meets `fleet.Job`."""

    key: str
    name: str
    entry: Entry


@dataclass(frozen=True, slots=True)
class Measurer:
    """Measures entries of a family; meets `fleet.Worker`."""

    family: Family
    plan: Plan

    def work(self, job: Job) -> Generator[Step, None, bytes]:
        """Prepare and measure an entry, and return its record, encoded."""
        assert isinstance(job, Measured)
        try:
            subject = yield from self.family.prepare(job.entry)
            record = yield from measure(job.entry, subject, self.plan)
        except (UnpactError, AttributionError, MethodError) as error:
            record = failed(job.entry, self.plan, str(error))
        return msgspec.json.encode(record)


def failed(entry: Entry, plan: Plan, why: str) -> Record:
    """Return the record of what could not be measured."""
    return Record(
        SCHEMA,
        entry.seed,
        entry.member,
        entry.method,
        plan.digest(entry),
        model=entry.model,
        benchmark=entry.benchmark,
        world=entry.world,
        error=why,
    )
