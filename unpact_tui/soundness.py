"""What must hold of a model that was loaded, and what is to be said of it.

Knows tensors and names, not how they were loaded.
"""
# torch's and transformers' annotations are incomplete.
# pyright: basic

from __future__ import annotations

from collections.abc import Generator, Set
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unpact_tui.adapters import stored_name
from unpact_tui.checkpoints import Checkpoint
from unpact_tui.errors import CheckpointError, NotFiniteWeights, Unreadable
from unpact_tui.safetensors_header import short

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def require_finite(
    model: PreTrainedModel, checkpoint: Checkpoint, foundation: Checkpoint, checked: Set[int]
) -> Generator[tuple[int, int]]:
    """Yield bytes checked and to check; parameters with the ids `checked` were looked at before.

    Raises `NotFiniteWeights` for the first tensor with NaN or infinity.
    """
    parameters = {n: tensor for n, tensor in model.named_parameters() if id(tensor) not in checked}
    total = sum(parameter.nbytes for parameter in parameters.values())
    done = 0
    for name, parameter in parameters.items():
        if not _is_finite(parameter):
            own = stored_name(name)
            path = foundation.path if own is None else checkpoint.path
            raise _not_finite(path, own or name, foundation, parameter.dtype)
        done += parameter.nbytes
        yield done, total


def _is_finite(parameter: torch.Tensor) -> bool:
    import torch

    # On the meta device lies what accelerate keeps elsewhere until it is used.
    if parameter.is_meta or not parameter.is_floating_point() or not parameter.numel():
        return True
    values = parameter.detach()
    if values.itemsize < 2:
        values = values.float()
    # One pass without a copy, unlike isfinite; NaN wins over every number in both.
    return all(bool(torch.isfinite(extreme)) for extreme in torch.aminmax(values))


def _not_finite(
    path: Path, name: str, foundation: Checkpoint, dtype: torch.dtype
) -> CheckpointError:
    stored = foundation.dtypes[0]
    if str(dtype) == "torch.float16" and stored != "float16":
        why = f"tensor {short(name)} holds numbers too large for float16, or infinity"
        return Unreadable(path, why, f"Try --dtype {stored}.")
    return NotFiniteWeights(path, short(name))


def misfits(
    checkpoint: Checkpoint, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase
) -> list[str]:
    """Return a warning of added ids without an embedding. Raises `Unreadable` for others."""
    embedding: Any = model.get_input_embeddings()
    rows = embedding.weight.shape[0]
    beyond = sorted(id for id in tokenizer.get_vocab().values() if id >= rows)
    if not beyond:
        return []
    added = set(tokenizer.added_tokens_decoder)
    if not added.issuperset(beyond):
        why = f"its tokenizer has ids up to {beyond[-1]}, its embedding only {rows} rows"
        raise Unreadable(checkpoint.path, why, "Copy the tokenizer that belongs to it.")
    names = ", ".join(repr(tokenizer.convert_ids_to_tokens(id)) for id in beyond[:3])
    return [f"{checkpoint.name} has no embedding for the added token {names}."]
