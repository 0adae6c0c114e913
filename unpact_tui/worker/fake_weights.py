"""What changed between two models that do not exist: a few layers, as misdirection does."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from unpact_tui.weights.change import TensorChange, WeightChange
from unpact_tui.worker.events import Event, Weighed

_LAYERS = 16
_MODULES = ("self_attn.q_proj", "self_attn.o_proj", "mlp.up_proj", "mlp.down_proj")
_BYTES = 8 << 20


def weigh() -> Iterator[Event]:
    """Yield what is known after each tensor."""
    draw = Random(0)
    tensors: list[TensorChange] = []
    total = _LAYERS * len(_MODULES)
    for layer in range(_LAYERS):
        for module in _MODULES:
            moved = 5 <= layer <= 7 and module == "mlp.down_proj"
            tensors.append(_changed(layer, module, 0.1 if moved else 0.002 * draw.random()))
            done = len(tensors)
            yield Weighed(
                WeightChange(tuple(tensors), done * _BYTES, total * _BYTES, complete=done == total)
            )


def _changed(layer: int, module: str, relative: float) -> TensorChange:
    return TensorChange(
        name=f"model.layers.{layer}.{module}.weight",
        layer=layer,
        module=module,
        shape=(2048, 2048),
        dtype="BF16",
        distance=40 * relative,
        norm=40.0,
        norm_after=40.0,
        cosine=1 - relative**2 / 2,
        largest=relative / 10,
        changed=0.98 if relative > 0.01 else 0.4,
    )
