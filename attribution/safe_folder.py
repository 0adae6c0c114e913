"""What must hold of a folder before a library opens the model in it; nothing here imports torch.

Libraries read whatever a file names: pickles, files elsewhere, pipes, and models that no memory
holds. Does not know how a model is opened.
"""
# safetensors' annotations are incomplete.
# pyright: basic

from __future__ import annotations

import json
import math
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from attribution.errors import CannotOpen
from attribution.growing import grows
from attribution.plausible import absurd

_CONFIG, _TOKENIZER = "config.json", "tokenizer.json"
_SINGLE, _INDEX = "model.safetensors", "model.safetensors.index.json"
_LARGEST = 100_000_000
"""Bytes of a JSON file; the largest public one has a third of this."""


def require_harmless(folder: Path) -> None:
    """Raise `CannotOpen` for what could run code, fetch something, hang, or fill the memory."""
    if not folder.is_dir():
        raise CannotOpen(folder, "there is no such folder", "Models are not fetched; give a path.")
    _require_files(folder)
    if (folder / "adapter_config.json").exists():
        hint = "Merge it into its base first: PeftModel.merge_and_unload, then save_pretrained."
        raise CannotOpen(folder, "it is an adapter", hint)
    if not (folder / _CONFIG).is_file():
        raise CannotOpen(folder, "it has no config.json")
    if not any(folder.glob("*.safetensors")):
        hint = "Convert it where you trust it: save_pretrained(folder, safe_serialization=True)."
        raise CannotOpen(folder, "it has no *.safetensors files", hint)
    config = _fields(folder, _CONFIG)
    if config.get("transformers_weights") is not None:
        raise CannotOpen(folder, "its config.json names a weight file of its own choice")
    if "/" in str(config.get("attn_implementation")):
        raise CannotOpen(folder, "its config.json names code on the hub")
    if why := absurd(config):
        raise CannotOpen(folder, why)
    if (folder / _TOKENIZER).is_file() and (why := grows(_fields(folder, _TOKENIZER))):
        raise CannotOpen(folder, why)
    for shard in _shards(folder):
        # Only a plain name is sure to stay in the folder.
        if not shard.endswith(".safetensors") or Path(shard).name != shard:
            raise CannotOpen(folder, f"its index names {shard[:80]!r}, which is no shard")


def stored(folder: Path) -> list[int]:
    """Return how many numbers each tensor has. Raises what safetensors does."""
    from safetensors import safe_open

    found: list[int] = []
    for shard in _shards(folder):
        with safe_open(str(folder / shard), framework="numpy") as file:
            slices = (file.get_slice(name) for name in file.keys())  # noqa: SIM118 - no mapping
            found += [math.prod(one.get_shape()) for one in slices]
    return found


def quantised(folder: Path) -> bool:
    """Tell whether a stored number may stand for several."""
    return bool(_fields(folder, _CONFIG).get("quantization_config"))


def _shards(folder: Path) -> Iterator[str]:
    """Yield the weight files as transformers chooses them."""
    if (folder / _SINGLE).is_file() or not (folder / _INDEX).is_file():
        yield _SINGLE
        return
    places = _fields(folder, _INDEX).get("weight_map")
    if not isinstance(places, dict):
        raise CannotOpen(folder, f"its {_INDEX} has no weight_map")
    yield from sorted({str(place) for place in places.values()})


def _require_files(folder: Path) -> None:
    """Refuse pipes and devices: whoever opens one hangs."""
    try:
        for entry in folder.iterdir():
            kind = entry.stat().st_mode if entry.exists() else stat.S_IFREG
            if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
                raise CannotOpen(folder, f"{entry.name[:80]!r} in it is not a regular file")
    except OSError as error:
        raise CannotOpen(folder, (error.strerror or "no access").lower()) from error


def _fields(folder: Path, name: str) -> dict[str, Any]:
    try:
        path = folder / name
        if path.stat().st_size > _LARGEST:
            raise CannotOpen(folder, f"its {name} is far longer than such a file needs to be")
        fields = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise CannotOpen(folder, f"its {name} cannot be read ({error})") from error
    if not isinstance(fields, dict):
        raise CannotOpen(folder, f"its {name} is not a JSON object")
    return fields
