"""Leading layers that two models have in common are computed once.

Where the embeddings and the first layers of two models are the same tensors, what leaves those
layers is the same too. Whichever model reads first leaves it here, and the other goes on from there
when it reads the same ids soon after: reading in turns, batch by batch, is what makes that happen.
In any other order both compute everything, and the numbers are the same.
"""

# pyright: basic
# (torch's own annotations do not stand strict mode)

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar
from weakref import ref

import torch
from torch import nn
from transformers import PreTrainedModel

Key = tuple[object, ...]
"""What a pass depends on besides the weights."""

Kept = TypeVar("Kept")
"""What a model keeps of a row that it has read."""

_LEFT = 3
"""Passes whose output is kept: on an accelerator one side is a batch ahead."""


def decoder_layers(model: PreTrainedModel) -> nn.ModuleList | None:
    """Return the list of a model's layers, found by its length; None where there is none."""
    count = getattr(model.config.get_text_config(), "num_hidden_layers", None)
    found = [m for m in model.modules() if isinstance(m, nn.ModuleList) and len(m) == count]
    return found[0] if len(found) == 1 else None


@dataclass(frozen=True, slots=True)
class _Left:
    """What one model has left for the other."""

    by: PreTrainedModel
    key: Key
    output: object
    """Of the last common layer, in whatever form the architecture gives it."""


class Trunk(Generic[Kept]):
    """The first `count` layers of two models, whose tensors there are the same objects."""

    def __init__(self, first: PreTrainedModel, second: PreTrainedModel, count: int) -> None:
        self.count = count
        self.spared = 0
        """Passes in which the common layers were not computed."""
        self._kept: tuple[bytes, ref[Kept]] | None = None
        self._layers = {id(model): decoder_layers(model) for model in (first, second)}
        self._left: deque[_Left] = deque(maxlen=_LEFT)

    @contextmanager
    def reading(self, model: PreTrainedModel, key: Key, *, take: bool = True) -> Iterator[bool]:
        """Read with a model; whether the common layers are taken over instead of computed."""
        layers = self._layers[id(model)]
        assert layers is not None
        common = list(layers)[: self.count]
        found = [left for left in self._left if left.by is not model and left.key == key]
        if not (found and take):
            handle = common[-1].register_forward_hook(
                lambda _, __, output: self._left.append(_Left(model, key, output))
            )
            try:
                yield False
            finally:
                handle.remove()
            return
        self.spared += 1
        output = found[-1].output
        for layer in common:
            # Set on the object, and for this pass only: whoever copies the model copies no trace.
            layer.forward = lambda *_, **__: output
        try:
            yield True
        finally:
            for layer in common:
                del layer.forward

    def keep(self, ids: bytes, kept: Kept) -> None:
        """Say what a model has kept of a row, for as long as it does."""
        self._kept = (ids, ref(kept))

    def kept_of(self, ids: bytes) -> Kept | None:
        """Return what was kept of a row, if it is the last and still in use."""
        return self._kept[1]() if self._kept is not None and self._kept[0] == ids else None


def key_of(x: torch.Tensor, *more: object) -> Key:
    """Return the key of a pass over ids `x` and whatever else decides what it computes."""
    return (tuple(x.shape), x.contiguous().numpy().tobytes(), *more)
