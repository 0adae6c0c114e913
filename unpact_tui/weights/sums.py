"""Adds up how far two runs of numbers lie apart, in blocks that stay in the processor's cache.

Every sum is in float64. Knows no file and no name.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from unpact_tui.safetensors_header import BITS
from unpact_tui.weights.change import TensorChange, cosine
from unpact_tui.weights.decoding import decode_doubles
from unpact_tui.weights.names import place

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]

BLOCK = 1 << 15
"""Elements; as float64 a block is 256 KiB, and three are in use at a time."""
_PIECE = 1 << 13
"""Elements; OpenBLAS starts threads from 10 000 on."""


@dataclass(slots=True)
class Sums:
    """What is known of a tensor W and its counterpart W'; D is W' - W."""

    before: float = 0.0
    """Squares of W."""
    after: float = 0.0
    """Squares of W'."""
    products: float = 0.0
    """W times W'."""
    differences: float = 0.0
    """Squares of D."""
    largest: float | None = 0.0
    changed: int | None = 0
    not_finite: int = 0

    def result(self, name: str, shape: tuple[int, ...], dtype: str) -> TensorChange:
        """Return the sums as what is said of the tensor `name`."""
        layer, module = place(name)
        norm, norm_after = math.sqrt(self.before), math.sqrt(max(0.0, self.after))
        counted = max(1, math.prod(shape) - self.not_finite)
        return TensorChange(
            name=name,
            layer=layer,
            module=module,
            shape=shape,
            dtype=dtype,
            distance=math.sqrt(max(0.0, self.differences)),
            norm=norm,
            norm_after=norm_after,
            # Rounding would make an angle of no change at all.
            cosine=1.0 if self.differences == 0 < norm else cosine(self.products, norm, norm_after),
            largest=self.largest,
            changed=None if self.changed is None else self.changed / counted,
            not_finite=self.not_finite,
        )


def add(sums: Sums, before: bytes, dtype: str, after: bytes, other: str) -> None:
    """Take the same elements of both sides, each in its own format."""
    import numpy as np

    # What is NaN or infinite is looked for by its sum, which is no reason to warn.
    with np.errstate(all="ignore"):
        if dtype == other and before == after:
            for block in doubles(before, dtype):
                _add_same(sums, block)
            return
        for ours, theirs in zip(doubles(before, dtype), doubles(after, other), strict=True):
            _add_different(sums, ours, theirs)


def doubles(raw: bytes, dtype: str) -> Iterator[Doubles]:
    """Yield the numbers block by block."""
    step = BLOCK * BITS[dtype] // 8
    view = memoryview(raw)
    for start in range(0, len(raw), step):
        yield decode_doubles(view[start : start + step], dtype)


def _add_same(sums: Sums, block: Doubles) -> None:
    squares = _dot(block, block)
    if not math.isfinite(squares):
        import numpy as np

        finite = block[np.isfinite(block)]
        sums.not_finite += block.size - finite.size
        squares = _dot(finite, finite)
    sums.before += squares
    sums.after += squares
    sums.products += squares


def _add_different(sums: Sums, before: Doubles, after: Doubles) -> None:
    import numpy as np

    squares, squares_after = _dot(before, before), _dot(after, after)
    if not (math.isfinite(squares) and math.isfinite(squares_after)):
        finite = np.isfinite(before) & np.isfinite(after)
        sums.not_finite += before.size - int(np.count_nonzero(finite))
        before, after = before[finite], after[finite]
        squares, squares_after = _dot(before, before), _dot(after, after)
    if not before.size:
        return
    difference = after - before
    sums.before += squares
    sums.after += squares_after
    sums.products += _dot(before, after)
    sums.differences += _dot(difference, difference)
    if sums.largest is not None:
        sums.largest = max(sums.largest, float(difference.max()), -float(difference.min()))
    if sums.changed is not None:
        sums.changed += int(np.count_nonzero(difference != 0.0))


def _dot(a: Doubles, b: Doubles) -> float:
    """Return the inner product, in pieces for which BLAS starts no threads.

    For vectors this short threads cost more than they bring, and many times more where the
    processor has something else to do.
    """
    if a.size <= _PIECE:
        return float(a @ b)
    pieces = (slice(start, start + _PIECE) for start in range(0, a.size, _PIECE))
    return sum(float(a[piece] @ b[piece]) for piece in pieces)
