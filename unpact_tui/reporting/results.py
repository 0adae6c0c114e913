"""Reads result files of every kind, told apart by what is in them.

    a document      what `run --json` prints
    a triage        rows, one per line, or what `triage --json` prints
    a track         steps, one per line, or what `track --json` prints
    weights         what `diff --json` prints
    findings        what `bench` leaves in its folder as findings.json

Files are read as untrusted. Knows nothing of pages.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from unpact_tui import document as documents
from unpact_tui.errors import BadResult
from unpact_tui.findings.figures import SCHEMA as FINDINGS_SCHEMA
from unpact_tui.findings.figures import Findings
from unpact_tui.matrix.blocks import SCHEMA as MATRIX_SCHEMA
from unpact_tui.matrix.blocks import MatrixFindings
from unpact_tui.regular_files import opened, read_exactly
from unpact_tui.result_schema import Document
from unpact_tui.track.happened import events
from unpact_tui.track.schema import SCHEMA as TRACK_SCHEMA
from unpact_tui.track.schema import Track, TrackedStep
from unpact_tui.triage.ranking import Table, table
from unpact_tui.triage.row import SCHEMA as ROW_SCHEMA
from unpact_tui.triage.row import Row

Line = TypeVar("Line", Row, TrackedStep)
Whole = TypeVar("Whole", Row, TrackedStep, Table, Track, Findings, MatrixFindings)

LARGEST = 2_000_000_000
"""Bytes of a file; one that is longer is no result."""


@dataclass(frozen=True, slots=True)
class WeightsResult:
    """What `diff` found, as far as a page shows it."""

    base: str
    unlearned: str
    summary: str
    diagnosis: str
    notes: tuple[str, ...]
    tensors: tuple[TensorLine, ...]


class TensorLine(msgspec.Struct, frozen=True):
    """A tensor in few words."""

    name: str
    relative: float | None
    cosine: float | None
    changed: float | None


class _Name(msgspec.Struct, frozen=True):
    name: str


class _Weights(msgspec.Struct, frozen=True):
    schema: int
    base: _Name
    unlearned: _Name
    summary: str
    tensors: tuple[TensorLine, ...]
    diagnosis: str = ""
    notes: tuple[str, ...] = ()


Result = Document | Table | Track | WeightsResult | Findings | MatrixFindings


@dataclass(frozen=True, slots=True)
class ReadResult:
    """A result with the file it is from."""

    file: Path
    result: Result


def read(path: Path) -> ReadResult:
    """Read one file. A folder is one that `bench` wrote. Raises `BadResult`, `Unreadable`."""
    file = path / "findings.json" if path.is_dir() else path
    if not file.exists():
        raise BadResult(str(path), "there is no such file")
    with opened(file) as stream:
        size = file.stat().st_size
        if size > LARGEST:
            raise BadResult(str(file), f"it has {size} bytes, more than any result")
        data = read_exactly(file, stream, size)
    try:
        return ReadResult(file, _result(file, data))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadResult(str(file), str(error)) from error


def _result(file: Path, data: bytes) -> Result:
    lines = _lines(data)
    fields = _fields(lines[0] if lines else data)
    if fields is None:  # one object over several lines
        fields, lines = _fields(data), []
    if fields is None:
        raise BadResult(str(file), "it is no JSON object")
    if "row" in fields and "step" in fields:
        return _tracked(file, lines or [data])
    if "verdict" in fields and "key" in fields:
        return _rows(file, lines or [data])
    return _whole(file, data, fields)


def _whole(file: Path, data: bytes, fields: frozenset[str]) -> Result:
    if "cases" in fields:
        return documents.decode(data, file=str(file))
    if "checkpoints" in fields:
        return _checked(file, msgspec.json.decode(data, type=Table), ROW_SCHEMA)
    if "steps" in fields:
        return _checked(file, msgspec.json.decode(data, type=Track), TRACK_SCHEMA)
    if "tensors" in fields:
        found = msgspec.json.decode(data, type=_Weights)
        return WeightsResult(
            found.base.name,
            found.unlearned.name,
            found.summary,
            found.diagnosis,
            found.notes,
            found.tensors,
        )
    if "penalised" in fields:
        return _checked(file, msgspec.json.decode(data, type=Findings), FINDINGS_SCHEMA)
    if "blocks" in fields:
        return _checked(file, msgspec.json.decode(data, type=MatrixFindings), MATRIX_SCHEMA)
    raise BadResult(str(file), "none of the kinds that are known is in it")


def _lines(data: bytes) -> list[bytes]:
    """Return the lines, without a last one that was cut off."""
    whole, _, _ = data.rpartition(b"\n")
    return [line for line in whole.split(b"\n") if line.strip()]


def _fields(data: bytes) -> frozenset[str] | None:
    try:
        return frozenset(msgspec.json.decode(data, type=dict[str, msgspec.Raw]))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _rows(file: Path, lines: list[bytes]) -> Table:
    """Rank rows; of several with one key the last holds."""
    rows = {row.key: row for row in _decoded(file, lines, Row)}
    return table(list(rows.values()))


def _tracked(file: Path, lines: list[bytes]) -> Track:
    steps = {step.key: step for step in _decoded(file, lines, TrackedStep)}
    ordered = sorted(steps.values(), key=lambda one: (one.step is None, one.step or 0))
    return Track(TRACK_SCHEMA, "", file.name, tuple(ordered), events(ordered))


def _decoded(file: Path, lines: list[bytes], kind: type[Line]) -> Iterator[Line]:
    for line in lines:
        yield _checked(file, msgspec.json.decode(line, type=kind), ROW_SCHEMA)


def _checked(file: Path, found: Whole, schema: int) -> Whole:
    if found.schema != schema:
        why = f"it has schema {found.schema}, and this version reads {schema}"
        raise BadResult(str(file), why)
    return found
