"""The shape of one checkpoint's row, schema 1: a line of what `triage --out` writes. Public API.

Knows nothing of how a row is made or shown. Fields may be added within a schema; a reader ignores
those it does not know. Text is raw: whoever shows it makes it safe.
"""

from __future__ import annotations

import msgspec

from attribution.types import Interval, Label
from unpact_tui.ledger import Form, KeyedLine

SCHEMA = 1

IS_BASE = "This is the base itself."
IS_REFERENCE = "This is the reference itself."
ASIDE = frozenset({IS_BASE, IS_REFERENCE})
"""Warnings of what is there for comparison: it is on no front."""


class WeightsEntry(msgspec.Struct, frozen=True):
    """How far the weights are from the base's."""

    relative: float | None
    """||W' - W|| / ||W|| over all tensors that could be compared."""
    sentence: str
    """Where the change is, and what it looks like."""


class CaseBrief(msgspec.Struct, frozen=True):
    """A prompt in a few words."""

    id: str
    split: str
    verdict: Label
    recovered: float | None = None
    control: float | None = None


class Row(KeyedLine, frozen=True):
    """One checkpoint; its key changes with it, the base, the reference, the prompts, the benchmarks
    and the settings."""

    name: str
    path: str
    verdict: Label | None
    """Null where it could not be measured."""
    reasons: tuple[str, ...] = ()
    evidence: dict[str, Interval] = msgspec.field(default_factory=dict[str, Interval])
    """As in a result document: what the verdict looked at."""
    metrics: dict[str, Interval] = msgspec.field(default_factory=dict[str, Interval])
    """Of the benchmarks and of the prompts, under their published names."""
    absent: dict[str, str] = msgspec.field(default_factory=dict[str, str])
    """Metrics that could not be taken, each with the reason."""
    fingerprint: str = ""
    method: str | None = None
    weights: WeightsEntry | None = None
    cases: tuple[CaseBrief, ...] = ()
    left_out: tuple[str, ...] = ()
    """What could not be read, each with the reason."""
    warnings: tuple[str, ...] = ()
    compare: tuple[str, ...] = ()
    """Words of the command that opens it in the inspector."""
    document: str = ""
    """Where its whole result document is; empty where none was kept."""
    seconds: float = 0.0
    error: str = ""
    """Why there is nothing else, when there is nothing else."""
    error_code: int = 0
    """The exit code of that failure."""


ROWS = Form(Row, SCHEMA, "row", "triage")
"""What `triage --out` writes."""
