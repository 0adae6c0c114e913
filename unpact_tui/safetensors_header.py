"""Reads what a safetensors file says about itself, and believes none of it unchecked.

The format: eight bytes with the length of the header, the header as JSON, then the tensors without
a gap. This module does not know what a model is, and reads no tensor.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated

import msgspec

from unpact_tui.errors import Unreadable
from unpact_tui.regular_files import opened, read_exactly

HEADER_LIMIT = 100_000_000
"""Bytes; the same limit as the safetensors library has."""

BITS = {
    "BOOL": 8,
    "F4": 4,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
    "U8": 8,
    "I8": 8,
    "F8_E5M2": 8,
    "F8_E4M3": 8,
    "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8,
    "F8_E5M2FNUZ": 8,
    "I16": 16,
    "U16": 16,
    "F16": 16,
    "BF16": 16,
    "I32": 32,
    "U32": 32,
    "F32": 32,
    "C64": 64,
    "F64": 64,
    "I64": 64,
    "U64": 64,
}

_METADATA = "__metadata__"
_LFS = b"version https://git-lfs"
_LARGEST = 2**63 - 1
_Count = Annotated[int, msgspec.Meta(ge=0, le=_LARGEST)]


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor; `start` and `end` are offsets into the file."""

    name: str
    dtype: str
    """As the format spells it: F32, BF16, ..."""
    shape: tuple[int, ...]
    start: int
    end: int

    @property
    def bytes(self) -> int:
        """Size in the file."""
        return self.end - self.start

    @property
    def elements(self) -> int:
        """Count of numbers."""
        return 8 * self.bytes // BITS[self.dtype]


@dataclass(frozen=True, slots=True)
class Header:
    """A checked header: the tensors fill the file exactly, in this order."""

    path: Path
    size: int
    """Bytes of the whole file."""
    tensors: tuple[Tensor, ...]
    digest: str
    """SHA-256 of the header's own bytes."""


class _Entry(msgspec.Struct, frozen=True):
    dtype: str
    shape: tuple[_Count, ...]
    data_offsets: tuple[_Count, _Count]


def read(path: Path) -> Header:
    """Read and check the header of a file. Raises `Unreadable`."""
    with opened(path) as file:
        size = os.fstat(file.fileno()).st_size
        prefix = read_exactly(path, file, min(size, len(_LFS)))
        if prefix.startswith(_LFS):
            raise Unreadable(path, "it is a Git LFS pointer, not the weights", "Run: git lfs pull")
        if size < 8:
            raise Unreadable(path, f"it has {size} bytes, which is no safetensors file")
        length = int.from_bytes(prefix[:8], "little")
        if length > HEADER_LIMIT:
            raise Unreadable(path, "it is not a safetensors file: its header would be too long")
        if 8 + length > size:
            raise Unreadable(path, f"it is truncated: it ends within its header, at {size} bytes")
        file.seek(8)
        return parse(path, read_exactly(path, file, length), size)


def parse(path: Path, raw: bytes, size: int) -> Header:
    """Check the header `raw` of a file of `size` bytes. Raises `Unreadable`."""
    try:
        entries = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
        if _METADATA in entries:
            msgspec.json.decode(entries.pop(_METADATA), type=dict[str, str])
    except (ValueError, RecursionError) as error:
        raise Unreadable(path, "its safetensors header is not valid") from error
    begin = 8 + len(raw)
    tensors = sorted(
        (_tensor(path, name, entry, begin, size) for name, entry in entries.items()),
        key=lambda tensor: (tensor.start, tensor.end),
    )
    _require_tiling(path, tensors, begin, size)
    return Header(path, size, tuple(tensors), sha256(raw).hexdigest())


def _tensor(path: Path, name: str, raw: msgspec.Raw, begin: int, size: int) -> Tensor:
    try:
        entry = msgspec.json.decode(raw, type=_Entry)
    except (ValueError, RecursionError) as error:
        raise Unreadable(path, f"tensor {short(name)} is described wrongly") from error
    if entry.dtype not in BITS:
        raise Unreadable(path, f"tensor {short(name)} has an unknown type {short(entry.dtype)}")
    start, end = (begin + offset for offset in entry.data_offsets)
    if end > size and end >= start:
        raise Unreadable(
            path, f"it is truncated: it has {size} bytes, but tensor {short(name)} ends at {end}"
        )
    if 8 * (end - start) != BITS[entry.dtype] * _product(entry.shape, size):
        raise Unreadable(path, f"tensor {short(name)} has not the size that its shape needs")
    return Tensor(name, entry.dtype, entry.shape, start, end)


def _product(shape: tuple[int, ...], size: int) -> int:
    """Multiply without building numbers far beyond what the file could hold."""
    if 0 in shape:
        return 0
    product = 1
    for count in shape:
        product *= count
        if product > 8 * size:
            break
    return product


def _require_tiling(path: Path, tensors: list[Tensor], begin: int, size: int) -> None:
    position = begin
    for tensor in tensors:
        if tensor.start != position:
            how = "overlaps another" if tensor.start < position else "leaves a gap before it"
            raise Unreadable(path, f"tensor {short(tensor.name)} {how}")
        position = tensor.end
    if position != size:
        raise Unreadable(path, f"it has {size - position} bytes after its last tensor")


def short(name: str) -> str:
    """Cut a name that a file may have made long on purpose."""
    return name if len(name) <= 80 else f"{name[:79]}…"
