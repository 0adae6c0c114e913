"""What `unpact-tui triage` does: refuse early, measure what is missing, rank, print.

Importing this imports no torch.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from attribution.types import Label
from unpact_tui import fleet, ledger, output
from unpact_tui.destination import put
from unpact_tui.document import encode
from unpact_tui.errors import BadUsage, ExitCode, exit_code
from unpact_tui.fleet import EngineName, Fleet
from unpact_tui.settings import Settings
from unpact_tui.triage import telling
from unpact_tui.triage.asking import Chosen, Plan, absolute, plan
from unpact_tui.triage.gathering import Gathered, gather
from unpact_tui.triage.measuring import compare_words
from unpact_tui.triage.question import Question
from unpact_tui.triage.ranking import Table, table
from unpact_tui.triage.row import ROWS, Row
from unpact_tui.triage.worker import CheckpointJob, CheckpointWorker
from unpact_tui.unattended import ended_by_signals


@dataclass(frozen=True, slots=True)
class Way:
    """How it is done, and what is made of it."""

    out: Path | None = None
    resume: bool = False
    json: bool = False
    fail_on: str | None = None
    fleet: Fleet = field(default_factory=Fleet)
    quiet: bool = False


def hands(engine: EngineName, jobs: int | None, gpus: float | None, settings: Settings) -> Fleet:
    """Return who measures. Raises `BadUsage`."""
    if gpus is not None and engine != "ray":
        raise BadUsage("--gpus is for --engine ray.", "Without Ray, each of --jobs has one GPU.")
    usual = 0 if engine == "ray" else 1
    named = settings.device.startswith("cuda:")
    return Fleet(engine, usual if jobs is None else jobs, gpus, spread=not named)


def triage(chosen: Chosen, settings: Settings, way: Way) -> ExitCode:
    """Measure what is missing, print the ranking and return the exit code.

    Everything that can be refused is refused before a model is loaded. Raises `UsageError`, and
    `CheckpointError` of base and reference.
    """
    gate = None if way.fail_on is None else output.label(way.fail_on)
    if way.resume and way.out is None:
        raise BadUsage("There is nothing to resume from.", "Name the file of rows with --out.")
    planned = plan(absolute(chosen) if way.fleet.engine == "ray" else chosen, settings)
    with ended_by_signals(), _kept(way) as kept:
        gathered = _gathered(planned, kept, way)
        rows = [gathered.rows[key] for key in planned.keys]
        found = table(rows, base=chosen.base, reference=chosen.reference)
        if gathered.unwritten is not None:
            output.print_error(gathered.unwritten)
        put(_json(found) if way.json else telling.as_text(found))
    if gathered.unwritten is not None:
        return exit_code(gathered.unwritten)
    judged = [row for row in rows if row.key not in planned.aside]
    return _code(judged or rows, gate, len(planned.question.cases))


@contextmanager
def _kept(way: Way) -> Generator[ledger.Ledger[Row] | None]:
    if way.out is None:
        yield None
        return
    with ledger.opened(way.out, ROWS, resume=way.resume) as kept:
        yield kept


def _gathered(planned: Plan, kept: ledger.Ledger[Row] | None, way: Way) -> Gathered:
    """Measure what is not known yet, or failed before."""
    there = {} if kept is None else kept.lines
    known: list[Row] = []
    missing: list[CheckpointJob] = []
    for job in planned.jobs:
        row = there.get(job.key)
        if row is None or row.error:
            missing.append(job)
        else:
            known.append(_moved(row, job, planned.question))
    worker = CheckpointWorker(planned.question)
    steps = gather(
        planned.question,
        missing,
        known,
        lambda jobs: fleet.run(worker, jobs, way.fleet),
        _forget if kept is None else kept.add,
    )
    return output.narrate(steps, quiet=way.quiet)


def _moved(row: Row, job: CheckpointJob, question: Question) -> Row:
    """Return a row as it is called now: its folder, or the prompts, may have been moved since."""
    folder = Path(job.path)
    return msgspec.structs.replace(
        row,
        name=job.name,
        path=str(folder.resolve()) if folder.is_dir() else row.path,
        compare=compare_words(question, job.path),
    )


def _forget(row: Row) -> None:
    """Keep nothing, where there is no file."""


def _json(found: Table) -> str:
    return encode(found, pretty=True).decode() + "\n"


def _code(rows: Sequence[Row], gate: Label | None, cases: int) -> ExitCode:
    """Return the exit code: a gate does not pass over what could not be measured.

    Without one, what could not be measured counts only when that is everything.
    """
    broken = [ExitCode(row.error_code) for row in rows if row.error]
    if gate is None:
        return broken[0] if broken and len(broken) == len(rows) else ExitCode.OK
    if any(row.verdict == gate for row in rows):
        return ExitCode.CONDITION
    if broken:
        return broken[0]
    return ExitCode.COMPUTE if any(len(row.cases) < cases for row in rows) else ExitCode.OK
