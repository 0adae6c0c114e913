"""How far a build is: the stages it goes through and their share of the work.

Knows no models; the shares are measured, so that a bar moves evenly and an estimate of the time
left is about right.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from unpact_tui.demo.recipe import Recipe

_TRAINING_STEP, _UNLEARNING_STEP = 2, 1
_PREPARATION, _FINISH = 80, 10
_EVERY = 4
"""Steps between two reports."""


@dataclass(frozen=True, slots=True)
class Progress:
    """A report. `done` never goes back; what was found finished counts as done from the start."""

    stage: str
    """In words."""
    done: int
    total: int
    """In units of work, each of which takes about as long as any other."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One training loop, from `start` to `end` in units of work."""

    name: str
    text: str
    """In words."""
    steps: int
    start: int
    end: int
    total: int
    """Of the whole build."""

    def reports(self, done: Iterable[int]) -> Iterator[Progress]:
        """Turn the numbers of steps done into reports."""
        yield Progress(self.text, self.start, self.total)
        for step in done:
            if step % _EVERY == 0 or step == self.steps:
                share = (self.end - self.start) * step // self.steps
                yield Progress(self.text, self.start + share, self.total)


@dataclass(frozen=True, slots=True)
class Plan:
    """All stages of a recipe, in order."""

    trunk: Stage
    base: Stage
    reference: Stage
    unlearned: Stage
    total: int


def plan(recipe: Recipe) -> Plan:
    """Lay a recipe's stages end to end."""
    training, unlearning = recipe.training, recipe.unlearning
    trunk = _PREPARATION + _TRAINING_STEP * training.trunk_steps
    base = trunk + _TRAINING_STEP * training.base_steps
    reference = base + _TRAINING_STEP * training.reference_steps
    unlearned = reference + _UNLEARNING_STEP * unlearning.steps
    total = unlearned + _FINISH
    return Plan(
        Stage(
            "trunk",
            "teaching the facts to retain",
            training.trunk_steps,
            _PREPARATION,
            trunk,
            total,
        ),
        Stage(
            "base", "teaching the base the facts to forget", training.base_steps, trunk, base, total
        ),
        Stage(
            "reference",
            "finishing the reference without them",
            training.reference_steps,
            base,
            reference,
            total,
        ),
        Stage("rmu", "unlearning them by RMU", unlearning.steps, reference, unlearned, total),
        total,
    )
