"""Hostile results: documents, rows, steps, weights, findings, and what is kept of one model.

Each is read as a person has it read, and then everything is made of it that the program would show:
a number that only breaks a table is a finding too.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import report_fixture
import result_fixture
import track_fixture
from findings_fixture import Behaviour, record
from fuzzing.attack import Format
from fuzzing.mutations import Json
from fuzzing.seeds import Spoil, of_json, of_json_lines, parsed, parsed_lines
from msgspec.structs import replace

from attribution.errors import AttributionError
from attribution.thresholds import DEFAULT_THRESHOLDS
from methods.errors import MethodError
from unpact_tui import document, ledger, output
from unpact_tui.document import Written
from unpact_tui.errors import UnpactError
from unpact_tui.findings.family import Entry
from unpact_tui.findings.figures import compute
from unpact_tui.findings.keeping import Folder, Plan
from unpact_tui.findings.page import Pictures, page
from unpact_tui.reporting.command import report
from unpact_tui.reporting.results import read
from unpact_tui.result_schema import Document
from unpact_tui.settings import Settings
from unpact_tui.track.following import Follower
from unpact_tui.track.happened import events
from unpact_tui.track.schema import SCHEMA, STEPS, Track
from unpact_tui.track.text import as_text
from unpact_tui.triage.ranking import Table, table
from unpact_tui.triage.row import ROWS
from unpact_tui.triage.telling import plain_text

REFUSALS = (UnpactError, AttributionError, MethodError)
"""What the command line says in one sentence."""


@cache
def documents() -> Json:
    """Return a whole result."""
    return parsed(document.encode(result_fixture.example(cases=2)))


@cache
def ranked() -> Json:
    """Return what `triage --json` prints."""
    return parsed(document.encode(table(report_fixture.ROWS, base="base", reference="retrain")))


@cache
def tracked() -> Json:
    """Return what `track --json` prints."""
    steps = track_fixture.run(3)
    return parsed(document.encode(Track(SCHEMA, "base", "runs/npo", steps, events(steps))))


@cache
def rows() -> list[Json]:
    """Return what `triage --out` writes."""
    return parsed_lines(report_fixture.lines((*report_fixture.ROWS, *track_fixture.rows())))


@cache
def steps() -> list[Json]:
    """Return what `track --out` writes."""
    return parsed_lines(report_fixture.lines((*report_fixture.STEPS, *track_fixture.run(4))))


@cache
def found() -> Json:
    """Return what `bench` leaves as findings.json."""
    return parsed(document.encode(report_fixture.findings()))


@cache
def matrix() -> Json:
    """Return the same of a matrix."""
    return parsed(document.encode(report_fixture.matrix()))


def weights() -> Json:
    """Return what `diff --json` prints."""
    return report_fixture.WEIGHTS


ENTRY = Entry(0, "rmu", "RMU", "digest")
PLAN = Plan(Settings())


@cache
def kept() -> Json:
    """Return what is kept of one measured model."""
    made = replace(record("rmu", 0, Behaviour(), prompts=3), digest=PLAN.digest(ENTRY))
    return parsed(document.encode(made))


def reported(path: Path) -> object:
    """Have a page made of a result, in both forms, and its tables."""
    result = read(path).result
    if isinstance(result, Document):
        output.plain_table(result)
        "".join(Written(result))
    elif isinstance(result, Table):
        plain_text(result)
        document.encode(result)
    elif isinstance(result, Track):
        document.encode(result)
    for form in ("html", "md"):
        report([path], form, path.with_name(f"page.{form}"), "title")
    return result


def followed(path: Path) -> object:
    """Read a file as the board does, and make what it would print."""
    follower = Follower(path)
    follower.read()
    board = follower.board
    plain_text(table(board.rows))
    as_text(Track(SCHEMA, "", "", board.steps, events(board.steps)), plain=False)
    return board


def gone_on_from(path: Path) -> object:
    """Open rows to go on from them."""
    with ledger.opened(path, ROWS, resume=True) as found:
        return table(list(found.lines.values()))


def walked_on_from(path: Path) -> object:
    """Open steps to go on from them."""
    with ledger.opened(path, STEPS, resume=True) as found:
        there = tuple(found.lines.values())
    return as_text(Track(SCHEMA, "", "", there, events(there)), plain=True)


def computed(path: Path) -> object:
    """Read what is kept of a model, and compute the findings of it."""
    there = Folder(path.parents[1], PLAN).read(ENTRY)
    if there is None or there.error:
        return None
    findings = compute([there], DEFAULT_THRESHOLDS, "unpact-tui bench", draws=3)
    return page(findings, Pictures("", ()))


def _format(name: str, spoil: Spoil, read: Callable[[Path], object], file: str) -> Format:
    return Format(name, spoil, read, file, REFUSALS)


FORMATS = (
    _format("result document", of_json(documents), reported, "result.json"),
    _format("triage table", of_json(ranked), reported, "triage.json"),
    _format("track", of_json(tracked), reported, "track.json"),
    _format("rows, reported", of_json_lines(rows), reported, "rows.jsonl"),
    _format("steps, reported", of_json_lines(steps), reported, "steps.jsonl"),
    _format("rows, on the board", of_json_lines(rows), followed, "rows.jsonl"),
    _format("steps, on the board", of_json_lines(steps), followed, "steps.jsonl"),
    _format("rows, gone on from", of_json_lines(rows), gone_on_from, "rows.jsonl"),
    _format("steps, gone on from", of_json_lines(steps), walked_on_from, "steps.jsonl"),
    _format("weights", of_json(weights), reported, "weights.json"),
    _format("findings", of_json(found), reported, "findings.json"),
    _format("findings of a matrix", of_json(matrix), reported, "matrix.json"),
    Format(
        "record of a model",
        of_json(kept),
        computed,
        f"measured/{ENTRY.seed}-{ENTRY.member}-{PLAN.digest(ENTRY)}.json",
        REFUSALS,
        lambda folder: (folder / "measured").mkdir(exist_ok=True),
    ),
)
