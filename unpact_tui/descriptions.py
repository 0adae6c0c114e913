"""Reads the configuration of a checkpoint or an adapter, and refuses what must not be opened by it.

What is refused here would run code, fetch something, change how words are counted, or have a
library build what no file can hold. Knows neither weights nor torch.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import msgspec

from attribution.plausible import absurd
from unpact_tui.errors import NotACheckpoint, RemoteCode, Unreadable
from unpact_tui.regular_files import converted, read_json
from unpact_tui.safetensors_header import short

CONFIG = "config.json"
ADAPTER_CONFIG = "adapter_config.json"

_ADAPTERS = frozenset({"LORA", "ADALORA", "LOHA", "LOKR", "IA3", "OFT", "BOFT", "VERA"})
"""Kinds that change what the layers compute; those that put virtual tokens before the prompt would
shift every position."""

_SMALL = 10_000_000
"""Bytes; no configuration is longer."""

_KERNELS = frozenset(
    (
        "attn_implementation",
        "experts_implementation",
        "_attn_implementation",
        "_attn_implementation_internal",
        "_experts_implementation_internal",
    )
)
"""Fields that may name compiled code on the hub, which transformers then fetches and runs."""

_REPEATED = 1000
"""Layers that an adapter may ask for, and rounds in which it may prepare itself."""
_ROUNDS = re.compile(r"_niter_(\d+)")


class ModelConfig(msgspec.Struct, frozen=True):
    """What is asked of a model's configuration."""

    model_type: str
    architectures: list[str] | None = None
    auto_map: dict[str, object] | None = None
    transformers_weights: object = None


class AdapterConfig(msgspec.Struct, frozen=True):
    """What is asked of an adapter's."""

    peft_type: str
    base_model_name_or_path: str | None = None
    task_type: str | None = None
    megatron_config: object = None
    alora_invocation_tokens: object = None
    init_lora_weights: object = None
    layer_replication: list[tuple[int, int]] | None = None


def model_config(folder: Path, *, trust_remote_code: bool) -> ModelConfig:
    """Return what a model says of itself. Raises `Unreadable`, `RemoteCode`."""
    path = folder / CONFIG
    fields = read_json(path, _SMALL)
    config = converted(path, fields, ModelConfig, "it does not say which model_type it is")
    if config.transformers_weights is not None:
        raise Unreadable(path, "its transformers_weights names a weight file of its own choice")
    if why := absurd(fields):
        raise Unreadable(path, why)
    foreign = config.auto_map and not _is_built_in(config.model_type)
    if (foreign or _names_kernels(fields)) and not trust_remote_code:
        raise RemoteCode(folder)
    return config


def adapter_config(folder: Path) -> AdapterConfig:
    """Return what an adapter says of itself. Raises `Unreadable`, `NotACheckpoint`."""
    path = folder / ADAPTER_CONFIG
    fields = read_json(path, _SMALL)
    config = converted(path, fields, AdapterConfig, "it does not say which peft_type it is")
    if kind := _unsupported(config):
        known = ", ".join(sorted(_ADAPTERS))
        raise NotACheckpoint(
            folder,
            f"adapters of the kind {kind} are not supported",
            f"Merge it into its base first. These can be read: {known}.",
        )
    repeated = sum(end - start for start, end in config.layer_replication or ())
    rounds = _ROUNDS.search(str(config.init_lora_weights))
    if repeated > _REPEATED or (rounds and len(rounds[1].lstrip("0")) > 3):
        raise Unreadable(path, "it asks for more layers or rounds than anybody needs")
    if why := absurd(fields):
        raise Unreadable(path, why)
    return config


def _unsupported(config: AdapterConfig) -> str | None:
    if config.megatron_config is not None:
        return "Megatron"  # peft would import whatever Python module the folder names
    if config.alora_invocation_tokens is not None:
        return "aLoRA"  # switched on by words of the prompt, so removing words switches it off
    if config.task_type not in (None, "CAUSAL_LM"):
        return short(config.task_type)
    return None if config.peft_type in _ADAPTERS else short(config.peft_type)


def _names_kernels(fields: Mapping[str, object]) -> bool:
    waiting: list[Mapping[str, object]] = [fields]
    while waiting:
        for name, value in waiting.pop().items():
            if name in _KERNELS and "/" in str(value):
                return True
            if isinstance(value, dict):
                waiting.append(cast("dict[str, object]", value))
    return False


def _is_built_in(model_type: str) -> bool:
    """Tell whether transformers brings the architecture, without importing it.

    Many checkpoints name code of their own from before transformers had it: it is not needed.
    """
    package = importlib.util.find_spec("transformers")
    folder = model_type.replace("-", "_")
    if package is None or package.origin is None or not folder.isidentifier():
        return False
    try:
        return (Path(package.origin).parent / "models" / folder).is_dir()
    except OSError:
        return False  # no folder can have such a name
