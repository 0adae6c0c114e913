"""Reads result files of every kind, told apart by what is in them.

    a document      what `run --json` prints
    a triage        rows, one per line, or what `triage --json` prints
    a track         steps, one per line, or what `track --json` prints
    weights         what `diff --json` prints
    findings        what `bench` leaves in its folder as findings.json

Files are read as untrusted. Knows nothing of pages.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from unpact_tui import document as documents
from unpact_tui.errors import BadResult, Unreadable
from unpact_tui.findings.figures import SCHEMA as FINDINGS_SCHEMA
from unpact_tui.findings.figures import Findings
from unpact_tui.matrix.blocks import SCHEMA as MATRIX_SCHEMA
from unpact_tui.matrix.blocks import MatrixFindings
from unpact_tui.plausible import implausible
from unpact_tui.regular_files import is_folder, is_there, opened, read_exactly
from unpact_tui.result_schema import Document
from unpact_tui.track.happened import events
from unpact_tui.track.schema import SCHEMA as TRACK_SCHEMA
from unpact_tui.track.schema import Track, TrackedStep
from unpact_tui.triage.ranking import Table, table
from unpact_tui.triage.row import SCHEMA as ROW_SCHEMA
from unpact_tui.triage.row import Row

Line = TypeVar("Line", Row, TrackedStep)
Whole = TypeVar("Whole", Row, TrackedStep, Table, Track, Findings, MatrixFindings)

_BEGINNING = 4096
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
    """Read one file. A folder is one that `bench` wrote. Raises `BadResult`."""
    file = path / "findings.json" if is_folder(path) else path
    if not is_there(file):
        raise BadResult(str(path), "there is no such file")
    try:
        data = _bytes(file)
    except Unreadable as error:
        raise BadResult(str(file), error.why) from error
    try:
        return ReadResult(file, _result(file, data))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadResult(str(file), str(error)) from error


def _bytes(file: Path) -> bytes:
    """Return what is in it; where it does not even begin as JSON, no more than its beginning."""
    with opened(file) as stream:
        size = os.fstat(stream.fileno()).st_size
        if size > LARGEST:
            raise BadResult(str(file), f"it has {size} bytes, more than any result")
        begins = stream.read(_BEGINNING)
        if not begins.lstrip().startswith(b"{"):
            raise BadResult(str(file), "it is no JSON object")
        return begins + read_exactly(file, stream, size - len(begins))


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
        return _checked(file, msgspec.json.decode(data, type=Table), data, ROW_SCHEMA)
    if "steps" in fields:
        return _checked(file, msgspec.json.decode(data, type=Track), data, TRACK_SCHEMA)
    if "tensors" in fields:
        found = msgspec.json.decode(data, type=_Weights)
        _require_plausible(file, found, data)
        return _weights(found)
    if "penalised" in fields:
        return _checked(file, msgspec.json.decode(data, type=Findings), data, FINDINGS_SCHEMA)
    if "blocks" in fields:
        return _checked(file, msgspec.json.decode(data, type=MatrixFindings), data, MATRIX_SCHEMA)
    raise BadResult(str(file), "none of the kinds that are known is in it")


def _weights(found: _Weights) -> WeightsResult:
    return WeightsResult(
        found.base.name,
        found.unlearned.name,
        found.summary,
        found.diagnosis,
        found.notes,
        found.tensors,
    )


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
        yield _checked(file, msgspec.json.decode(line, type=kind), line, ROW_SCHEMA)


def _checked(file: Path, found: Whole, data: bytes, schema: int) -> Whole:
    if found.schema != schema:
        why = f"it has schema {found.schema}, and this version reads {schema}"
        raise BadResult(str(file), why)
    _require_plausible(file, found, data)
    return found


def _require_plausible(file: Path, found: object, data: bytes) -> None:
    if why := implausible(found, data):
        raise BadResult(str(file), why)
