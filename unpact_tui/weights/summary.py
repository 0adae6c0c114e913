"""One sentence about where the weights changed, and the notes that belong beside it.

Ours. It says where the change is, and no more: not what a model forgot. Reads nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from unpact_tui.weights.change import TensorChange, WeightChange
from unpact_tui.weights.table import percent

ENOUGH = 0.9
"""Ours: the share of the squared change that a place must have to be named."""
_MODULES = 3
"""Ours: more modules than this are no place."""

CAVEAT = "Where weights changed does not say what the model forgot."


def summary(change: WeightChange) -> str:
    """Say where most of the change is."""
    total = change.squared
    if not change.tensors:
        return "No tensor could be compared."
    if total == 0:
        return f"None of the {len(change.tensors)} tensors that were compared changed."
    relative = _relative(change.tensors, total)
    return f"{relative}{_where(change.tensors, total)}"


def notes(change: WeightChange) -> list[str]:
    """Say what limits the numbers."""
    found: list[str] = []
    if any("/" in tensor.dtype for tensor in change.tensors):
        found.append("The sides store numbers in different precision: part of this is rounding.")
    if broken := sum(1 for tensor in change.tensors if tensor.not_finite):
        found.append(f"NaN or infinity in {_count(broken)}: those elements are left out.")
    if change.untouched:
        found.append(f"An adapter, which leaves {_count(change.untouched)} as they are.")
    reasons: dict[str, int] = {}
    for unpaired in change.missing:
        reasons[unpaired.why] = reasons.get(unpaired.why, 0) + 1
    found += [f"Not compared: {_count(count)} ({why})." for why, count in reasons.items()]
    return found


def _count(tensors: int) -> str:
    return "1 tensor" if tensors == 1 else f"{tensors} tensors"


def _relative(tensors: Sequence[TensorChange], total: float) -> str:
    norm = sum(tensor.norm * tensor.norm for tensor in tensors)
    return f"Changed by {percent((total / norm) ** 0.5)} of its norm; " if norm > 0 else ""


def _where(tensors: Sequence[TensorChange], total: float) -> str:
    modules = _fewest(_by_module(tensors), ENOUGH * total)
    chosen = tensors if modules is None else [t for t in tensors if t.module in modules]
    layers = _window(chosen, ENOUGH * total)
    part = [t for t in chosen if layers is None or (t.layer is not None and t.layer in layers)]
    if modules is None and layers is None:
        return _beside_layers(tensors, total) or (
            f"the squared change is spread: neither {_MODULES} modules nor half of the layers "
            f"hold {ENOUGH:.0%} of it."
        )
    share = _squared(part) / total
    held = {tensor.module for tensor in part}
    named = ["all modules"] if modules is None else [name for name in modules if name in held]
    what = " and ".join(named)
    return f"{_share(share)} of the squared change is in {what}{_of(layers, part)}."


def _beside_layers(tensors: Sequence[TensorChange], total: float) -> str:
    """Say where it is when some of it is in no layer; empty when that is nowhere in particular."""
    outside = [tensor for tensor in tensors if tensor.layer is None and tensor.distance > 0]
    layers = _window(tensors, ENOUGH * total - _squared(outside)) if outside else None
    if layers is None:
        return ""
    inside = [tensor for tensor in tensors if tensor.layer is not None and tensor.layer in layers]
    share = _squared([*outside, *inside]) / total
    names = " and ".join(_by_module(outside))
    return (
        f"{_share(share)} of the squared change is in {names} and all modules{_of(layers, inside)}."
    )


def _share(share: float) -> str:
    """Round down: 100% would claim that the rest did not change."""
    return "All" if share == 1 else f"{int(100 * share)}%"


def _of(layers: range | None, part: Sequence[TensorChange]) -> str:
    if layers is None:
        return ", over the layers" if any(t.layer is not None for t in part) else ""
    one = len(layers) == 1
    return f" of layer {layers[0]}" if one else f" of layers {layers[0]}-{layers[-1]}"


def _squared(tensors: Sequence[TensorChange]) -> float:
    return sum(tensor.distance * tensor.distance for tensor in tensors)


def _by_module(tensors: Sequence[TensorChange]) -> dict[str, float]:
    found: dict[str, float] = {}
    for tensor in tensors:
        found[tensor.module] = found.get(tensor.module, 0.0) + tensor.distance * tensor.distance
    return found


def _fewest(squares: Mapping[str, float], enough: float) -> list[str] | None:
    """Return the fewest modules that have enough, largest first; None where it takes too many."""
    names: list[str] = []
    have = 0.0
    for name in sorted(squares, key=lambda name: -squares[name]):
        names.append(name)
        have += squares[name]
        if have >= enough:
            return names if len(names) <= _MODULES and len(names) < len(squares) else None
    return None


def _window(tensors: Sequence[TensorChange], enough: float) -> range | None:
    """Return the shortest run of layers that has enough; None where it takes over half of them."""
    layers: dict[int, float] = {}
    for tensor in tensors:
        if tensor.layer is not None:
            square = tensor.distance * tensor.distance
            layers[tensor.layer] = layers.get(tensor.layer, 0.0) + square
    order = sorted(layers)
    best: tuple[int, int] | None = None
    first, have = 0, 0.0
    for last, layer in enumerate(order):
        have += layers[layer]
        while first < last and have - layers[order[first]] >= enough:
            have -= layers[order[first]]
            first += 1
        if have >= enough and (best is None or last - first < best[1] - best[0]):
            best = first, last
    if best is None or 2 * (best[1] - best[0] + 1) > len(order):
        return None
    return range(order[best[0]], order[best[1]] + 1)
