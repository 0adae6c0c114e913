"""Reads a checkpoint folder: what it is, whether it is whole, and how to tell it from another.

Only headers and a sample of bytes are read, so it takes milliseconds for any size. This module does
not know torch or transformers and loads no model; `loading` does.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from unpact_tui.descriptions import ADAPTER_CONFIG as ADAPTER_CONFIG
from unpact_tui.descriptions import CONFIG as CONFIG
from unpact_tui.descriptions import adapter_config, model_config
from unpact_tui.errors import NotACheckpoint, Unreadable
from unpact_tui.hub import locate
from unpact_tui.regular_files import is_file, opened, read_exactly, read_json, require_ordinary
from unpact_tui.safetensors_header import Header, short
from unpact_tui.same_weights import compare
from unpact_tui.weight_files import adapter_headers, model_headers
from unpact_tui.worker.events import Role

PROVENANCE = "provenance.json"
"""Written by whoever unlearned; a `method` in it is shown."""

_TOKENIZERS = (
    "tokenizer.json",
    "tokenizer.model",
    "vocab.json",
    "vocab.txt",
    "spiece.model",
    "sentencepiece.bpe.model",
    "tekken.json",
)
_DTYPES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}
_SAMPLE = 1024
"""Bytes of each tensor that go into the fingerprint."""
_SMALL = 10_000_000
"""Bytes; no configuration is longer."""


@dataclass(frozen=True, slots=True)
class Shard:
    """One weight file."""

    path: Path
    bytes: int


@dataclass(frozen=True, slots=True)
class AdapterInfo:
    """What an adapter says about itself."""

    base: str
    """Folder or hub name of the model it was trained on; may be empty."""
    kind: str
    """PEFT's name: LORA, ..."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One folder of weights. Of an adapter, `parameters`, `bytes` and `shards` are its own only."""

    name: str
    path: Path
    role: Role
    method: str | None
    """The unlearning method, where the folder says it."""
    model_type: str | None
    """None for an adapter: its base decides."""
    architecture: str | None
    parameters: int
    """Numbers in the weight files; tied tensors are stored once."""
    bytes: int
    dtypes: tuple[str, ...]
    """By how many bytes have it, most first."""
    shards: tuple[Shard, ...]
    has_tokenizer: bool
    adapter: AdapterInfo | None
    fingerprint: str
    """SHA-256 over configuration, headers, file sizes and 1 KiB from the middle of each tensor.

    Equal fingerprints do not prove equal weights: `identical` does.
    """


def read(
    path: str | Path, role: Role, *, trust_remote_code: bool = False, fetch: bool = True
) -> Checkpoint:
    """Read the folder at `path`, or the one behind a hub name, which is fetched if it may be.

    Raises every `CheckpointError` that can be known without loading.
    """
    folder, name = locate(path, trust_remote_code=trust_remote_code, fetch=fetch)
    if not _names(folder):
        raise NotACheckpoint(folder, "it is empty")
    if is_file(folder / ADAPTER_CONFIG):
        return _read_adapter(folder, name, role)
    return _read_model(folder, name, role, trust_remote_code=trust_remote_code)


def identical(a: Checkpoint, b: Checkpoint) -> bool:
    """Tell whether two checkpoints hold the same weights. Raises `Unreadable`."""
    comparison = compare_bytes(a, b)
    while True:
        try:
            next(comparison)
        except StopIteration as end:
            return end.value


def compare_bytes(a: Checkpoint, b: Checkpoint) -> Generator[int, None, bool]:
    """Yield how many bytes were compared so far and return whether all were the same.

    Adapters count as the same only with the same configuration: it scales their weights.
    """
    if (a.adapter or b.adapter) and (a.adapter != b.adapter or a.fingerprint != b.fingerprint):
        return False
    paths = ([shard.path for shard in checkpoint.shards] for checkpoint in (a, b))
    return (yield from compare(*paths))


def _names(folder: Path) -> list[str]:
    """List the folder, and refuse what would hang whoever opens it later."""
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise Unreadable(folder, (error.strerror or "no access").lower()) from error
    for entry in entries:
        require_ordinary(entry)
    return [entry.name for entry in entries]


def _read_model(folder: Path, name: str, role: Role, *, trust_remote_code: bool) -> Checkpoint:
    if not is_file(folder / CONFIG):
        raise NotACheckpoint(folder, f"it has no {CONFIG}")
    config = model_config(folder, trust_remote_code=trust_remote_code)
    headers = model_headers(folder)
    if not _has_tokenizer(folder):
        raise NotACheckpoint(
            folder, "it has no tokenizer", "Copy tokenizer.json and tokenizer_config.json there."
        )
    architecture = config.architectures[0] if config.architectures else None
    return _checkpoint(folder, name, role, headers, CONFIG, config.model_type, architecture, None)


def _read_adapter(folder: Path, name: str, role: Role) -> Checkpoint:
    config = adapter_config(folder)
    info = AdapterInfo(config.base_model_name_or_path or "", config.peft_type)
    headers = adapter_headers(folder)
    return _checkpoint(folder, name, role, headers, ADAPTER_CONFIG, None, None, info)


def _checkpoint(
    folder: Path,
    name: str,
    role: Role,
    headers: tuple[Header, ...],
    config_name: str,
    model_type: str | None,
    architecture: str | None,
    adapter: AdapterInfo | None,
) -> Checkpoint:
    return Checkpoint(
        name=name,
        path=folder,
        role=role,
        method=_method(folder),
        model_type=model_type,
        architecture=architecture,
        parameters=sum(tensor.elements for header in headers for tensor in header.tensors),
        bytes=sum(header.size for header in headers),
        dtypes=_dtypes(headers),
        shards=tuple(Shard(header.path, header.size) for header in headers),
        has_tokenizer=_has_tokenizer(folder),
        adapter=adapter,
        fingerprint=_fingerprint(folder / config_name, headers),
    )


def _has_tokenizer(folder: Path) -> bool:
    return any(is_file(folder / name) for name in _TOKENIZERS) or any(folder.glob("*.tiktoken"))


def _method(folder: Path) -> str | None:
    path = folder / PROVENANCE
    if not is_file(path):
        return None
    try:
        method = read_json(path, _SMALL).get("method")
    except Unreadable:
        return None
    return short(method) if isinstance(method, str) else None


def _dtypes(headers: tuple[Header, ...]) -> tuple[str, ...]:
    sizes: dict[str, int] = {}
    for tensor in (tensor for header in headers for tensor in header.tensors):
        name = _DTYPES.get(tensor.dtype, tensor.dtype.lower())
        sizes[name] = sizes.get(name, 0) + tensor.bytes
    return tuple(sorted(sizes, key=lambda name: (-sizes[name], name)))


def _fingerprint(config: Path, headers: tuple[Header, ...]) -> str:
    digest = sha256()
    with opened(config) as file:
        digest.update(sha256(file.read()).digest())
    for header in headers:
        digest.update(f"{header.path.name}\0{header.size}\0{header.digest}\0".encode())
        with opened(header.path) as file:
            for tensor in header.tensors:
                count = min(_SAMPLE, tensor.bytes)
                file.seek(tensor.start + (tensor.bytes - count) // 2)
                digest.update(read_exactly(header.path, file, count))
    return digest.hexdigest()
