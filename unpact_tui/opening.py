"""From folders to models that may be compared, or one sentence that says why not.

All of them read text with the base's tokenizer, which is checked to be everybody's. With WHP the
unlearned side is a mixture of the base, in memory once, and a reinforced model.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from typing import TYPE_CHECKING, cast

import msgspec

from attribution.scorer import Model
from unpact_tui import checkpoints, tokenizer_difference
from unpact_tui.checkpoints import Checkpoint
from unpact_tui.errors import BadUsage, TokenizersDiffer
from unpact_tui.loading import load
from unpact_tui.settings import Settings
from unpact_tui.worker.events import Loaded, Opened, Role, Step
from unpact_tui.worker.protocol import Open

if TYPE_CHECKING:
    from attribution.tokens import Tokenizer
    from unpact_tui.loading import LoadedModel

_SMALL = 5_000_000
"""Parameters. On a busy machine the threads of a smaller model wait for each other longer than they
compute: 62 ms a step against 8 ms with one thread, on two cores under load."""


def open_models(
    order: Open, loaded: dict[Role, LoadedModel]
) -> Generator[Step, None, dict[Role, Model]]:
    """Load the checkpoints, check that they can be compared, and return them.

    `loaded` are those in memory: what can be used again stays, everything else leaves before
    anything is loaded, and what is loaded is put there. Raises `CheckpointError`, `BadUsage`,
    `NoDevice`, `ModelTooLarge`.
    """
    settings = order.settings
    found: dict[Role, Checkpoint] = {}
    for role, path in _paths(order):
        trusted = settings.trust_remote_code
        found[role] = checkpoints.read(path, role, trust_remote_code=trusted)
    for role in list(loaded):
        if role not in found or not _same(found[role], loaded[role]):
            del loaded[role]
    opened: dict[Role, LoadedModel] = {}
    for role, checkpoint in found.items():
        if role not in loaded:
            loaded[role] = yield from load(checkpoint, settings, base=found["base"])
        opened[role] = loaded[role]
        _require_same_tokenizer(opened["base"], opened[role])
    _calm_threads(opened)
    chat = _chat(settings, opened["base"])
    models: dict[Role, Model] = {}
    for role, model in opened.items():
        alpha = settings.whp_alpha if _is_mixture(order, role) else None
        models[role] = _door(model, opened["base"], chat=chat, alpha=alpha)
    yield Opened(
        checkpoints=tuple(_infos(order, opened)),
        chat=chat,
        warnings=tuple(_warnings(order, found, opened)),
    )
    return models


def _same(checkpoint: Checkpoint, loaded: LoadedModel) -> bool:
    """Whether what is in memory is what lies in the folder now."""
    info = loaded.info
    return (str(checkpoint.path), checkpoint.fingerprint) == (info.path, info.fingerprint)


def _paths(order: Open) -> Iterator[tuple[Role, str]]:
    yield "base", order.base
    yield "unlearned", order.second
    if order.reference is not None:
        yield "reference", order.reference


def _is_mixture(order: Open, role: Role) -> bool:
    return role == "unlearned" and order.whp is not None


def _require_same_tokenizer(base: LoadedModel, other: LoadedModel) -> None:
    found = tokenizer_difference.difference(base.tokenizer, other.tokenizer)
    if found is not None:
        raise TokenizersDiffer(base.info.path, other.info.path, found)


def _calm_threads(opened: Mapping[Role, LoadedModel]) -> None:
    """Compute small models on one thread."""
    import torch

    infos = [loaded.info for loaded in opened.values()]
    if all(info.device == "cpu" and info.parameters < _SMALL for info in infos):
        torch.set_num_threads(1)


def _chat(settings: Settings, base: LoadedModel) -> bool:
    has_template = bool(cast("Tokenizer", base.tokenizer).chat_template)
    if settings.chat and not has_template:
        raise BadUsage(f"{base.info.path} has no chat template.", "Leave out --chat.")
    return has_template if settings.chat is None else settings.chat


def _door(loaded: LoadedModel, base: LoadedModel, *, chat: bool, alpha: float | None) -> Model:
    """Return the model, or with an alpha the mixture of the base and it."""
    from attribution.hf import HFModel
    from attribution.whp import WHPModel

    tokenizer = cast("Tokenizer", base.tokenizer)
    if alpha is None:
        return HFModel(loaded.model, tokenizer, chat=chat)
    return WHPModel(base.model, loaded.model, tokenizer, alpha=alpha, chat=chat)


def _infos(order: Open, opened: Mapping[Role, LoadedModel]) -> Iterator[Loaded]:
    for role, loaded in opened.items():
        mixed = _is_mixture(order, role)
        yield msgspec.structs.replace(loaded.info, method="whp") if mixed else loaded.info


def _warnings(
    order: Open, found: Mapping[Role, Checkpoint], opened: Mapping[Role, LoadedModel]
) -> Iterator[str]:
    same = checkpoints.identical(found["base"], found["unlearned"])
    if same and order.whp is None:
        yield "These two checkpoints are byte-identical: nothing was unlearned."
    elif same:
        yield "The reinforced model and the base are byte-identical: WHP changes nothing."
    elif order.whp is not None and not order.settings.whp_alpha:
        yield "whp_alpha is 0: WHP changes nothing."
    base = opened["base"].tokenizer
    for loaded in opened.values():
        notes = (*loaded.warnings, *tokenizer_difference.warnings(base, loaded.tokenizer))
        yield from (f"{loaded.info.name}: {note}." for note in notes)
