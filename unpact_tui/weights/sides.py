"""The two sides of a comparison: which tensors each has, and where they lie.

Asks for less than `checkpoints` does: weights are compared without a tokenizer, and no code of a
checkpoint's own is needed. Reads headers, no tensor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import msgspec

from unpact_tui.errors import NotACheckpoint
from unpact_tui.hub import locate
from unpact_tui.regular_files import converted, is_file, read_json
from unpact_tui.safetensors_header import Header, Tensor, short
from unpact_tui.weight_files import adapter_headers, model_headers

ADAPTER_CONFIG = "adapter_config.json"

_SMALL = 10_000_000
"""Bytes; no configuration is longer."""


class Located(Protocol):
    """A checkpoint that was found already."""

    @property
    def name(self) -> str:
        """To be shown."""
        ...

    @property
    def path(self) -> Path:
        """Its folder."""
        ...


Source = Located | Path | str
"""A checkpoint that was found already, its folder, or its name on the hub."""


@dataclass(frozen=True, slots=True)
class Place:
    """A tensor and the file it is in."""

    path: Path
    tensor: Tensor


class LoraConfig(msgspec.Struct, frozen=True):
    """What an adapter's configuration says about the strength and the form of its additions."""

    peft_type: str
    r: int = 8
    lora_alpha: float = 8
    use_rslora: bool = False
    use_dora: bool = False
    fan_in_fan_out: bool = False
    alpha_pattern: dict[str, float] | None = None


@dataclass(frozen=True, slots=True)
class Side:
    """One folder of weights."""

    name: str
    path: Path
    places: Mapping[str, Place]
    lora: LoraConfig | None = None
    """Of an adapter."""


def base_side(source: Source) -> Side:
    """Read the headers of a whole model. Raises every `CheckpointError` of its files."""
    side = second_side(source)
    if side.lora is not None:
        raise NotACheckpoint(
            side.path, "it is an adapter", "Give the model it was trained on as BASE."
        )
    return side


def second_side(source: Source) -> Side:
    """Read the headers of a whole model or a LoRA adapter. Raises as `base_side` does."""
    if isinstance(source, str | Path):
        folder, name = locate(source)
    else:
        folder, name = source.path, source.name
    if is_file(folder / ADAPTER_CONFIG):
        return Side(name, folder, _places(adapter_headers(folder)), _lora(folder))
    return Side(name, folder, _places(model_headers(folder)))


def _places(headers: Sequence[Header]) -> dict[str, Place]:
    return {
        tensor.name: Place(header.path, tensor) for header in headers for tensor in header.tensors
    }


def _lora(folder: Path) -> LoraConfig:
    path = folder / ADAPTER_CONFIG
    why = "it does not say how its additions are scaled"
    config = converted(path, read_json(path, _SMALL), LoraConfig, why)
    kind = "DoRA" if config.use_dora else short(config.peft_type)
    if kind != "LORA":
        raise NotACheckpoint(
            folder,
            f"what an adapter of the kind {kind} changes is not known from its weights alone",
            "Merge it into its base and compare the result. LoRA adapters can be compared as is.",
        )
    return config
