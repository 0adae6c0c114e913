"""The findings of a matrix: one set of them for every model on every benchmark.

Knows entries and records, not models.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from unpact_tui.findings.family import Entry
from unpact_tui.findings.figures import Findings, Unmeasured, compute
from unpact_tui.findings.record import Record
from unpact_tui.settings import Settings

SCHEMA = 1

YET = "not measured yet"
"""Why something is missing that did not break."""

Place = tuple[str, str]
"""A model and a benchmark."""


class Block(msgspec.Struct, frozen=True):
    """A model on a benchmark."""

    model: str
    benchmark: str
    findings: Findings | None
    """Null where nothing was measured yet."""
    missing: tuple[Unmeasured, ...] = ()
    """What is not there, or broke."""

    @property
    def name(self) -> str:
        """For a person."""
        return f"{self.model} on {self.benchmark}"


class MatrixFindings(msgspec.Struct, frozen=True):
    """Everything that was found: what --json prints, and what is in findings.json."""

    schema: int
    title: str
    about: str
    command: str
    blocks: tuple[Block, ...]

    @property
    def missing(self) -> tuple[Unmeasured, ...]:
        """Return what is in none of the numbers."""
        return tuple(one for block in self.blocks for one in block.missing)


def blocks(
    found: Sequence[tuple[Entry, Record | None]], settings: Settings, command: str
) -> Iterator[Block]:
    """Yield the findings of every model on every benchmark, in order."""
    by_place: dict[Place, list[tuple[Entry, Record | None]]] = {}
    for entry, record in found:
        by_place.setdefault((entry.model, entry.benchmark), []).append((entry, record))
    for (model, benchmark), pairs in by_place.items():
        records = [record for _, record in pairs if record is not None]
        some = any(not record.error for record in records)
        yield Block(
            model,
            benchmark,
            compute(records, settings.thresholds, command, draws=settings.draws) if some else None,
            tuple(_missing(pairs)),
        )


def _missing(pairs: Sequence[tuple[Entry, Record | None]]) -> Iterator[Unmeasured]:
    for entry, record in pairs:
        why = YET if record is None else record.error
        if why:
            yield Unmeasured(entry.seed, entry.member, why)


def named(found: MatrixFindings) -> Mapping[str, Findings]:
    """Return the findings that there are, by a name that can be part of a file's name."""
    return {
        f"{block.model}-{block.benchmark}": block.findings
        for block in found.blocks
        if block.findings is not None
    }
