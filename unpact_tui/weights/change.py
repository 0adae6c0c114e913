"""What changed between two checkpoints, tensor by tensor, as plain values.

Made to cross a pipe and to be drawn. This module reads no file, does no arithmetic on tensors and
imports nothing numeric.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

LIKE_ONE = 0.5
"""Ours: the share of the squared change from which on one direction makes it rank-1-like."""

Why = Literal["only in the base", "only in the second", "another shape", "a form that is not read"]


@dataclass(frozen=True, slots=True)
class TensorChange:
    """One tensor W of the base beside W' of the second side. All norms are Frobenius norms."""

    name: str
    layer: int | None
    """None for what belongs to no layer: embeddings, the last norm, the output matrix."""
    module: str
    """Its place within a layer, such as mlp.down_proj."""
    shape: tuple[int, ...]
    dtype: str
    """As the file spells it, F32 or BF16; F32/BF16 where the sides differ."""
    distance: float
    """||W' - W||."""
    norm: float
    """||W||."""
    norm_after: float
    """||W'||."""
    cosine: float | None
    """Of the angle between W and W' as vectors; None where one of them is zero."""
    largest: float | None
    """Largest absolute change of an element; None for a low-rank addition, whose product is not
    formed."""
    changed: float | None
    """Share of the elements that changed; None as above."""
    not_finite: int = 0
    """Elements that are NaN or infinite on either side, which every number here leaves out."""

    @property
    def relative(self) -> float | None:
        """||W' - W|| / ||W||; None where W is zero and W' is not."""
        return ratio(self.distance, self.norm)

    @property
    def elements(self) -> int:
        """Count of numbers."""
        return math.prod(self.shape)


@dataclass(frozen=True, slots=True)
class Rank:
    """How many directions the change D of a matrix has, from its singular values.

    A direction's share is that of its squared singular value in ||D||². What a sketch does not hold
    is counted as not seen, so no number here claims more than was measured.
    """

    name: str
    top: float
    """Share of the first direction; of a sketch it is at least so much."""
    effective: float
    """exp of the entropy of the shares; at least so much where `held` is below 1."""
    directions: int | None
    """Fewest directions with 90 % of the squared change; at most so many of a sketch, and None
    where all that it holds is less than that."""
    rank: int | None
    """Fewest directions with all of it, but for what rounding explains; None as above."""
    held: float
    """Share of the squared change that the measured directions have together."""
    exact: bool
    """Whether every singular value is known; if not, those of a sketch are."""

    @property
    def like_one(self) -> bool:
        """Tell whether one direction is most of the change (ours)."""
        return self.top >= LIKE_ONE


@dataclass(frozen=True, slots=True)
class Unpaired:
    """A tensor that could not be compared, and why."""

    name: str
    why: Why


@dataclass(frozen=True, slots=True)
class WeightChange:
    """What is known so far; the last one of a reading is `complete`."""

    tensors: tuple[TensorChange, ...] = ()
    """In the order of the base's files."""
    done: int = 0
    """Bytes read, of both sides."""
    total: int = 0
    complete: bool = False
    missing: tuple[Unpaired, ...] = ()
    untouched: int = 0
    """Tensors that an adapter leaves as they are; they are not read."""
    reading: str = ""
    """Name of the tensor that is being read."""
    ranks: tuple[Rank, ...] = ()
    """Of the matrices with the largest changes, from the largest on; known when all is read."""
    again: bool = False
    """Whether what is being read was read before, and is now for its rank."""

    @property
    def stage(self) -> str:
        """What goes on, in words."""
        if self.again:
            return f"counting the directions of {self.reading}"
        return f"reading {self.reading}" if self.reading else "reading the weights"

    @property
    def squared(self) -> float:
        """Sum of squared changes over all tensors."""
        return squared(self.tensors)


@dataclass(frozen=True, slots=True)
class Cell:
    """All tensors of one module in one layer together."""

    layer: int | None
    module: str
    relative: float | None
    cosine: float | None
    changed: float | None
    largest: float | None
    squared: float
    """Sum of squared changes."""
    tensors: tuple[str, ...]


def ratio(distance: float, norm: float) -> float | None:
    """Return the relative change; a change of nothing has none."""
    if norm > 0:
        share = distance / norm
        return share if math.isfinite(share) else None
    return 0.0 if distance == 0 else None


def squared(tensors: Iterable[TensorChange]) -> float:
    """Return the sum of squared changes: large tensors count more than small ones."""
    return sum(tensor.distance * tensor.distance for tensor in tensors)


def cell(tensors: tuple[TensorChange, ...], layer: int | None, module: str) -> Cell:
    """Put tensors together as if they were one.

    Ours: the relative change of several tensors is the root of their summed squared changes over
    their summed squared norms, so a bias weighs next to nothing beside its matrix.
    """
    distance = math.sqrt(squared(tensors))
    norm = math.sqrt(sum(tensor.norm * tensor.norm for tensor in tensors))
    after = math.sqrt(sum(tensor.norm_after * tensor.norm_after for tensor in tensors))
    dot = sum((tensor.cosine or 0.0) * tensor.norm * tensor.norm_after for tensor in tensors)
    return Cell(
        layer,
        module,
        ratio(distance, norm),
        # Rounding would make an angle of no change at all.
        1.0 if distance == 0 < norm else cosine(dot, norm, after),
        _changed(tensors),
        max((tensor.largest for tensor in tensors if tensor.largest is not None), default=None),
        distance * distance,
        tuple(tensor.name for tensor in tensors),
    )


def cosine(product: float, norm: float, after: float) -> float | None:
    """Return the cosine of two vectors; a zero vector has none."""
    if not (norm > 0 and after > 0):
        return None
    value = product / norm / after
    # Rounding may put it beyond one.
    return max(-1.0, min(1.0, value)) if math.isfinite(value) else None


def _changed(tensors: tuple[TensorChange, ...]) -> float | None:
    known = [(tensor.changed, tensor.elements) for tensor in tensors if tensor.changed is not None]
    elements = sum(count for _, count in known)
    return sum(share * count for share, count in known) / elements if elements else None
