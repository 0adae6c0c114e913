"""Models behind a server in the place of folders: what is checked, opened and said of them.

The key comes from the environment and stays in the process that asks. What a remote model answers
is never remembered on disk: its weights can change behind its name. HTTP is imported when a server
is first asked. Does not know how a server is talked to.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

import msgspec

from attribution.endpoint.address import Address, parse
from attribution.endpoint.key import from_environment
from attribution.errors import BadEndpoint, EndpointError
from attribution.scorer import Model
from unpact_tui.comparable import wraps
from unpact_tui.errors import BadUsage, EndpointUnusable
from unpact_tui.hub import locate
from unpact_tui.pretrained import open_tokenizer, silenced
from unpact_tui.remembered_model import bare
from unpact_tui.settings import Settings
from unpact_tui.worker.events import Loaded, Loading, Opened, Role, Step
from unpact_tui.worker.protocol import Open

if TYPE_CHECKING:
    from attribution.endpoint.model import EndpointModel
    from attribution.tokens import HFTokens, Tokenizer

REMOTE = "remote"
"""What is said of the precision and the device of a model elsewhere."""


def required(endpoint: str | None, model: str | None, base_model: str | None = None) -> str | None:
    """Return the address as it may be shown and kept; None where none is named.

    Raises `BadUsage`, `BadEndpoint`.
    """
    if endpoint is None:
        if model is not None or base_model is not None:
            raise BadUsage("--model and --base-model belong to --endpoint.", "Give --endpoint URL.")
        return None
    if not model:
        raise BadUsage("--endpoint needs --model.", "Give the name of the model on the server.")
    return parse(endpoint).url


def beside(
    order: Open, models: Mapping[Role, Model], told: Opened
) -> Generator[Step, None, tuple[dict[Role, Model], Opened]]:
    """Open the unlearned side on its server, beside local models that are open.

    Raises `EndpointUnusable`, `BadEndpoint`.
    """
    base = cast("HFTokens", bare(models["base"]))
    yield _loading("unlearned", order.model or "")
    own = getattr(base, "end", frozenset[int]())
    door, info, warnings = _open(
        order.endpoint or "", order.model or "", "unlearned", base.tokenizer, base.chat, own
    )
    local: dict[Role, Loaded] = {loaded.role: loaded for loaded in told.checkpoints}
    infos: dict[Role, Loaded] = {"base": local.pop("base"), "unlearned": info, **local}
    doors: dict[Role, Model] = {"base": models["base"], "unlearned": door, **models}
    told = msgspec.structs.replace(
        told, checkpoints=tuple(infos.values()), warnings=(*told.warnings, *warnings)
    )
    return doors, told


def pair(order: Open) -> Generator[Step, None, tuple[dict[Role, Model], Opened]]:
    """Open both sides on one server; `order.base` is a folder with their tokenizer.

    Raises `CheckpointError`, `BadUsage`, `BadEndpoint`.
    """
    if order.reference is not None:
        raise BadUsage("A reference needs a local base.", "Leave out --base-model, or --reference.")
    names: dict[Role, str] = {"base": order.base_model or "", "unlearned": order.model or ""}
    yield _loading("base", names["base"])
    tokenizer, chat = tokens_of(order.base, order.settings)
    doors: dict[Role, Model] = {}
    infos: list[Loaded] = []
    warnings: list[str] = []
    for role, name in names.items():
        yield _loading(role, name)
        doors[role], info, said = _open(order.endpoint or "", name, role, tokenizer, chat)
        infos.append(info)
        warnings += (one for one in said if one not in warnings)
    if names["base"] == names["unlearned"]:
        warnings.append("Base and unlearned are the same model on the server.")
    return doors, Opened(tuple(infos), chat, tuple(warnings))


def alone(
    endpoint: str, name: str, folder: str, settings: Settings
) -> tuple[EndpointModel, Loaded, list[str]]:
    """Open one model on a server; `folder` has its tokenizer. Raises as `pair` does."""
    tokenizer, chat = tokens_of(folder, settings)
    door, info, warnings = _open(endpoint, name, "base", tokenizer, chat)
    return door, info, list(warnings)


def tokens_of(path: str, settings: Settings) -> tuple[Tokenizer, bool]:
    """Return the tokenizer in a folder, and whether prompts are wrapped in its chat template.

    Raises `CheckpointError`, `BadUsage`.
    """
    trusted = settings.trust_remote_code
    folder, _ = locate(path, trust_remote_code=trusted)
    with silenced():
        tokenizer = open_tokenizer(Path(folder), trust_remote_code=trusted)
    return cast("Tokenizer", tokenizer), wraps(settings, folder, tokenizer)


def _open(
    endpoint: str,
    name: str,
    role: Role,
    tokenizer: Tokenizer,
    chat: bool,
    end: frozenset[int] = frozenset(),
) -> tuple[EndpointModel, Loaded, tuple[str, ...]]:
    """Return a door to a model on a server, its description, and what is to be said loudly."""
    from attribution.endpoint.client import Client
    from attribution.endpoint.model import EndpointModel

    address = parse(endpoint)
    key = from_environment(os.environ)
    door = EndpointModel(Client(address, key), name, tokenizer, chat=chat, end=end)
    try:
        notes = door.begin()
    except BadEndpoint:
        raise
    except EndpointError as error:
        raise EndpointUnusable(str(error), error.hint) from error
    warnings = [f"{name}: {note}." for note in notes]
    if key is not None:
        warnings += _overheard(address)
    info = Loaded(role, name, address.url, None, 0, 0, REMOTE, REMOTE, "")
    return door, info, tuple(warnings)


def _overheard(address: Address) -> list[str]:
    if address.encrypted or address.local:
        return []
    return [f"The key is sent to {address.url} unencrypted: everybody on the way can read it."]


def _loading(role: Role, name: str) -> Loading:
    return Loading(role, name, "asking the server", 0, 0, 0, 0)
