"""All tensors of one kind of module together, and all of one layer. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from unpact_tui.weights.change import Cell, TensorChange, cell
from unpact_tui.weights.table import ALL


def by_module(tensors: Sequence[TensorChange]) -> tuple[Cell, ...]:
    """Return each kind of module over all layers, the one with most of the squared change first."""
    groups: dict[str, list[TensorChange]] = {}
    for tensor in tensors:
        groups.setdefault(tensor.module, []).append(tensor)
    cells = (cell(tuple(members), None, module) for module, members in groups.items())
    return tuple(sorted(cells, key=lambda found: -found.squared))


def by_layer(tensors: Sequence[TensorChange]) -> tuple[Cell, ...]:
    """Return each layer with all its modules, in order; what is in no layer comes last."""
    groups: dict[int | None, list[TensorChange]] = {}
    for tensor in tensors:
        groups.setdefault(tensor.layer, []).append(tensor)
    order = sorted(groups, key=lambda layer: (layer is None, layer or 0))
    return tuple(cell(tuple(groups[layer]), layer, ALL) for layer in order)
