"""Puts an adapter onto a model that nobody else uses: loaded for it alone, or a base's twin.

The adapter is not merged: adding its product to the weights and rounding the sum to the model's
precision changes the answers, and small updates, as unlearning leaves them, can vanish. What comes
back is the transformers model itself with the adapter inside its layers, so it generates like any
other. A twin's weights are the base's own, which nothing here writes to. Does not know how the
model was loaded.
"""
# peft's annotations are incomplete.
# pyright: basic

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from attribution.plausible import Refuse, built_within
from unpact_tui import safetensors_header
from unpact_tui.adapter_patterns import require_quick
from unpact_tui.checkpoints import Checkpoint
from unpact_tui.errors import UnpactError, Unreadable
from unpact_tui.foreign import Foreign
from unpact_tui.pretrained import BROKEN, MODULES, Placement, failure
from unpact_tui.safetensors_header import Tensor, short

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_NAME = ".default"
"""What peft puts into the names of an adapter's tensors while it is in a model."""

_WRAPPER = "base_model.model."
"""What peft puts before the names of the model it wraps."""

_RESIZED = "It was trained with a vocabulary of another size: merge it into its base first."


def apply_adapter(
    model: PreTrainedModel, checkpoint: Checkpoint, base: str, placement: Placement
) -> PreTrainedModel:
    """Return `model`, loaded from `base`, with the adapter inside.

    Raises `Unreadable`, `ModelTooLarge`.
    """
    from peft import PeftModel, get_peft_model_state_dict

    def translate(error: BaseException) -> UnpactError:
        found = failure(error, checkpoint.path, checkpoint.name, placement)
        if not isinstance(found, Unreadable):
            return found
        resized = "size mismatch" in str(error) and "embed" in str(error)
        way_on = _RESIZED if resized else _hint(checkpoint)
        return Unreadable(checkpoint.path, f"it does not fit {base}", way_on)

    require_quick(checkpoint.path, [name for name, _ in model.named_modules()])
    stored = [tensor.elements for tensor in _tensors(checkpoint)]
    with Foreign(translate, BROKEN, MODULES), built_within(stored, _refusal(checkpoint)):
        adapted = PeftModel.from_pretrained(
            model, str(checkpoint.path), is_trainable=False, torch_device=str(model.device)
        )
    wanted = set(get_peft_model_state_dict(adapted, save_embedding_layers=False))
    _require_whole(checkpoint, wanted, set(adapted.state_dict()))
    inner: Any = adapted.get_base_model()
    return inner.eval().requires_grad_(False)


def names_of_its_own(checkpoint: Checkpoint) -> frozenset[str]:
    """Return the base's names for the weights that an adapter brings whole: peft copies those into
    the model's. Raises `Unreadable`."""
    return frozenset(
        name.removeprefix(_WRAPPER).replace(".base_layer.", ".") for name in _stored(checkpoint)
    )


def _stored(checkpoint: Checkpoint) -> set[str]:
    return {tensor.name for tensor in _tensors(checkpoint)}


def _tensors(checkpoint: Checkpoint) -> Iterator[Tensor]:
    for shard in checkpoint.shards:
        yield from safetensors_header.read(shard.path).tensors


def _refusal(checkpoint: Checkpoint) -> Refuse:
    return lambda why: Unreadable(checkpoint.path, why)


def _require_whole(checkpoint: Checkpoint, wanted: set[str], places: set[str]) -> None:
    """Compare names: peft only warns, and leaves a layer as if it had never been trained."""
    stored = _stored(checkpoint)
    for name in sorted(wanted - stored):
        raise Unreadable(checkpoint.path, f"tensor {short(name)} is missing")
    # An adapter may bring whole layers, such as resized embeddings, under the base's own names.
    for name in sorted(stored - wanted - places):
        why = f"tensor {short(name)} has no place in its base"
        raise Unreadable(checkpoint.path, why, _hint(checkpoint))


def _hint(checkpoint: Checkpoint) -> str:
    base = checkpoint.adapter.base if checkpoint.adapter else ""
    return f"The adapter was made for {short(base)}; give that as BASE." if base else ""


def stored_name(parameter: str) -> str | None:
    """Return the name in the adapter's file, or None when the parameter is the base's own."""
    return parameter.replace(_NAME, "", 1) if _NAME in parameter else None
