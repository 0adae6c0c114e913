"""Which tensor of the base stands beside which of the second side, and which has none.

Reads nothing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from unpact_tui.adapter_patterns import quick
from unpact_tui.weights.change import Unpaired, Why
from unpact_tui.weights.decoding import READ
from unpact_tui.weights.names import core
from unpact_tui.weights.sides import LoraConfig, Place, Side

_WRAPPER = "base_model.model."
"""What peft puts before the names of the model it wraps."""

_FACTORS = {
    ".lora_A.weight": ".lora_B.weight",
    ".lora_embedding_A": ".lora_embedding_B",
}


@dataclass(frozen=True, slots=True)
class Whole:
    """A tensor that both sides have."""

    before: Place
    after: Place

    @property
    def bytes(self) -> int:
        """What is to be read."""
        return self.before.tensor.bytes + self.after.tensor.bytes


@dataclass(frozen=True, slots=True)
class LowRank:
    """A tensor to which an adapter adds scaling * left @ right."""

    before: Place
    left: Place
    right: Place
    scaling: float
    transposed: bool
    """Whether what is added is the transpose of that product."""

    @property
    def bytes(self) -> int:
        """What is to be read."""
        return sum(place.tensor.bytes for place in (self.before, self.left, self.right))


@dataclass(frozen=True, slots=True)
class Pairs:
    """What is to be read, in the order of the base's files, and what is not."""

    jobs: tuple[Whole | LowRank, ...]
    missing: tuple[Unpaired, ...]
    untouched: int = 0


def pairs(base: Side, second: Side) -> Pairs:
    """Put the tensors of both sides side by side. Raises `Unreadable`."""
    if second.lora is not None:
        return _with_adapter(base, second, second.lora)
    names = _matches(base, second.places)
    jobs: list[Whole | LowRank] = []
    missing: list[Unpaired] = []
    for name, place in base.places.items():
        job = _whole(place, second.places[names[name]]) if name in names else "only in the base"
        if isinstance(job, Whole):
            jobs.append(job)
        else:
            missing.append(Unpaired(name, job))
    matched = set(names.values())
    missing += [
        Unpaired(name, "only in the second") for name in second.places if name not in matched
    ]
    return Pairs(tuple(jobs), tuple(missing))


def _matches(base: Side, names: Iterable[str]) -> dict[str, str]:
    """Return, by the base's name, the one of the other side: the same, or the same at its core."""
    found = {name: name for name in names if name in base.places}
    cores = {core(name): name for name in base.places if name not in found}
    for name in names:
        target = cores.get(core(name))
        if name not in base.places and target is not None:
            found.setdefault(target, name)
    return found


def _whole(before: Place, after: Place) -> Whole | Why:
    if before.tensor.shape != after.tensor.shape:
        return "another shape"
    if not {before.tensor.dtype, after.tensor.dtype} <= READ:
        return "a form that is not read"
    return Whole(before, after)


# ---------------------------------------------------------------- adapters


def _with_adapter(base: Side, second: Side, lora: LoraConfig) -> Pairs:
    targets = {name: _target(name) for name in second.places}
    names = {theirs: ours for ours, theirs in _matches(base, set(targets.values())).items()}
    jobs: dict[str, Whole | LowRank] = {}
    missing: list[Unpaired] = []
    seconds = {_partner(name) for name in targets} - {None}
    for name, target in targets.items():
        if name in seconds:
            continue
        job = _addition(base, second, name, names.get(target), lora)
        if isinstance(job, Whole | LowRank):
            jobs[names[target]] = job
        else:
            missing.append(Unpaired(name, job))
    ordered = tuple(jobs[name] for name in base.places if name in jobs)
    return Pairs(ordered, tuple(missing), len(base.places) - len(jobs))


def _target(name: str) -> str:
    """Return the name that what an adapter's tensor is added to, or replaces, has in its base."""
    target = name.removeprefix(_WRAPPER).replace(".base_layer.", ".")
    for suffix in (*_FACTORS, *_FACTORS.values()):
        if target.endswith(suffix):
            return target.removesuffix(suffix) + ".weight"
    return target


def _partner(name: str) -> str | None:
    """Return the name of the second factor of which `name` is the first."""
    for first, second in _FACTORS.items():
        if name.endswith(first):
            return name.removesuffix(first) + second
    return None


def _addition(
    base: Side, second: Side, name: str, target: str | None, lora: LoraConfig
) -> Whole | LowRank | Why:
    if target is None:
        return "only in the second"
    before, partner = base.places[target], _partner(name)
    if partner is None:
        return _whole(before, second.places[name])
    if partner not in second.places:
        return "a form that is not read"
    return _low_rank(before, second.places[name], second.places[partner], lora)


def _low_rank(before: Place, first: Place, last: Place, lora: LoraConfig) -> LowRank | Why:
    """Return the addition `last @ first`, or of its transpose, whichever has the base's shape."""
    dtypes = {place.tensor.dtype for place in (before, first, last)}
    shapes = [place.tensor.shape for place in (before, first, last)]
    if not dtypes <= READ or any(len(shape) != 2 for shape in shapes):
        return "a form that is not read"
    shape, (rank, columns), (rows, inner) = shapes
    if rank != inner or not rank or shape not in ((rows, columns), (columns, rows)):
        return "another shape"
    turned = lora.fan_in_fan_out or "lora_embedding" in first.tensor.name
    transposed = shape != (rows, columns) or (turned and rows == columns)
    with quick(first.path.parent):
        alpha = _alpha(first.tensor.name, lora)
    scaling = alpha / (math.sqrt(rank) if lora.use_rslora else rank)
    return LowRank(before, last, first, scaling, transposed)


def _alpha(name: str, lora: LoraConfig) -> float:
    """Return the strength a module has: one of its own by pattern, as peft reads patterns."""
    module = name.removeprefix(_WRAPPER)
    for suffix in _FACTORS:
        module = module.removesuffix(suffix)
    for pattern, alpha in (lora.alpha_pattern or {}).items():
        with suppress(re.error):
            if re.match(rf"(.*\.)?({pattern})$", module):
                return alpha
    return lora.lora_alpha
