"""From folders to models that may be compared, or one sentence that says why not.

All of them read text with the base's tokenizer, which is checked to be everybody's. What a second
checkpoint has in common with the base is in memory once. With WHP the unlearned side is a mixture
of the base, in memory once, and a reinforced model.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from attribution import estimators
from attribution.scorer import Model
from unpact_tui import checkpoints, remote
from unpact_tui.checkpoints import Checkpoint
from unpact_tui.comparable import identity, notes, paths, require_same_tokenizer, wraps_in_chat
from unpact_tui.doors import bare_doors, remembering, slow_ways
from unpact_tui.loading import foundation_of, load, reading
from unpact_tui.machine_facts import memory
from unpact_tui.model_identity import stamp
from unpact_tui.opening_in_turns import open_in_turns
from unpact_tui.settings import Settings
from unpact_tui.weight_reading import Ahead
from unpact_tui.worker.events import Loaded, Opened, Role, Step
from unpact_tui.worker.protocol import Open

if TYPE_CHECKING:
    from unpact_tui.cache import Store
    from unpact_tui.loading import LoadedModel

_SMALL = 5_000_000
"""Parameters. On a busy machine the threads of a smaller model wait for each other longer than they
compute: 62 ms a step against 8 ms with one thread, on two cores under load."""


def open_models(
    order: Open, loaded: dict[Role, LoadedModel], store: Store | None = None
) -> Generator[Step, None, tuple[dict[Role, Model], Opened]]:
    """Load the checkpoints, check that they can be compared, and return them described.

    `loaded` are those in memory: what can be used again stays, everything else leaves before
    anything is loaded, and what is loaded is put there. What the models answer is kept in `store`.
    A side that is behind a server is asked there, and its answers are not kept. Raises
    `CheckpointError`, `BadUsage`, `BadEndpoint`, `NoDevice`, `ModelTooLarge`.
    """
    if order.remote and order.base_model is not None:
        loaded.clear()
        return (yield from remote.pair(order))
    models, told = yield from _open_folders(order, loaded, store)
    if order.remote:
        models, told = yield from remote.beside(order, models, told)
    return models, told


def _open_folders(
    order: Open, loaded: dict[Role, LoadedModel], store: Store | None
) -> Generator[Step, None, tuple[dict[Role, Model], Opened]]:
    """Do it for what lies in folders."""
    found: dict[Role, Checkpoint] = {}
    for role, path in paths(order):
        trusted = order.settings.trust_remote_code
        found[role] = checkpoints.read(path, role, trust_remote_code=trusted)
    stamps: dict[Role, str] = {
        role: _stamp(checkpoint, found["base"], order) for role, checkpoint in found.items()
    }
    if order.settings.one_at_a_time:
        loaded.clear()
        turns, told = yield from open_in_turns(order, found, stamps)
        infos: dict[Role, Loaded] = {role: door.info for role, door in turns.items()}
        calm_threads(infos.values())
        return remembering(turns, infos, stamps, store, alpha=None), told
    _let_go(found, stamps, loaded)
    opened = yield from _loaded(found, stamps, loaded, order.settings)
    infos = {role: model.info for role, model in opened.items()}
    calm_threads(infos.values())
    base = opened["base"]
    chat = wraps_in_chat(order.settings, found["base"], base.tokenizer)
    alpha = None if order.whp is None else order.settings.whp_alpha
    doors = bare_doors(opened, chat=chat, alpha=alpha)
    changed = opened["unlearned"].changed if "unlearned" in opened else None
    warnings = [*identity(order, found, changed)]
    for role, model in opened.items():
        warnings += notes(found[role], model.warnings, base.tokenizer, model.tokenizer)
    warnings += slow_ways(opened, doors)
    told = Opened(tuple(_infos(order, opened)), chat, tuple(warnings))
    return remembering(doors, infos, stamps, store, alpha=alpha), told


def _stamp(checkpoint: Checkpoint, base: Checkpoint, order: Open) -> str:
    """Return what stands for a folder's content, and for that of what it is put onto."""
    foundation, _ = foundation_of(checkpoint, base, order.settings)
    return stamp([checkpoint, foundation])


def _let_go(
    found: Mapping[Role, Checkpoint],
    stamps: Mapping[Role, str],
    loaded: dict[Role, LoadedModel],
) -> None:
    """Let go of what is not what lies in the folder now, or cannot be used again."""
    for role in list(loaded):
        if role not in found or loaded[role].stamp != (str(found[role].path), stamps[role]):
            del loaded[role]
    for role in list(loaded):
        # What was put onto another base, or shares its weights, belongs to that.
        depends = found[role].adapter is not None or loaded[role].changed is not None
        if "base" not in loaded and depends:
            del loaded[role]


def _loaded(
    found: Mapping[Role, Checkpoint],
    stamps: Mapping[Role, str],
    loaded: dict[Role, LoadedModel],
    settings: Settings,
) -> Generator[Step, None, dict[Role, LoadedModel]]:
    """Load what is not there; while a model is built, the next one's files are read already."""
    opened: dict[Role, LoadedModel] = {}
    waiting: list[Role] = [role for role in found if role not in loaded]
    ahead = following = None
    try:
        for role, checkpoint in found.items():
            if role in waiting:
                later = waiting[waiting.index(role) + 1 :]
                following = _ahead(checkpoint, later, found, settings)
                ready = yield from load(
                    checkpoint,
                    settings,
                    base=found["base"],
                    beside=loaded.get("base"),
                    ahead=ahead,
                    meanwhile=following,
                )
                loaded[role] = replace(ready, stamp=(str(checkpoint.path), stamps[role]))
                ahead = following
            opened[role] = loaded[role]
            require_same_tokenizer(
                (found["base"], opened["base"].tokenizer), (checkpoint, opened[role].tokenizer)
            )
    finally:
        for reading_ahead in (ahead, following):
            if reading_ahead is not None:
                reading_ahead.stop()
    return opened


def _ahead(
    now: Checkpoint, later: Sequence[Role], found: Mapping[Role, Checkpoint], settings: Settings
) -> Ahead | None:
    """Return the reading of the next checkpoint, where there is memory for both."""
    following = found[later[0]] if later else None
    # An adapter is small, and where its base is is said when its turn comes.
    if following is None or following.adapter is not None:
        return None
    available = memory().available
    if available is None or available < now.bytes + following.bytes:
        return None
    return Ahead(partial(reading, following, following, found["base"], settings))


def _is_mixture(order: Open, role: Role) -> bool:
    return role == "unlearned" and order.whp is not None


def calm_threads(infos: Iterable[Loaded]) -> None:
    """Compute small models on one thread."""
    import torch

    if all(info.device == "cpu" and info.parameters < _SMALL for info in infos):
        torch.set_num_threads(1)


def _infos(order: Open, opened: Mapping[Role, LoadedModel]) -> Iterator[Loaded]:
    exact = estimators.is_exact(order.settings.estimator) and not order.settings.budget
    for role, loaded in opened.items():
        # Layers are computed once where base and unlearned are measured in turns, nowhere else.
        once = exact and role == "unlearned" and order.whp is None
        info = loaded.info if once else msgspec.structs.replace(loaded.info, shared_layers=0)
        mixed = _is_mixture(order, role)
        yield msgspec.structs.replace(info, method="whp") if mixed else info
