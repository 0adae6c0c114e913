"""Adds up how far two runs of numbers lie apart, in blocks that stay in the processor's cache.

Every sum is in float64. Knows no file and no name.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from unpact_tui.safetensors_header import BITS
from unpact_tui.weights.change import TensorChange, cosine
from unpact_tui.weights.decoding import Room, decode_into
from unpact_tui.weights.names import place

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Doubles = NDArray[np.float64]

BLOCK = 1 << 16
"""Elements; as float64 a block is 512 KiB, and three are in use at a time."""
_PIECE = 1 << 13
"""Elements; OpenBLAS starts threads from 10 000 on."""
_NEAR = 256.0
"""How far two sums of squares may be apart so that W·W' can be had from them and ||W' - W||²."""


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

    def add(self, other: Sums) -> None:
        """Take in what is known of more elements."""
        self.before += other.before
        self.after += other.after
        self.products += other.products
        self.differences += other.differences
        self.not_finite += other.not_finite
        if self.largest is not None:
            self.largest = max(self.largest, other.largest or 0.0)
        if self.changed is not None:
            self.changed += other.changed or 0

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


@dataclass(frozen=True, slots=True)
class Scratch:
    """Room for a block, made once: fresh memory for every step costs more than the steps."""

    before: Doubles
    after: Doubles
    difference: Doubles
    differs: NDArray[np.bool_]
    room: Room


def scratch() -> Scratch:
    """Return room for one block."""
    import numpy as np

    before, after, difference = (np.empty(BLOCK) for _ in range(3))
    return Scratch(before, after, difference, np.empty(BLOCK, np.bool_), Room.of(BLOCK))


def summed(before: bytes, dtype: str, after: bytes, other: str, room: Scratch) -> Sums:
    """Return the sums over the same elements of both sides, each in its own format."""
    import numpy as np

    sums = Sums()
    steps = BLOCK * BITS[dtype] // 8, BLOCK * BITS[other] // 8
    sides = memoryview(before), memoryview(after)
    same = dtype == other and before == after
    # What is NaN or infinite is looked for by its sum, which is no reason to warn.
    with np.errstate(all="ignore"):
        for start, start_after in zip(
            range(0, len(before), steps[0]), range(0, len(after), steps[1]), strict=True
        ):
            ours = decode_into(sides[0][start : start + steps[0]], dtype, room.before, room.room)
            if same:
                _add_same(sums, ours)
                continue
            piece = sides[1][start_after : start_after + steps[1]]
            _add_different(sums, ours, decode_into(piece, other, room.after, room.room), room)
    return sums


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


def _add_different(sums: Sums, before: Doubles, after: Doubles, room: Scratch) -> None:
    import numpy as np

    squares, squares_after = _dot(before, before), _dot(after, after)
    if not (math.isfinite(squares) and math.isfinite(squares_after)):
        finite = np.isfinite(before) & np.isfinite(after)
        sums.not_finite += before.size - int(np.count_nonzero(finite))
        before, after = before[finite], after[finite]
        squares, squares_after = _dot(before, before), _dot(after, after)
    if not before.size:
        return
    difference = np.subtract(after, before, out=room.difference[: before.size])
    differences = _dot(difference, difference)
    near = squares_after < _NEAR * squares and squares < _NEAR * squares_after
    near = near and math.isfinite(differences)
    sums.before += squares
    sums.after += squares_after
    # One pass over the block less; too far apart, the small one would drown.
    sums.products += (squares + squares_after - differences) / 2 if near else _dot(before, after)
    sums.differences += differences
    sums.largest = max(sums.largest or 0.0, float(difference.max()), -float(difference.min()))
    differs = np.not_equal(difference, 0.0, out=room.differs[: before.size])
    sums.changed = (sums.changed or 0) + int(np.count_nonzero(differs))


def _dot(a: Doubles, b: Doubles) -> float:
    """Return the inner product, in pieces for which BLAS starts no threads.

    For vectors this short threads cost more than they bring, and many times more where the
    processor has something else to do.
    """
    if a.size <= _PIECE:
        return float(a @ b)
    pieces = (slice(start, start + _PIECE) for start in range(0, a.size, _PIECE))
    return sum(float(a[piece] @ b[piece]) for piece in pieces)
