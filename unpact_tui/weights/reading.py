"""Elements of a tensor as bytes, from any place in it.

Knows where bytes lie, and nothing of what they mean.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from unpact_tui.errors import Unreadable
from unpact_tui.regular_files import opened
from unpact_tui.safetensors_header import BITS
from unpact_tui.weights.sides import Place


@dataclass(frozen=True, slots=True)
class OpenPlace:
    """A tensor whose file is open."""

    path: Path
    descriptor: int
    start: int
    """Where its bytes begin."""
    end: int
    dtype: str

    def read(self, first: int, elements: int) -> bytes:
        """Return the bytes of so many elements from `first` on, or of those that are left.

        Raises `Unreadable` when the file ends before.
        """
        start = self.start + first * BITS[self.dtype] // 8
        end = min(self.end, start + elements * BITS[self.dtype] // 8)
        piece = self._some(start, end)
        if start + len(piece) >= end:
            return piece
        parts = [piece]
        while (start := start + len(parts[-1])) < end:
            parts.append(self._some(start, end))
        return b"".join(parts)

    def _some(self, start: int, end: int) -> bytes:
        """Return at least one byte, where one is asked for."""
        try:
            piece = os.pread(self.descriptor, max(0, end - start), start)
        except OSError as error:
            raise Unreadable(self.path, (error.strerror or str(error)).lower()) from error
        if not piece and end > start:
            raise Unreadable(self.path, f"it is truncated: {end - start} bytes are missing")
        return piece


@contextmanager
def opened_place(place: Place) -> Generator[OpenPlace]:
    """Open a tensor's file. Raises `Unreadable`."""
    tensor = place.tensor
    with opened(place.path) as file:
        yield OpenPlace(place.path, file.fileno(), tensor.start, tensor.end, tensor.dtype)
