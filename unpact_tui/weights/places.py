"""Where a change is, said of the model's plan: which layers, which modules, all of them or a few.

Pure. Knows no sentence but the name of a place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from unpact_tui.weights.change import Rank, TensorChange, WeightChange
from unpact_tui.weights.table import is_last

_NAMED = 3
"""Modules that are named before "and others"."""


@dataclass(frozen=True, slots=True)
class Places:
    """The tensors that moved, beside the plan of the model."""

    moved: tuple[TensorChange, ...]
    layers: range | None
    """From the first layer that moved to the last; None where none did or some between did not."""
    depth: int
    """Layers that the model has."""
    modules: tuple[str, ...]
    """Within layers, that moved."""
    outside: tuple[str, ...]
    """Modules that belong to no layer and moved."""
    after: bool
    """Whether one of them stands after the layers: the last norm or the output matrix."""
    whole_layers: bool
    """Whether every matrix of the layers that moved did."""
    all_kinds: bool
    """Whether every module of the layers moved somewhere, vectors included."""
    ranks: tuple[Rank, ...]
    """Of what moved."""
    sides: Mapping[str, int]
    """The shorter side of each matrix that moved."""

    @property
    def ranked(self) -> bool:
        """Tell whether ranks are known."""
        return bool(self.ranks)

    @property
    def where(self) -> str:
        """Name the place."""
        within = _listed(self.modules)
        if self.modules:
            within += f" of {layers_in_words(self.layers)}" if self.layers else " of some layers"
        return " and ".join(filter(None, (within, _listed(self.outside))))


def places(change: WeightChange, moved: Sequence[TensorChange], ranks: Sequence[Rank]) -> Places:
    """Find the places of what moved."""
    names = {tensor.name for tensor in moved}
    numbers = sorted({t.layer for t in moved if t.layer is not None})
    every = sorted({t.layer for t in change.tensors if t.layer is not None})
    run = range(numbers[0], numbers[-1] + 1) if numbers else None
    solid = run is not None and len(run) == len(numbers)
    inside = [t for t in change.tensors if t.layer in numbers]
    kinds = {t.module for t in change.tensors if t.layer is not None}
    modules = tuple(dict.fromkeys(t.module for t in moved if t.layer is not None))
    outside = tuple(dict.fromkeys(t.module for t in moved if t.layer is None))
    return Places(
        moved=tuple(moved),
        layers=run if solid else None,
        depth=len(every),
        modules=modules,
        outside=outside,
        after=any(is_last(module) for module in outside),
        whole_layers=solid and all(t.name in names for t in inside if len(t.shape) > 1),
        all_kinds=bool(kinds) and change.untouched == 0 and kinds == set(modules),
        ranks=tuple(rank for rank in ranks if rank.name in names),
        sides={t.name: min(t.shape) for t in moved if len(t.shape) == 2},
    )


def layers_in_words(layers: range) -> str:
    """Return "layer 3" or "layers 3-5"."""
    one = len(layers) == 1
    return f"layer {layers[0]}" if one else f"layers {layers[0]}-{layers[-1]}"


def _listed(modules: Sequence[str]) -> str:
    names = [*modules[:_NAMED], *(["others"] if len(modules) > _NAMED else [])]
    return " and ".join(filter(None, (", ".join(names[:-1]), *names[-1:])))
