"""A second model whose unchanged weights are the first one's own, and what that saves.

A twin has modules of its own, so that something can be put into one side, and the very parameters
of the other. For that nobody may ever change a weight in place: neither side has one that requires
a gradient, and what is different is put into the twin as a new parameter. Does not know why two
models are alike.
"""
# torch's and transformers' annotations are incomplete.
# pyright: basic

from __future__ import annotations

import copy
from collections.abc import Generator, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any

from unpact_tui.same_weights import Place

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel

_LAST = frozenset({"norm", "ln_f", "final_layernorm", "final_layer_norm", "project_out"})
"""What a decoder has behind its layers, in the names that are used for it."""


def twin(model: PreTrainedModel) -> PreTrainedModel | None:
    """Return a model of modules of its own and all the weights of `model`.

    None where that is not safe: over several devices or quantised, when hooks would be copied that
    belong to the first, or when a weight is of a kind of its own.
    """
    import torch

    held = list(_tensors(model))
    kinds = (torch.nn.Parameter, torch.Tensor)
    plain = all(type(tensor) in kinds and not tensor.requires_grad for tensor in held)
    devices = {tensor.device for tensor in held}
    hooked = any(hasattr(module, "_hf_hook") for module in model.modules())
    if not plain or len(devices) != 1 or next(iter(devices)).type == "meta" or hooked:
        return None
    if getattr(model, "hf_quantizer", None) is not None:
        return None
    # Whatever is in the memo is taken for its own copy; so ties stay ties.
    found = copy.deepcopy(model, {id(tensor): tensor for tensor in held})
    return found if {id(t) for t in _tensors(found)} == {id(t) for t in held} else None


def _tensors(model: torch.nn.Module) -> Iterator[torch.Tensor]:
    return chain(model.parameters(), model.buffers())


def put_in(
    model: PreTrainedModel,
    ours: dict[str, Place],
    theirs: dict[str, Place],
    changed: frozenset[str],
) -> Generator[int, None, bool]:
    """Put the `changed` tensors of `theirs` into a twin; yield how many bytes each has.

    Returns False when the twin cannot be trusted: when what changed is not held, under its very
    name, as the base's files, `ours`, have it. transformers then made something else of it. What
    did not change may be made into anything: the same was made of it on both sides.
    """
    state: dict[str, torch.Tensor] = model.state_dict(keep_vars=True)
    if not changed <= state.keys():
        return False
    renamed = not ours.keys() <= state.keys()
    for name in sorted(changed):
        old = state[name]
        tied = [other for other, tensor in state.items() if tensor is old and other != name]
        # With both of two tied names in the files, it depends on the numbers whether they are.
        if tied and (renamed or not ours.keys().isdisjoint(tied)):
            return False
        if not _same(_stored(ours[name], old), old):
            return False
        _replace(model, old, _stored(theirs[name], old))
        yield theirs[name][1].bytes
    return True


def _stored(place: Place, like: torch.Tensor) -> torch.Tensor:
    """Read a tensor to where `like` is, in its precision, as transformers does."""
    from safetensors import safe_open

    path, tensor = place
    with safe_open(str(path), framework="pt", device=str(like.device)) as file:
        return file.get_tensor(tensor.name).to(dtype=like.dtype)


def _same(found: torch.Tensor, held: torch.Tensor) -> bool:
    import torch

    return found.shape == held.shape and torch.equal(found, held)


def _replace(model: torch.nn.Module, old: torch.Tensor, new: torch.Tensor) -> None:
    """Put `new` wherever `old` is."""
    import torch

    fresh: Any = new
    if isinstance(old, torch.nn.Parameter):
        fresh = torch.nn.Parameter(new, requires_grad=False)
    for module in model.modules():
        for table in (module._parameters, module._buffers):
            for name, tensor in table.items():
                if tensor is old:
                    table[name] = fresh


def own_copies(model: PreTrainedModel, names: frozenset[str]) -> None:
    """Give a twin copies of its own of the weights `names`: something is about to write there."""
    state: dict[str, torch.Tensor] = model.state_dict(keep_vars=True)
    for name in sorted(names & state.keys()):
        _replace(model, state[name], state[name].detach().clone())


# ---------------------------------------------------------------- what it saves


def shared(model: PreTrainedModel, base: PreTrainedModel | None) -> frozenset[int]:
    """Return the ids of the parameters of `model` that lie in memory where the base's do."""
    if base is None:
        return frozenset()
    places = {_place(parameter) for parameter in base.parameters()}
    return frozenset(id(found) for found in model.parameters() if _place(found) in places)


def _place(tensor: torch.Tensor) -> tuple[str, int, int]:
    # What accelerate keeps elsewhere has no address.
    address = id(tensor) if tensor.is_meta else tensor.data_ptr()
    return str(tensor.device), address, tensor.nbytes


def leading_layers(model: PreTrainedModel, base: PreTrainedModel) -> int:
    """Return how many of the first layers, and all that is before them, are the base's own.

    Up to there both compute the same. 0 where the layers are not found.
    """
    (parent, layers), (base_parent, base_layers) = _decoder(model), _decoder(base)
    if parent is None or base_parent is None or len(layers) != len(base_layers):
        return 0
    if _before(parent, layers) != _before(base_parent, base_layers):
        return 0
    for count, (layer, other) in enumerate(zip(layers, base_layers, strict=True)):
        if _weights(layer) != _weights(other):
            return count
    return len(layers)


def _decoder(model: PreTrainedModel) -> tuple[torch.nn.Module | None, list[torch.nn.Module]]:
    """Return the decoder and its layers."""
    from attribution.trunk import decoder_layers

    layers = decoder_layers(model)
    for module in model.modules() if layers is not None else ():
        if any(child is layers for child in module.children()):
            return module, list(layers or ())
    return None, []


def _before(parent: torch.nn.Module, layers: list[torch.nn.Module]) -> dict[str, int]:
    """Return the weights of a decoder that its first layer may depend on."""
    found = _weights(parent)
    inside = {
        id(tensor) for layer in layers for tensor in layer.state_dict(keep_vars=True).values()
    }
    return {
        name: place
        for name, place in found.items()
        if place not in inside and name.partition(".")[0] not in _LAST
    }


def _weights(module: torch.nn.Module) -> dict[str, int]:
    return {name: id(tensor) for name, tensor in module.state_dict(keep_vars=True).items()}
