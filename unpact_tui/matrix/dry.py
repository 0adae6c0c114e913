"""What a matrix would do: every checkpoint, what is there of it, and the steps of what is not.

Opens no model; models are known by their headers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

import msgspec

from methods._order import Order
from unpact_tui.display import display_text
from unpact_tui.findings.keeping import Folder
from unpact_tui.matrix.cells import choice
from unpact_tui.matrix.family import MatrixFamily
from unpact_tui.matrix.making import finished
from unpact_tui.matrix.material import Material
from unpact_tui.matrix.shape import Recipe
from unpact_tui.unlearning import rows

State = Literal["measured", "given", "unlearned", "to unlearn", "broke"]


class Row(msgspec.Struct, frozen=True):
    """One checkpoint."""

    model: str
    benchmark: str
    name: str
    seed: int
    method: str
    state: State
    steps: int | None
    """Of unlearning, with one process; null where there is nothing to unlearn. Of texts that are
    learned whole it is the least: long ones make several examples."""
    why: str = ""
    """What broke, the last time."""


class Preview(msgspec.Struct, frozen=True):
    """All of them, and what a page would rest on."""

    schema: int
    cells: tuple[Row, ...]


def preview(family: MatrixFamily, folder: Folder) -> Preview:
    """Look at everything. Raises `BadDataFile`, `Unwritable`."""
    return Preview(1, tuple(_rows(family, folder)))


def _rows(family: MatrixFamily, folder: Folder) -> Iterator[Row]:
    counted: dict[str, tuple[int, int]] = {}
    for entry, cell, place in zip(family.entries, family.cells, family.folders, strict=True):
        record = folder.read(entry)
        state: State = "given" if place is None else "to unlearn"
        steps = None
        if place is not None and finished(place) is not None:
            state = "unlearned"
        elif place is not None and isinstance(cell.source, Recipe):
            material = family.materials[cell.benchmark]
            if cell.benchmark not in counted:
                counted[cell.benchmark] = _count(material)
            training = choice(cell.source, cell.seed).training
            steps = Order(*counted[cell.benchmark], training).total
        if record is not None:
            state, steps = ("broke", steps) if record.error else ("measured", None)
        yield Row(
            entry.model,
            entry.benchmark,
            entry.member,
            entry.seed,
            entry.method,
            state,
            steps,
            "" if record is None else record.error,
        )


def _count(material: Material) -> tuple[int, int]:
    """Return how many rows there are to forget and to retain."""
    files = (material.train_forget, material.train_retain)
    return (
        0 if files[0] is None else sum(1 for _ in rows.read(files[0])),
        0 if files[1] is None else sum(1 for _ in rows.read(files[1])),
    )


def as_text(found: Preview) -> str:
    """Return it as a table, with what it comes to."""
    head = ("model", "benchmark", "checkpoint", "seed", "method", "state", "steps")
    body = [
        (
            row.model,
            row.benchmark,
            row.name,
            str(row.seed),
            row.method,
            row.state,
            "" if row.steps is None else str(row.steps),
        )
        for row in found.cells
    ]
    states = {state: sum(row.state == state for row in found.cells) for state in _ORDER}
    said = ", ".join(f"{count} {state}" for state, count in states.items() if count)
    steps = sum(row.steps or 0 for row in found.cells)
    total = f"{len(found.cells)} checkpoints: {said}; steps to unlearn: {steps}"
    broke = [f"{row.name}, seed {row.seed}: {row.why}" for row in found.cells if row.why]
    lines = (*_aligned((head, *body)), total, *broke)
    return "".join(f"{display_text(line)}\n" for line in lines)


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


_ORDER: tuple[State, ...] = ("measured", "unlearned", "given", "to unlearn", "broke")
