"""Opens checkpoints that do not fit into memory together: one model is held at a time.

Everything that can be checked without weights is checked at once; the others' weights are read
when their first turn comes.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from functools import partial
from typing import TYPE_CHECKING, cast

from unpact_tui.checkpoints import Checkpoint
from unpact_tui.comparable import identity, notes, require_same_tokenizer, wraps_in_chat
from unpact_tui.devices import choose_dtype
from unpact_tui.errors import BadUsage, Unreadable
from unpact_tui.loading import LoadedModel, foundation_of, load
from unpact_tui.model_identity import stamp
from unpact_tui.pretrained import computing, open_tokenizer, silenced
from unpact_tui.settings import Settings
from unpact_tui.taking_turns import Load, TurnModel, Turns
from unpact_tui.worker.events import Loaded, Loading, Opened, Role, Step
from unpact_tui.worker.protocol import Open

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from attribution.tokens import Tokenizer


def open_in_turns(
    order: Open, found: Mapping[Role, Checkpoint], stamps: Mapping[Role, str]
) -> Generator[Step, None, tuple[dict[Role, TurnModel], Opened]]:
    """Check what was found, load the base, and return doors that load when they are asked.

    `stamps` stand for what lies in the folders now: what has changed is not loaded again.

    Raises what `open_models` raises.
    """
    if order.whp is not None:
        raise BadUsage(
            "WHP asks two models for every token.", "Leave out --one-at-a-time, or --whp."
        )
    settings, base = order.settings, found["base"]
    yield Loading("base", base.name, "importing torch", 0, 0, 0, 0)
    tokenizers: dict[Role, PreTrainedTokenizerBase] = {}
    foundations: dict[Role, Checkpoint] = {}
    warnings: list[str] = []
    with silenced():
        for role, checkpoint in found.items():
            foundations[role], own = foundation_of(checkpoint, base, settings)
            tokenizers[role] = _tokenizer(checkpoint, foundations[role], settings)
            require_same_tokenizer((base, tokenizers["base"]), (checkpoint, tokenizers[role]))
            warnings += notes(checkpoint, tuple(own), tokenizers["base"], tokenizers[role])
    tokenizer = cast("Tokenizer", tokenizers["base"])
    chat = wraps_in_chat(settings, base, tokenizers["base"])
    loads: dict[Role, Load] = {
        role: partial(_load, checkpoint, foundations[role], stamps[role], settings, base)
        for role, checkpoint in found.items()
    }
    turns = Turns(loads, tokenizer, chat=chat)
    seen = yield from turns.begin("base")
    with computing(seen.path):
        turns.model("base").prove()
    doors: dict[Role, TurnModel] = {}
    for role, checkpoint in found.items():
        info = _expected(checkpoint, foundations[role], seen, settings)
        doors[role] = TurnModel(turns, role, info, tokenizer, chat=chat)
    warnings = [*identity(order, found, None), *warnings]
    return doors, Opened(tuple(door.info for door in doors.values()), chat, tuple(warnings))


def _tokenizer(
    checkpoint: Checkpoint, foundation: Checkpoint, settings: Settings
) -> PreTrainedTokenizerBase:
    folder = checkpoint if checkpoint.has_tokenizer else foundation
    return open_tokenizer(folder.path, trust_remote_code=settings.trust_remote_code)


def _load(
    checkpoint: Checkpoint, foundation: Checkpoint, known: str, settings: Settings, base: Checkpoint
) -> Generator[Loading, None, LoadedModel]:
    """Load what is still the same. Raises `Unreadable` and what `load` raises."""
    if stamp([checkpoint, foundation]) != known:
        raise Unreadable(checkpoint.path, "it has changed since it was opened", "Open it again.")
    return (yield from load(checkpoint, settings, base=base))


def _expected(
    checkpoint: Checkpoint, foundation: Checkpoint, base: Loaded, settings: Settings
) -> Loaded:
    """Describe a model by the headers of its files, as far as the base does not."""
    if checkpoint.role == "base":
        return base
    dtype = choose_dtype(settings.dtype, foundation.dtypes)
    sides = {id(side): side for side in (checkpoint, foundation)}.values()
    parameters = sum(side.parameters for side in sides)
    size = parameters * dtype.itemsize if dtype else sum(side.bytes for side in sides)
    return Loaded(
        role=checkpoint.role,
        name=checkpoint.name,
        path=str(checkpoint.path),
        method=checkpoint.method,
        parameters=parameters,
        bytes=size,
        dtype=str(dtype).removeprefix("torch.") if dtype else base.dtype,
        device=base.device,
        fingerprint=checkpoint.fingerprint,
    )
