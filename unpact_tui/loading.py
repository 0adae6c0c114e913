"""Loads a checkpoint into memory and says how far it is.

The files are first read once from end to end, which is what takes the time and can be counted; then
transformers builds the model from what the system still has in memory. Beside a base of the same
architecture only what differs is loaded: the rest is the base's own. torch, transformers and peft
are imported when loading begins. Does not know what the model is used for.
"""
# torch's and transformers' annotations are incomplete.
# pyright: basic

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from unpact_tui import sharing
from unpact_tui.adapters import apply_adapter, names_of_its_own
from unpact_tui.checkpoints import Checkpoint, read
from unpact_tui.devices import choose_device, choose_dtype, fits
from unpact_tui.errors import CheckpointError, NotACheckpoint
from unpact_tui.mapped_files import Watch
from unpact_tui.pretrained import (
    Placement,
    attempt,
    open_model,
    open_tokenizer,
    silenced,
    write_as_in,
)
from unpact_tui.safetensors_header import short
from unpact_tui.same_weights import tensors
from unpact_tui.settings import Settings
from unpact_tui.shareable import PADDING, WRITING, alike, leaves_its_base_alone
from unpact_tui.soundness import misfits, require_finite
from unpact_tui.weight_reading import Ahead, Reading, read_beside
from unpact_tui.weight_reading import read as read_files
from unpact_tui.worker.events import Loaded, Loading

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

_SAID = 32 << 20
"""Bytes between two signs of life."""

_WORTH = 0.1
"""With less of a checkpoint shared than this, transformers loads it whole, which is quicker."""

_Steps = Generator[Loading, None, "PreTrainedModel"]


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model that is ready, with its tokenizer.

    Its parameters may be another model's as well: they must never be changed in place.
    """

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    info: Loaded
    warnings: tuple[str, ...]
    """Worth showing loudly."""
    changed: frozenset[str] | None = None
    """The tensors whose bytes are not the base's; None where they were not compared."""
    stamp: tuple[str, str] = ("", "")
    """Where it lay and what stood for it (`model_identity.stamp`) before it was read."""


def load(
    checkpoint: Checkpoint,
    settings: Settings,
    *,
    base: Checkpoint | None = None,
    beside: LoadedModel | None = None,
    ahead: Ahead | None = None,
    meanwhile: Ahead | None = None,
) -> Generator[Loading, None, LoadedModel]:
    """Load `checkpoint` and return it.

    An adapter is put onto `base`, or where its own configuration says. With `beside`, the model of
    `base`, the weights that are the same are shared. `ahead` is this checkpoint's reading where it
    has begun, `meanwhile` another's, which is started when this one is read. Raises
    `CheckpointError`, `NoDevice`, `ModelTooLarge`.
    """
    yield _event(checkpoint, "importing torch")
    with silenced():
        foundation, notes = foundation_of(checkpoint, base, settings)
        placement = _placement(foundation, settings)
    if base is None or beside is None:
        base = beside = None
    watch = Watch(shard.path for shard in (*foundation.shards, *checkpoint.shards))
    changed = yield from _reading(checkpoint, foundation, base, ahead, settings)
    if meanwhile is not None:
        meanwhile.start()
    yield _event(checkpoint, "building the model")
    model = yield from _model(checkpoint, foundation, placement, settings, base, beside, changed)
    with silenced():
        folder = checkpoint.path if checkpoint.has_tokenizer else foundation.path
        tokenizer = open_tokenizer(folder, trust_remote_code=settings.trust_remote_code)
    shared = sharing.shared(model, beside and beside.model)
    yield from _spoken(
        checkpoint, "checking weights", require_finite(model, checkpoint, foundation, shared)
    )
    notes += misfits(checkpoint, model, tokenizer)
    watch.attach(model)
    info = _info(checkpoint, model, beside)
    yield _event(checkpoint, "ready", info.bytes, info.bytes)
    return LoadedModel(model, tokenizer, info, tuple(notes), changed)


def _event(
    checkpoint: Checkpoint,
    stage: str,
    done: int = 0,
    total: int = 0,
    shard: int = 0,
    shards: int = 0,
) -> Loading:
    return Loading(checkpoint.role, checkpoint.name, stage, done, total, shard, shards)


def foundation_of(
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
        # A file names it, not a person: it is never fetched.
        trust = settings.trust_remote_code
        foundation = read(adapter.base, checkpoint.role, trust_remote_code=trust, fetch=False)
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


def reading(
    checkpoint: Checkpoint, foundation: Checkpoint, base: Checkpoint | None, settings: Settings
) -> Reading:
    """Return how the files are to be read: beside the base's, where weights may be shared."""
    if checkpoint.adapter is not None:
        return read_files((*(() if foundation is base else foundation.shards), *checkpoint.shards))
    trust = settings.trust_remote_code
    if base is not None and alike(base, checkpoint, trust_remote_code=trust):
        return read_beside(checkpoint.shards, base.shards)
    return read_files(checkpoint.shards)


def _reading(
    checkpoint: Checkpoint,
    foundation: Checkpoint,
    base: Checkpoint | None,
    ahead: Ahead | None,
    settings: Settings,
) -> Generator[Loading, None, frozenset[str] | None]:
    """Bring the files into memory; return which tensors are not the base's."""
    steps = ahead.finish() if ahead else reading(checkpoint, foundation, base, settings)
    while True:
        try:
            at = next(steps)
        except StopIteration as end:
            return end.value
        yield _event(checkpoint, "reading weights", at.done, at.total, at.shard, at.shards)


def _spoken(
    checkpoint: Checkpoint, stage: str, steps: Generator[tuple[int, int]]
) -> Generator[Loading]:
    """Say how far steps are, now and then."""
    said = 0
    for done, total in steps:
        if done - said >= _SAID or done == total:
            said = done
            yield _event(checkpoint, stage, done, total)


def _model(
    checkpoint: Checkpoint,
    foundation: Checkpoint,
    placement: Placement,
    settings: Settings,
    base: Checkpoint | None,
    beside: LoadedModel | None,
    changed: frozenset[str] | None,
) -> _Steps:
    model: PreTrainedModel | None = None
    # Whatever goes wrong here goes wrong below as well, with a sentence, or not at all.
    with attempt():
        if beside is None or base is None:
            pass
        elif checkpoint.adapter is not None:
            model = _foundation_twin(checkpoint, foundation, base, beside)
        elif changed is not None:
            model = yield from _changed_twin(checkpoint, base, beside, changed)
    with silenced():
        if model is None:
            trust = settings.trust_remote_code
            model = open_model(foundation.path, foundation.name, placement, trust_remote_code=trust)
        if checkpoint.adapter is not None:
            model = apply_adapter(model, checkpoint, foundation.name, placement)
    return model


def _foundation_twin(
    adapter: Checkpoint, foundation: Checkpoint, base: Checkpoint, beside: LoadedModel
) -> PreTrainedModel | None:
    """Return a twin of the base for an adapter to be put onto; None where that is not safe."""
    if foundation is not base or not leaves_its_base_alone(adapter):
        return None
    model = sharing.twin(beside.model)
    if model is not None:
        sharing.own_copies(model, names_of_its_own(adapter))
    return model


def _changed_twin(
    checkpoint: Checkpoint, base: Checkpoint, beside: LoadedModel, changed: frozenset[str]
) -> Generator[Loading, None, PreTrainedModel | None]:
    """Return a twin of the base with what `changed`; None where that is not safe or not worth it.

    None as well where anything is not as expected: then everything is loaded.
    """
    ours, theirs = (tensors([s.path for s in side.shards]) for side in (base, checkpoint))
    total = sum(theirs[name][1].bytes for name in changed)
    if total > (1 - _WORTH) * checkpoint.bytes:
        return None
    model = sharing.twin(beside.model)
    if model is None:
        return None
    steps, done = sharing.put_in(model, ours, theirs, changed), 0
    while True:
        try:
            done += next(steps)
        except StopIteration as end:
            whole = end.value
            break
        yield _event(checkpoint, "building the model", done, total)
    if not whole:
        return None
    with silenced():
        write_as_in(checkpoint.path, model, (*WRITING, PADDING))
    return model


def _info(checkpoint: Checkpoint, model: PreTrainedModel, beside: LoadedModel | None) -> Loaded:
    parameters = list(model.parameters())
    devices = sorted({str(parameter.device) for parameter in parameters})
    base = beside.model if beside else None
    shared = sharing.shared(model, base)
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
        shared_bytes=sum(tensor.nbytes for tensor in parameters if id(tensor) in shared),
        shared_layers=sharing.leading_layers(model, base) if base else 0,
    )
