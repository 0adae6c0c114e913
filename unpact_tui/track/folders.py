"""Which folders of a run are its checkpoints, in the order of training.

Reads names and headers only; knows no model. A folder that is no checkpoint after all is still one
of them: whoever opens it says what is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from unpact_tui import checkpoints
from unpact_tui.errors import BadUsage, CheckpointError, NotFound
from unpact_tui.regular_files import is_file

_NAMED = re.compile(r"checkpoint-([0-9]{1,12})")


@dataclass(frozen=True, slots=True)
class Place:
    """A checkpoint of a run."""

    step: int | None
    """None is the run's own folder."""
    path: Path

    @property
    def name(self) -> str:
        """What it is called in what is shown."""
        return self.path.name

    @property
    def title(self) -> str:
        """The step as a person reads it."""
        return "last" if self.step is None else str(self.step)


def places(run: str, wanted: Collection[int] = ()) -> tuple[Place, ...]:
    """Return the checkpoints of a run; with `wanted`, those of these steps.

    The run's own folder comes last where it is a checkpoint too, and another than the one before.
    Raises `NotFound`, and `BadUsage` where there is none, or not one that is wanted.
    """
    folder = Path(run)
    if not folder.is_dir():
        raise NotFound(folder)
    found = _numbered(folder)
    if missing := sorted(set(wanted) - {place.step for place in found}):
        there = ", ".join(place.title for place in found) or "none"
        raise BadUsage(f"{run} has no checkpoint of step {missing[0]}.", f"There are: {there}.")
    if wanted:
        return tuple(place for place in found if place.step in wanted)
    if _is_checkpoint(folder) and not (found and _same(found[-1].path, folder)):
        found.append(Place(None, folder))
    if not found:
        raise BadUsage(
            f"{run} holds no checkpoint.",
            "A run has folders checkpoint-N, as `unpact-tui unlearn` and trainers write them.",
        )
    return tuple(found)


def _numbered(folder: Path) -> list[Place]:
    try:
        entries = list(folder.iterdir())
    except OSError as error:
        why = error.strerror or str(error)
        raise BadUsage(f"{folder} cannot be read: {why}.") from error
    named = ((_NAMED.fullmatch(entry.name), entry) for entry in entries if entry.is_dir())
    return sorted(
        (Place(int(match[1]), entry) for match, entry in named if match),
        key=lambda place: (place.step, place.name),
    )


def _is_checkpoint(folder: Path) -> bool:
    described = any(
        is_file(folder / name) for name in (checkpoints.CONFIG, checkpoints.ADAPTER_CONFIG)
    )
    return described and any(folder.glob("*.safetensors"))


def _same(one: Path, other: Path) -> bool:
    """Tell whether two folders hold the same, as far as fingerprints tell; a broken one never."""
    try:
        first, second = (checkpoints.read(path, "unlearned") for path in (one, other))
    except CheckpointError:
        return False
    return first.fingerprint == second.fingerprint
