"""A matrix as a family of models: what there is to measure, and how each comes to be.

Knows cells and material; how one is unlearned is `making`'s.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from unpact_tui import checkpoints
from unpact_tui.errors import CheckpointError
from unpact_tui.findings.family import Entry, Subject
from unpact_tui.matrix import making
from unpact_tui.matrix.cells import Cell, cells, choice
from unpact_tui.matrix.material import Material, read
from unpact_tui.matrix.shape import Matrix, Recipe
from unpact_tui.output import Step
from unpact_tui.settings import Settings
from unpact_tui.unlearning.provenance import flat


@dataclass(frozen=True, slots=True)
class MatrixFamily:
    """The checkpoints of a matrix, and what is needed to make them."""

    entries: tuple[Entry, ...]
    cells: tuple[Cell, ...]
    """One per entry."""
    folders: tuple[Path | None, ...]
    """Where each is unlearned; None of those that are given."""
    materials: Mapping[str, Material]
    """By benchmark."""
    settings: Settings

    def prepare(self, entry: Entry) -> Generator[Step, None, Subject]:
        """Unlearn what is not there yet. Raises what `unlearn` raises."""
        at = self.entries.index(entry)
        cell, folder = self.cells[at], self.folders[at]
        material = self.materials[cell.benchmark]
        settings = settings_of(cell, self.settings)
        if isinstance(cell.source, Recipe):
            assert folder is not None
            unlearned = yield from making.unlearned(cell, material, folder, settings)
        else:
            unlearned = cell.source.path
        return Subject(
            base=cell.model.base,
            unlearned=unlearned,
            reference=cell.reference,
            forget=material.forget,
            retain=material.retain,
            general=material.general,
            items=material.items,
            settings=settings,
        )


def family(matrix: Matrix, out: Path, settings: Settings) -> MatrixFamily:
    """Read what a matrix names, models by their headers alone, and say what there is to measure.

    `out` is the results folder. Raises what reading benchmarks and prompts raises.
    """
    found = cells(matrix)
    named = {cell.benchmark for cell in found}
    materials = {
        benchmark.name: read(benchmark, out / "material", matrix.measure.items)
        for benchmark in matrix.benchmarks
        if benchmark.name in named
    }
    identities = _Identities()
    made = [_made(cell, materials[cell.benchmark], identities) for cell in found]
    return MatrixFamily(
        tuple(
            _entry(cell, materials[cell.benchmark], digest, identities)
            for cell, digest in zip(found, made, strict=True)
        ),
        found,
        tuple(_folder(cell, out, digest) for cell, digest in zip(found, made, strict=True)),
        materials,
        settings,
    )


def settings_of(cell: Cell, settings: Settings) -> Settings:
    """Return how a cell's model is loaded."""
    model = cell.model
    return replace(
        settings,
        dtype=model.dtype or settings.dtype,
        device=model.device or settings.device,
        chat=settings.chat if model.chat is None else model.chat,
    )


class _Identities:
    """Tells models apart by what is in their folders, each read once."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def of(self, place: str) -> str:
        """Return a fingerprint; of what is not there (yet), its name."""
        if place not in self._known:
            self._known[place] = place
            if Path(place).is_dir():
                with suppress(CheckpointError):  # whoever opens it says so
                    self._known[place] = checkpoints.read(place, "base").fingerprint
        return self._known[place]


def _entry(cell: Cell, material: Material, made: str, identities: _Identities) -> Entry:
    model, reference = cell.model, cell.reference
    digest = _digest(
        made,
        material.asked,
        None if reference is None else identities.of(reference),
        (model.dtype, model.chat),
    )
    return Entry(
        seed=cell.seed,
        member=cell.label,
        method=cell.method,
        digest=digest,
        model=model.name,
        benchmark=cell.benchmark,
        world=cell.benchmark,
    )


def _made(cell: Cell, material: Material, identities: _Identities) -> str:
    """Return what changes when a checkpoint would come out otherwise."""
    base = identities.of(cell.model.base)
    if not isinstance(cell.source, Recipe):
        return _digest(base, identities.of(cell.source.path))
    chosen = choice(cell.source, cell.seed)
    how = (chosen.name, flat(chosen.options), flat(chosen.training))
    return _digest(base, how, material.trained, cell.model.chat)


def _folder(cell: Cell, out: Path, digest: str) -> Path | None:
    if not isinstance(cell.source, Recipe):
        return None
    name = f"{cell.label}-{cell.seed}-{digest[:8]}"
    return out.resolve() / "checkpoints" / cell.model.name / cell.benchmark / name


def _digest(*values: object) -> str:
    return hashlib.sha256(msgspec.json.encode(values)).hexdigest()[:16]
