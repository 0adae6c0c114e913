"""Doors to loaded models: what two of them have in common is joined, and answers are remembered.

Does not know how a model was loaded.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, cast

from attribution.scorer import Model
from unpact_tui.model_identity import identity
from unpact_tui.pretrained import computing
from unpact_tui.remembered_model import RememberedModel
from unpact_tui.worker.events import Loaded, Role

if TYPE_CHECKING:
    from attribution.hf import HFModel
    from attribution.tokens import Tokenizer
    from unpact_tui.cache import Store
    from unpact_tui.loading import LoadedModel
    from unpact_tui.taking_turns import TurnModel


def bare_doors(
    opened: Mapping[Role, LoadedModel], *, chat: bool, alpha: float | None
) -> dict[Role, HFModel]:
    """Return a door to each model; with an alpha the unlearned side is a mixture with the base.

    All of them read text with the base's tokenizer.
    """
    from attribution.hf import HFModel
    from attribution.whp import WHPModel

    base = opened["base"]
    tokenizer = cast("Tokenizer", base.tokenizer)
    doors: dict[Role, HFModel] = {}
    for role, loaded in opened.items():
        with computing(loaded.info.path):
            if role == "unlearned" and alpha is not None:
                mixed = WHPModel(base.model, loaded.model, tokenizer, alpha=alpha, chat=chat)
                doors[role] = mixed
            else:
                doors[role] = HFModel(loaded.model, tokenizer, chat=chat)
    if alpha is None and "unlearned" in opened:
        _join(doors, opened["unlearned"].info.shared_layers)
    return doors


def _join(doors: Mapping[Role, HFModel], layers: int) -> None:
    """Have the leading layers that base and unlearned share computed once for both."""
    from attribution.prefix import Prefix
    from attribution.trunk import Trunk, decoder_layers

    base, unlearned = doors["base"], doors["unlearned"]
    known = decoder_layers(base.model) is not None and decoder_layers(unlearned.model) is not None
    if layers and known:
        trunk: Trunk[Prefix] = Trunk(base.model, unlearned.model, layers)
        base.network.trunk = unlearned.network.trunk = trunk


def slow_ways(opened: Mapping[Role, LoadedModel], doors: Mapping[Role, HFModel]) -> Iterator[str]:
    """Say which models have to read every row whole."""
    for role, door in doors.items():
        with computing(opened[role].info.path):
            why = door.prove()
        if why:
            yield f"{opened[role].info.name}: read whole for every removal, which is slower: {why}."


def remembering(
    doors: Mapping[Role, HFModel] | Mapping[Role, TurnModel],
    infos: Mapping[Role, Loaded],
    stamps: Mapping[Role, str],
    store: Store | None,
    *,
    alpha: float | None,
) -> dict[Role, Model]:
    """Return the doors behind memory, where there is a cache."""
    if store is None:
        return dict(doors)
    found: dict[Role, Model] = {}
    for role, door in doors.items():
        # The base's tokenizer says for all where an answer ends, and half of a mixture is the base.
        sides: list[Role] = list(dict.fromkeys(("base", role)))
        mixed = role == "unlearned" and alpha is not None
        name = identity(
            [stamps[side] for side in sides],
            [infos[side] for side in sides],
            alpha=alpha if mixed else None,
        )
        found[role] = RememberedModel(door, store, name)
    return found
