"""What tells one open model from another: whatever its answers depend on besides the question.

Reads no weights and opens no model. Two identities that are equal stand for the same numbers, as
far as a file system can tell; two that differ may still.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec

from unpact_tui.checkpoints import Checkpoint
from unpact_tui.errors import Unreadable
from unpact_tui.worker.events import Loaded

_READ = frozenset({".json", ".jinja", ".model", ".py", ".safetensors", ".tiktoken", ".txt"})
"""How the names of files end that may be read when a model is opened."""

_PACKAGES = ("unpact-tui", "torch", "transformers", "peft")
"""Whose code the numbers come from."""


def stamp(checkpoints: Sequence[Checkpoint]) -> str:
    """Return a digest of what lies in the folders now; take it before the weights are read.

    The checkpoints are those that one model is put together from: for an adapter, also what it is
    put onto.

    A fingerprint samples the weights. What is edited in place also has another time of change,
    which nobody can set; a folder that is moved within its file system keeps it, one that is copied
    does not. Raises `Unreadable`.
    """
    digest = sha256()
    for checkpoint in dict.fromkeys(checkpoints):
        digest.update(_packed([checkpoint.fingerprint, *_files(checkpoint)]))
    return digest.hexdigest()


def identity(
    stamps: Sequence[str],
    loaded: Sequence[Loaded],
    *,
    alpha: float | None = None,
    ends: Iterable[int] = (),
) -> str:
    """Return what stands for an open model.

    `stamps` and `loaded` are of every model that takes part, two for a mixture by `alpha`; `ends`
    are the ids that end an answer, which may come from the tokenizer of another checkpoint.
    """
    facts = [
        list(stamps),
        [(one.dtype, one.parameters, one.bytes, _kinds(one.device)) for one in loaded],
        alpha,
        sorted(ends),
        _versions(),
    ]
    return sha256(_packed(facts)).hexdigest()


def _files(checkpoint: Checkpoint) -> Iterator[tuple[str, int, int, int]]:
    """Yield name, size and times of everything that is read when the model is opened."""
    try:
        found = {path for path in checkpoint.path.iterdir() if path.suffix in _READ}
        for path in sorted(found | {shard.path for shard in checkpoint.shards}):
            facts = path.stat()
            yield path.name, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns
    except OSError as error:
        raise Unreadable(
            _place(error, checkpoint), (error.strerror or "no access").lower()
        ) from error


def _place(error: OSError, checkpoint: Checkpoint) -> Path:
    return Path(error.filename) if isinstance(error.filename, str) else checkpoint.path


def _kinds(device: str) -> list[str]:
    """Return cpu, cuda or mps for devices such as "cuda:0, cuda:1"."""
    return sorted({name.strip().partition(":")[0] for name in device.split(",")})


@cache
def _versions() -> tuple[str, ...]:
    return tuple(_version(package) for package in _PACKAGES)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _packed(facts: object) -> bytes:
    """Return bytes that are the same for the same facts only."""
    return msgspec.msgpack.encode(facts)
