"""The metrics of a benchmark taken on every model of an engine.

Knows items and metrics by their contracts; no record and no page.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from attribution.scorer import Model
from attribution.types import Interval
from unpact_tui import evaluating, metrics
from unpact_tui.benchmarks._item import Item
from unpact_tui.engine import Engine
from unpact_tui.metrics._scored import Scored, Sides
from unpact_tui.output import Step
from unpact_tui.worker.events import Role

_MOST = 4
"""Kept at once: base and reference of two benchmarks."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What was taken, by side and name, and what could not be."""

    metrics: dict[str, dict[str, Interval]] = field(
        default_factory=dict[str, "dict[str, Interval]"]
    )
    absent: dict[str, str] = field(default_factory=dict[str, str])
    left_out: tuple[tuple[str, str], ...] = ()
    """Items that a model could not read, with the reason."""


@dataclass(frozen=True, slots=True)
class _Said:
    """What a model said to all items."""

    scored: tuple[Scored, ...]
    left_out: tuple[tuple[str, str], ...]


# What base and reference say is the same for every unlearned model that a process measures.
_BESIDE: dict[str, _Said] = {}


def take(
    engine: Engine, places: Mapping[Role, str], items: Sequence[Item]
) -> Generator[Step, None, Taken]:
    """Take all metrics that the items allow; nothing without items.

    `places` are the folders of base and reference, which need not be read again.
    """
    if not items:
        return Taken()
    asked = sha256(repr((items, engine.settings)).encode()).hexdigest()
    said: dict[str, _Said] = {}
    for role, model in engine.models.items():
        key = f"{places[role]} {asked}" if role in places else ""
        said[role] = yield from _ask(model, items, key, f"{role}: benchmark")
    found = {role: one.scored for role, one in said.items()}
    base, reference = found.get("base", ()), found.get("reference", ())
    seed = engine.settings.seed
    unlearned = metrics.take(Sides(found["unlearned"], base, reference), seed)
    taken = {"unlearned": unlearned.metrics}
    for role in ("base", "reference"):
        if found.get(role):
            taken[role] = metrics.take(Sides(found[role], base, reference), seed).metrics
    lost = dict.fromkeys(pair for one in said.values() for pair in one.left_out)
    return Taken(taken, unlearned.absent, tuple(lost))


def _ask(model: Model, items: Sequence[Item], key: str, stage: str) -> Generator[Step, None, _Said]:
    """Ask a model everything; with a key, once in this process."""
    if key in _BESIDE:
        return _BESIDE[key]
    lost: list[tuple[str, str]] = []
    steps = evaluating.evaluate(model, items)
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            said = _Said(end.value, tuple(lost))
            break
        if step.left_out:
            lost.append((stage, step.left_out))
        yield step
    if key:
        while len(_BESIDE) >= _MOST:
            del _BESIDE[next(iter(_BESIDE))]
        _BESIDE[key] = said
    return said
