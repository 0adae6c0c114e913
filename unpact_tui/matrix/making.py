"""One checkpoint of a matrix unlearned, by the same machinery as `unpact-tui unlearn`.

A run that was broken off goes on, and a finished one is not run again. Knows no measuring.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from unpact_tui.errors import BadUsage
from unpact_tui.matrix.cells import Cell, choice, pairs
from unpact_tui.matrix.material import Material
from unpact_tui.matrix.shape import Recipe
from unpact_tui.output import Step
from unpact_tui.settings import Settings
from unpact_tui.unlearning import keeping
from unpact_tui.unlearning.asked import Asked, Plan
from unpact_tui.unlearning.events import Event, Kept, Stage, Trained, Warned
from unpact_tui.unlearning.run_folder import RunFolder


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an unlearning run is."""

    stage: str
    done: int
    total: int


def finished(folder: Path) -> Path | None:
    """Return the last checkpoint of a run whose last step was done. Raises `Unwritable`."""
    run = RunFolder(folder)
    return run.last_good() if keeping.is_finished(run) else None


def unlearned(
    cell: Cell, material: Material, folder: Path, settings: Settings
) -> Generator[Step, None, str]:
    """Return the folder of the checkpoint, unlearned if need be. Raises what `unlearn` raises."""
    there = finished(folder)
    if there is not None:
        return str(there)
    from unpact_tui.unlearning import runner

    found = yield from _told(runner.whole(plan(cell, material, folder, settings)))
    return str(found[-1])


def plan(cell: Cell, material: Material, folder: Path, settings: Settings) -> Plan:
    """Return what `unlearn` would be asked for. Raises `BadUsage`, `MethodError`."""
    assert isinstance(cell.source, Recipe)
    chosen = choice(cell.source, cell.seed)
    if material.train_forget is None:
        raise BadUsage(
            f"The benchmark {cell.benchmark} has no rows to unlearn.",
            "Name a file of them: train_forget = FILE.",
        )
    if chosen.needs.retain and material.train_retain is None:
        raise BadUsage(
            f"{cell.label} needs examples to retain, and {cell.benchmark} has none.",
            "Name a file of them: train_retain = FILE.",
        )
    asked = Asked(
        method=cell.source.method or cell.source.name,
        model=cell.model.base,
        forget=material.train_forget,
        out=folder,
        retain=material.train_retain,
        alternatives=material.alternatives,
        pairs=pairs(cell.source),
        save_every=0,
        device=settings.device,
        chat=settings.chat,
        resume=True,
    )
    return Plan(asked, chosen)


def _told(
    events: Generator[Event, None, tuple[Path, ...]],
) -> Generator[Step, None, tuple[Path, ...]]:
    """Hand on how far a run is, and return what comes of it."""
    while True:
        try:
            event = next(events)
        except StopIteration as end:
            return end.value
        match event:
            case Stage(text):
                yield Progress(f"unlearning: {text}", 0, 0)
            case Trained(step, _):
                yield Progress(f"unlearning: step {step.number}", step.number, step.total)
            case Warned(text):
                yield Progress(f"unlearning: warning: {text}", 0, 0)
            case Kept():
                pass
