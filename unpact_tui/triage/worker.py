"""Who measures checkpoints, one after another, wherever that is: a `fleet.jobs.Worker`.

What goes wrong with a checkpoint becomes its row. Importing this imports no torch; it is imported
when the first checkpoint is opened.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

import msgspec

from attribution.errors import AttributionError
from unpact_tui.destination import destination
from unpact_tui.document import encode
from unpact_tui.engine import Engine
from unpact_tui.errors import UnpactError, exit_code
from unpact_tui.fleet.jobs import Job
from unpact_tui.output import Step
from unpact_tui.result_schema import Document
from unpact_tui.triage.measuring import compare_words, measure
from unpact_tui.triage.question import Question
from unpact_tui.triage.readings import Kept
from unpact_tui.triage.row import SCHEMA, Row


@dataclass(frozen=True, slots=True)
class CheckpointJob:
    """A checkpoint to measure; meets `fleet.jobs.Job`."""

    key: str
    name: str
    path: str
    note: str = ""
    """To be said in its row."""


@dataclass(slots=True)
class CheckpointWorker:
    """Measures; base and reference stay open, and say things once."""

    question: Question
    _engine: Engine | None = None
    """What is opened with the first job."""
    _kept: Kept = field(default_factory=Kept)

    def work(self, job: Job) -> Generator[Step, None, bytes]:
        """Measure one checkpoint and return its row, encoded."""
        assert isinstance(job, CheckpointJob)
        began = perf_counter()
        try:
            row = yield from self._measured(job)
        except (UnpactError, AttributionError) as error:
            row = failed(self.question, job, str(error), exit_code(error), perf_counter() - began)
        return encode(row)

    def _measured(self, job: CheckpointJob) -> Generator[Step, None, Row]:
        if self._engine is None:
            self._engine = Engine(self.question.settings)
        row, document = yield from measure(
            self._engine, self.question, job.path, job.key, self._kept
        )
        notes = (job.note,) if job.note else ()
        row = msgspec.structs.replace(row, name=job.name, warnings=(*notes, *row.warnings))
        return row if self.question.documents is None else self._with_document(row, document)

    def _with_document(self, row: Row, document: Document) -> Row:
        """Keep the whole result as well."""
        plain = re.sub(r"[^\w.-]+", "-", row.name, flags=re.ASCII).strip("-.")[-80:]
        file = Path(self.question.documents or "") / f"{plain}-{row.key[:8]}.json"
        try:
            destination(file).write(encode(document, pretty=True).decode() + "\n")
        except UnpactError as error:
            return msgspec.structs.replace(row, left_out=(*row.left_out, f"document: {error}"))
        return msgspec.structs.replace(row, document=str(file))


def failed(
    question: Question, job: CheckpointJob, why: str, code: int, seconds: float = 0.0
) -> Row:
    """Return the row of what could not be measured."""
    return Row(
        schema=SCHEMA,
        key=job.key,
        name=job.name,
        path=job.path,
        verdict=None,
        warnings=(job.note,) if job.note else (),
        compare=compare_words(question, job.path),
        seconds=seconds,
        error=why,
        error_code=code,
    )
