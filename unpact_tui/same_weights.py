"""Compares weight files byte by byte, tensor by tensor, however they are sharded.

Reads in pieces and stops at the first difference. Does not know what a checkpoint is.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from pathlib import Path

from unpact_tui import safetensors_header
from unpact_tui.regular_files import opened, read_exactly
from unpact_tui.safetensors_header import Tensor

_CHUNK = 16 << 20

_Place = tuple[Path, Tensor]


def compare(left: Sequence[Path], right: Sequence[Path]) -> Generator[int, None, bool]:
    """Yield how many bytes were compared so far and return whether all were the same.

    Raises `Unreadable`.
    """
    ours, theirs = _tensors(left), _tensors(right)
    if ours.keys() != theirs.keys():
        return False
    done = 0
    for name, place in ours.items():
        other = theirs[name]
        if (place[1].dtype, place[1].shape) != (other[1].dtype, other[1].shape):
            return False
        if place[0].samefile(other[0]):
            continue
        for count, same in _pieces(place, other):
            if not same:
                return False
            done += count
            yield done
    return True


def _tensors(paths: Sequence[Path]) -> dict[str, _Place]:
    return {
        tensor.name: (path, tensor)
        for path in paths
        for tensor in safetensors_header.read(path).tensors
    }


def _pieces(ours: _Place, theirs: _Place) -> Generator[tuple[int, bool]]:
    """Yield the size of each piece and whether it is the same on both sides."""
    (path, tensor), (other_path, other) = ours, theirs
    with opened(path) as file, opened(other_path) as other_file:
        file.seek(tensor.start)
        other_file.seek(other.start)
        left = tensor.bytes
        while left > 0:
            count = min(left, _CHUNK)
            piece = read_exactly(path, file, count)
            yield count, piece == read_exactly(other_path, other_file, count)
            left -= count
