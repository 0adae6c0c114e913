"""How many directions the largest changes have: which are looked at, and how they are read again.

A difference that fits is held whole, as float32, and read once; a larger one is read as often as
its sketch needs. Either way memory stays below some hundreds of megabytes. numpy is imported late.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from unpact_tui.weights.change import Rank, TensorChange
from unpact_tui.weights.decoding import decode_doubles
from unpact_tui.weights.factors import factors
from unpact_tui.weights.pairing import LowRank, Whole
from unpact_tui.weights.reading import opened_place
from unpact_tui.weights.rounding import rounding
from unpact_tui.weights.spectrum import (
    SMALL,
    Steps,
    all_squares,
    product_squares,
    sketched_squares,
    told,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

CHUNK = 1 << 20
"""Elements that are read at a time, of each side."""
HELD = 3 << 24
"""Elements of a difference that is held whole: 192 MiB."""
WIDEST = 1 << 18
"""Columns; the basis of a sketch has as many rows."""
_ROUNDS_HELD, _ROUNDS_READ = 1, 1
"""Times that a matrix leads the basis of its sketch, when it is held and when it is read."""


def leading(
    jobs: Sequence[Whole | LowRank], tensors: Sequence[TensorChange], count: int
) -> list[tuple[Whole | LowRank, TensorChange]]:
    """Return the matrices with the largest squared changes, largest first; both come in one order.

    Vectors have no ranks, and neither has what is not finite.
    """
    changed = [
        (job, tensor)
        for job, tensor in zip(jobs, tensors, strict=True)
        if len(tensor.shape) == 2 and min(tensor.shape) > 1 and _measurable(tensor)
    ]
    changed.sort(key=lambda pair: -pair[1].distance)
    return changed[: max(0, count)]


def _measurable(tensor: TensorChange) -> bool:
    if not 0 < tensor.distance < math.inf or tensor.shape[1] > WIDEST:
        return False
    # Numbers so small that a number larger by as much does not exist are noise of some kind.
    return tensor.largest is None or tensor.largest > 1e-300


def rank(job: Whole | LowRank, tensor: TensorChange) -> Generator[None, None, Rank]:
    """Measure the directions of a change, resting now and then. Raises `Unreadable`."""
    if isinstance(job, LowRank):
        squares = product_squares(*factors(job))
        yield
        return told(tensor.name, squares, 1.0, 0.0, exact=True)
    rows, columns = tensor.shape
    small = min(rows, columns) <= SMALL
    held = rows * columns <= HELD
    tall = columns <= rows
    exact = small and (tall or held)
    unit = tensor.largest or 1.0
    whole: list[Floats] = []
    if held:
        for piece in _differences(job, unit):
            whole.append(piece)
            yield
    if exact and not tall:
        whole = [_joined(whole)]
    steps: Steps = (
        all_squares(lambda: iter(whole) if held else _differences(job, unit), tall)
        if exact
        else sketched_squares(
            lambda: iter(whole) if held else _differences(job, unit),
            columns,
            _ROUNDS_HELD if held else _ROUNDS_READ,
        )
    )
    squares = yield from steps
    noise = rounding(tensor.dtype, tensor.norm_after) / tensor.distance
    total = (tensor.distance / unit) ** 2
    return told(tensor.name, squares, total, 2 * noise * noise, exact=exact)


def _joined(pieces: list[Floats]) -> Floats:
    import numpy as np

    return np.concatenate(pieces)


def _differences(job: Whole, unit: float) -> Iterator[Floats]:
    """Yield some rows of (W' - W) / unit at a time; what is not finite is left out as 0."""
    import numpy as np

    columns = job.before.tensor.shape[1]
    step = max(1, CHUNK // columns) * columns
    with ExitStack() as stack:
        sides = [stack.enter_context(opened_place(place)) for place in (job.before, job.after)]
        for first in range(0, job.before.tensor.elements, step):
            ours, theirs = (decode_doubles(side.read(first, step), side.dtype) for side in sides)
            with np.errstate(all="ignore"):
                difference = (theirs - ours) / unit
            difference[~np.isfinite(difference)] = 0.0
            yield difference.astype(np.float32).reshape(-1, columns)
