"""Which files of a folder hold the weights, checked to be whole and to hold what the index says.

Mirrors the choice that transformers makes, and refuses where it would read a pickle. This module
knows no architecture and reads no tensor.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import msgspec

from unpact_tui import safetensors_header
from unpact_tui.errors import NotACheckpoint, PickleOnly, Unreadable
from unpact_tui.regular_files import converted, is_file, read_json
from unpact_tui.safetensors_header import Header, short

SINGLE = "model.safetensors"
INDEX = "model.safetensors.index.json"
ADAPTER = "adapter_model.safetensors"

_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
_NOT_WEIGHTS = ("training_args", "optimizer", "scheduler", "rng_state", "scaler")
"""What a training run leaves beside the weights, pickled as well."""


class _Index(msgspec.Struct, frozen=True):
    weight_map: dict[str, str]


def model_headers(folder: Path) -> tuple[Header, ...]:
    """Return the headers of a model's weight files, in order of name.

    Raises `NotACheckpoint`, `PickleOnly`, `Unreadable`.
    """
    if is_file(folder / SINGLE):
        headers = (safetensors_header.read(folder / SINGLE),)
    elif is_file(folder / INDEX):
        headers = tuple(_sharded(folder))
    else:
        _refuse(folder, SINGLE)
    if not any(header.tensors for header in headers):
        raise NotACheckpoint(folder, "its weight files hold no tensor")
    return headers


def adapter_headers(folder: Path) -> tuple[Header, ...]:
    """Return the header of an adapter's weight file. Raises as `model_headers` does."""
    if not is_file(folder / ADAPTER):
        _refuse(folder, ADAPTER)
    header = safetensors_header.read(folder / ADAPTER)
    if not header.tensors:
        raise NotACheckpoint(folder, f"its {ADAPTER} holds no tensor")
    return (header,)


def _sharded(folder: Path) -> Iterator[Header]:
    places = _weight_map(folder)
    seen: dict[str, str] = {}
    for name in sorted(set(places.values())):
        path = folder / name
        if not is_file(path):
            raise NotACheckpoint(folder, f"shard {short(name)} of its index is missing")
        header = safetensors_header.read(path)
        for tensor in header.tensors:
            if tensor.name in seen:
                raise Unreadable(
                    path, f"tensor {short(tensor.name)} is also in {seen[tensor.name]}"
                )
            seen[tensor.name] = name
        yield header
    for tensor_name, name in places.items():
        if seen.get(tensor_name) != name:
            raise Unreadable(
                folder / name, f"tensor {short(tensor_name)} is not in it, but the index says so"
            )


def _weight_map(folder: Path) -> dict[str, str]:
    path = folder / INDEX
    why = "it has no weight_map from tensors to files"
    places = converted(path, read_json(path), _Index, why).weight_map
    for name in places.values():
        if name.endswith(_PICKLES):
            raise PickleOnly(folder, short(name))
        # Only a plain name is sure to stay in the folder.
        if not name.endswith(".safetensors") or name != Path(name).name or "\0" in name:
            raise Unreadable(path, f"it names the file {short(name)!r}, which is no shard")
    return places


def _refuse(folder: Path, wanted: str) -> NoReturn:
    """Say why there are no weights."""
    names = sorted(path.name for path in folder.iterdir())
    pickles = [
        name for name in names if name.endswith(_PICKLES) and not name.startswith(_NOT_WEIGHTS)
    ]
    shards = [name for name in names if name.endswith(".safetensors")]
    if any(name.startswith("model-") for name in shards):
        raise NotACheckpoint(folder, f"it has shards but no {INDEX}")
    if pickles:
        raise PickleOnly(folder, short(pickles[0]))
    if any(name.endswith(".gguf") for name in names):
        raise NotACheckpoint(
            folder, "it has GGUF weights", "Use the safetensors release of the same model."
        )
    raise NotACheckpoint(folder, f"it has no {wanted}")
