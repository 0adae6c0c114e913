"""Compares weight files byte by byte, tensor by tensor, however they are sharded.

Reads in pieces. Does not know what a checkpoint is.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from pathlib import Path

from unpact_tui import safetensors_header
from unpact_tui.regular_files import opened, read_exactly
from unpact_tui.safetensors_header import Tensor

_CHUNK = 16 << 20

Place = tuple[Path, Tensor]
"""A tensor and the file it is in."""


def compare(left: Sequence[Path], right: Sequence[Path]) -> Generator[int, None, bool]:
    """Yield how many bytes were compared so far and return whether all were the same.

    Stops at the first difference. Raises `Unreadable`.
    """
    ours, theirs = tensors(left), tensors(right)
    if not same_form(ours, theirs):
        return False
    done = 0
    for name, place in ours.items():
        for count, same in pieces(place, theirs[name]):
            if not same:
                return False
            done += count
            yield done
    return True


def tensors(paths: Sequence[Path]) -> dict[str, Place]:
    """Return where each tensor is, in the order of the files. Raises `Unreadable`."""
    return {
        tensor.name: (path, tensor)
        for path in paths
        for tensor in safetensors_header.read(path).tensors
    }


def same_form(ours: dict[str, Place], theirs: dict[str, Place]) -> bool:
    """Tell whether both have the same names, with the same shapes and types."""
    if ours.keys() != theirs.keys():
        return False
    forms = (
        {name: (tensor.dtype, tensor.shape) for name, (_, tensor) in side.items()}
        for side in (ours, theirs)
    )
    return next(forms) == next(forms)


def pieces(ours: Place, theirs: Place) -> Iterator[tuple[int, bool]]:
    """Yield the size of each piece and whether it is the same on both sides, and so was all before.

    After a difference only `theirs` is read on. Nothing is read of what is one file on both sides.
    Raises `Unreadable`.
    """
    (path, tensor), (other_path, other) = ours, theirs
    if path.samefile(other_path) and tensor == other:
        return
    with opened(path) as file, opened(other_path) as other_file:
        file.seek(tensor.start)
        other_file.seek(other.start)
        left, same = tensor.bytes, True
        while left > 0:
            count = min(left, _CHUNK)
            piece = read_exactly(other_path, other_file, count)
            same = same and piece == read_exactly(path, file, count)
            yield count, same
            left -= count
