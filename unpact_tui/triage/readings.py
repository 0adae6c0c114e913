"""What base, checkpoint and reference said to the items that metrics are taken on.

Base and reference are asked once for all checkpoints. Knows no metric and opens no model.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from attribution.scorer import Model
from unpact_tui import evaluating
from unpact_tui.benchmarks._item import Item
from unpact_tui.metrics._scored import Scored, Sides
from unpact_tui.output import Step
from unpact_tui.run import Progress
from unpact_tui.worker.events import Role

Outcome = TypeVar("Outcome")
Telling = Generator[Step, None, Outcome]
"""Says how far it is, and ends in an outcome."""

_NAMES: dict[Role, str] = {"base": "base", "unlearned": "checkpoint", "reference": "reference"}
_MOST = 3
"""Of the items that one model could not read, so many are named."""


@dataclass(frozen=True, slots=True)
class Said:
    """What one model said."""

    scored: tuple[Scored, ...]
    left_out: tuple[str, ...] = ()
    """Items that could not be read, each with the reason."""
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Readings:
    """What all models said."""

    sides: Sides
    left_out: tuple[str, ...]
    remarks: tuple[str, ...]


@dataclass(slots=True)
class Kept:
    """What base and reference said to what was asked, by fingerprint."""

    said: dict[tuple[str, tuple[Item, ...]], Said] = field(
        default_factory=dict[tuple[str, tuple[Item, ...]], Said]
    )


def read(
    models: Mapping[Role, Model],
    fingerprints: Mapping[Role, str],
    items: tuple[Item, ...],
    kept: Kept,
) -> Telling[Readings]:
    """Ask every model; those with a fingerprint only what they were not asked before.

    Raises what asking raises.
    """
    said: dict[Role, Said] = {}
    for role, model in models.items():
        known = (fingerprints.get(role, ""), items)
        if role in fingerprints and known in kept.said:
            said[role] = kept.said[known]
            continue
        said[role] = yield from _ask(model, items, f"metrics, {_NAMES[role]}")
        if role in fingerprints:
            kept.said[known] = said[role]
    scored = {role: one.scored for role, one in said.items()}
    sides = Sides(scored["unlearned"], scored.get("base", ()), scored.get("reference", ()))
    left_out = [f"{_NAMES[role]}, {why}" for role in said for why in said[role].left_out]
    remarks = dict.fromkeys(remark for one in said.values() for remark in one.remarks)
    return Readings(sides, tuple(left_out), tuple(remarks))


def _ask(model: Model, items: tuple[Item, ...], stage: str) -> Telling[Said]:
    """Ask one model."""
    left_out: list[str] = []
    remarks: dict[str, None] = {}
    steps = evaluating.evaluate(model, items)
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            return Said(end.value, tuple(_briefly(left_out)), tuple(remarks))
        if step.left_out:
            left_out.append(step.left_out)
        elif step.remark:
            remarks[step.remark] = None
        yield Progress(stage, step.done, step.total)


def _briefly(left_out: list[str]) -> list[str]:
    more = len(left_out) - _MOST
    return left_out if more <= 0 else [*left_out[:_MOST], f"and {more} more items"]
