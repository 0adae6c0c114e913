"""Loads a checkpoint into memory and says how far it is.

The files are first read once from end to end, which is what takes the time and can be counted; then
transformers builds the model from what the system still has in memory. torch, transformers and peft
are imported when loading begins. Does not know what the model is used for.
"""
# torch's and transformers' annotations are incomplete.
# pyright: basic

from __future__ import annotations

import os
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unpact_tui.adapters import apply_adapter, stored_name
from unpact_tui.checkpoints import Checkpoint, read
from unpact_tui.devices import choose_device, choose_dtype, fits
from unpact_tui.errors import (
    CheckpointError,
    NotACheckpoint,
    NotFiniteWeights,
    Unreadable,
)
from unpact_tui.pretrained import Placement, open_model, open_tokenizer, silenced
from unpact_tui.regular_files import opened
from unpact_tui.safetensors_header import short
from unpact_tui.settings import Settings
from unpact_tui.worker.events import Loaded, Loading

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_CHUNK = 32 << 20
"""Bytes between two signs of life."""


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model that is ready, with its tokenizer."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    info: Loaded
    warnings: tuple[str, ...]
    """Worth showing loudly."""


def load(
    checkpoint: Checkpoint, settings: Settings, *, base: Checkpoint | None = None
) -> Generator[Loading, None, LoadedModel]:
    """Load `checkpoint` and return it; an adapter is put onto a copy of `base` of its own.

    Without a base, an adapter's own configuration says where it is. Raises `CheckpointError`,
    `NoDevice`, `ModelTooLarge`.
    """
    yield _event(checkpoint, "importing torch")
    with silenced():
        foundation, notes = _foundation(checkpoint, base, settings)
        placement = _placement(foundation, settings)
    yield from _read_ahead(checkpoint, foundation)
    yield _event(checkpoint, "building the model")
    with silenced():
        model = _model(checkpoint, foundation, placement, settings)
        tokenizer = open_tokenizer(
            checkpoint.path if checkpoint.has_tokenizer else foundation.path,
            trust_remote_code=settings.trust_remote_code,
        )
    yield from _require_finite(model, checkpoint, foundation)
    notes += _fit(checkpoint, model, tokenizer)
    info = _info(checkpoint, model)
    yield _event(checkpoint, "ready", info.bytes, info.bytes)
    return LoadedModel(model, tokenizer, info, tuple(notes))


def _event(
    checkpoint: Checkpoint,
    stage: str,
    done: int = 0,
    total: int = 0,
    shard: int = 0,
    shards: int = 0,
) -> Loading:
    return Loading(checkpoint.role, checkpoint.name, stage, done, total, shard, shards)


def _foundation(
    checkpoint: Checkpoint, base: Checkpoint | None, settings: Settings
) -> tuple[Checkpoint, list[str]]:
    """Return where the weights are: the checkpoint itself, or the model its adapter is for."""
    adapter = checkpoint.adapter
    if adapter is None:
        return checkpoint, []
    if base is not None and base.adapter is None:
        same = Path(adapter.base).name in (Path(base.name).name, base.path.name)
        note = f"{checkpoint.name} was trained on {adapter.base}; here it is put onto {base.name}."
        return base, [] if same or not adapter.base else [note]
    if not adapter.base:
        raise NotACheckpoint(checkpoint.path, "it is an adapter that does not name its base")
    try:
        foundation = read(
            adapter.base, checkpoint.role, trust_remote_code=settings.trust_remote_code
        )
    except CheckpointError as error:
        why = f"it is an adapter, and its base {short(adapter.base)} cannot be used"
        raise NotACheckpoint(checkpoint.path, why, f"{error} {error.hint}") from error
    if foundation.adapter is not None:
        raise NotACheckpoint(checkpoint.path, "it is an adapter for another adapter")
    return foundation, []


def _placement(foundation: Checkpoint, settings: Settings) -> Placement:
    device = choose_device(settings.device)
    dtype = choose_dtype(settings.dtype, foundation.dtypes)
    needed = foundation.parameters * dtype.itemsize if dtype else foundation.bytes
    # Whoever names one card wants that card and no other.
    spread = settings.device in ("auto", "cuda") and not fits(device, needed)
    return Placement(device, dtype, spread, needed)


def _read_ahead(checkpoint: Checkpoint, foundation: Checkpoint) -> Generator[Loading]:
    """Bring the files into memory. Raises `Unreadable` where one changed meanwhile."""
    own = checkpoint.shards if checkpoint.adapter else ()
    shards = foundation.shards + own
    total = sum(shard.bytes for shard in shards)
    buffer = memoryview(bytearray(min(_CHUNK, total)))
    done = 0
    for number, shard in enumerate(shards, start=1):
        with opened(shard.path) as file:
            if os.fstat(file.fileno()).st_size != shard.bytes:
                raise Unreadable(shard.path, "it changed while it was being read", "Try again.")
            while count := file.readinto(buffer):
                done += count
                yield _event(checkpoint, "reading weights", done, total, number, len(shards))


def _model(
    checkpoint: Checkpoint, foundation: Checkpoint, placement: Placement, settings: Settings
) -> PreTrainedModel:
    trust = settings.trust_remote_code
    model = open_model(foundation.path, foundation.name, placement, trust_remote_code=trust)
    if checkpoint.adapter is None:
        return model
    return apply_adapter(model, checkpoint, foundation.name, placement)


def _require_finite(
    model: PreTrainedModel, checkpoint: Checkpoint, foundation: Checkpoint
) -> Generator[Loading]:
    """Raise `NotFiniteWeights` for the first tensor with NaN or infinity."""
    parameters = dict(model.named_parameters())
    total = sum(parameter.nbytes for parameter in parameters.values())
    done = said = 0
    for name, parameter in parameters.items():
        if not _is_finite(parameter):
            own = stored_name(name)
            path = foundation.path if own is None else checkpoint.path
            raise _not_finite(path, own or name, foundation, parameter.dtype)
        done += parameter.nbytes
        if done - said >= _CHUNK or done == total:
            said = done
            yield _event(checkpoint, "checking weights", done, total)


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


def _fit(
    checkpoint: Checkpoint, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase
) -> list[str]:
    """Warn of added ids without an embedding. Raises `Unreadable` for others."""
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


def _info(checkpoint: Checkpoint, model: PreTrainedModel) -> Loaded:
    parameters = list(model.parameters())
    devices = sorted({str(parameter.device) for parameter in parameters})
    return Loaded(
        role=checkpoint.role,
        name=checkpoint.name,
        path=str(checkpoint.path),
        method=checkpoint.method,
        parameters=sum(parameter.numel() for parameter in parameters),
        bytes=sum(parameter.nbytes for parameter in parameters),
        dtype=str(model.dtype).removeprefix("torch."),
        device=", ".join(devices),
        fingerprint=checkpoint.fingerprint,
    )
