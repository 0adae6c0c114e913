"""Reads two sides tensor by tensor, in chunks, and says after each what is known.

Memory stays at some tens of megabytes whatever the tensors' sizes, except for the two factors of a
low-rank addition, which are held whole, and for the ranks. Leaving the loop stops the reading. No
torch; numpy is imported when the first tensor is read.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import TYPE_CHECKING

from unpact_tui.weights.change import Rank, TensorChange, WeightChange
from unpact_tui.weights.decoding import decode_doubles
from unpact_tui.weights.factors import factors
from unpact_tui.weights.pairing import LowRank, Pairs, Whole, pairs
from unpact_tui.weights.ranking import leading, rank
from unpact_tui.weights.reading import opened_place
from unpact_tui.weights.sides import Side, Source, base_side, second_side
from unpact_tui.weights.sums import Scratch, Sums, scratch, summed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CHUNK = 1 << 21
"""Elements of each side after which it is said what is known."""
PIECE = 1 << 19
"""Elements that a thread takes at a time."""
LEADING = 8
"""Matrices whose ranks are measured where nobody says how many."""

_Read = Generator[int, None, Sums]
"""Yields bytes read since the last time."""


def changes(
    base: Source, unlearned: Source, ranks: int = LEADING
) -> Generator[WeightChange, None, WeightChange]:
    """Yield what is known after each chunk and return the whole, which was also the last yielded.

    The matrices with the `ranks` largest changes are read again for their ranks. Raises every
    `CheckpointError` that reading headers and tensors can. What cannot be compared, such as a
    tensor of another shape, is in `missing`.
    """
    return stream(base_side(base), second_side(unlearned), ranks)


def stream(
    base: Side, second: Side, ranks: int = LEADING
) -> Generator[WeightChange, None, WeightChange]:
    """Do the same for sides whose headers are read."""
    found = pairs(base, second)
    known = yield from _sums(found)
    ranked: list[Rank] = []
    for job, tensor in leading(found.jobs, known.tensors, ranks):
        known = replace(known, reading=tensor.name, again=True)
        yield known
        measuring = rank(job, tensor)
        while True:
            try:
                next(measuring)
            except StopIteration as end:
                ranked.append(end.value)
                break
            yield known
    whole = replace(known, ranks=tuple(ranked), complete=True, reading="", again=False)
    yield whole
    return whole


def _sums(found: Pairs) -> Generator[WeightChange, None, WeightChange]:
    known: list[TensorChange] = []
    last: WeightChange = WeightChange(
        total=sum(job.bytes for job in found.jobs),
        missing=found.missing,
        untouched=found.untouched,
    )
    room = scratch()
    for job in found.jobs:
        name = job.before.tensor.name
        reading = _read(job, room)
        while True:
            try:
                done = last.done + next(reading)
            except StopIteration as end:
                known.append(end.value.result(name, job.before.tensor.shape, _dtype(job)))
                last = replace(last, tensors=tuple(known), reading=name)
                break
            last = replace(last, done=done, reading=name)
            yield last
        yield last
    return last


def _dtype(job: Whole | LowRank) -> str:
    before = job.before.tensor.dtype
    after = job.after.tensor.dtype if isinstance(job, Whole) else before
    return before if before == after else f"{before}/{after}"


def _read(job: Whole | LowRank, room: Scratch) -> _Read:
    return _read_whole(job, room) if isinstance(job, Whole) else _read_low_rank(job)


def _read_whole(job: Whole, room: Scratch) -> _Read:
    sums, unsaid, size = Sums(), 0, min(PIECE, CHUNK)
    with opened_place(job.before) as before, opened_place(job.after) as after:
        firsts = range(0, job.before.tensor.elements, size)
        for place, first in enumerate(firsts, start=1):
            ours, theirs = before.read(first, size), after.read(first, size)
            sums.add(summed(ours, before.dtype, theirs, after.dtype, room))
            unsaid += len(ours) + len(theirs)
            if place % (CHUNK // size) == 0 or place == len(firsts):
                yield unsaid
                unsaid = 0
    return sums


def _read_low_rank(job: LowRank) -> _Read:
    """Add up through the factors: ||L R||² is the trace of (LᵀL)(RRᵀ), two small matrices."""
    left, right = factors(job)
    yield job.left.tensor.bytes + job.right.tensor.bytes
    sums = Sums(largest=None, changed=None)
    sums.differences = job.scaling**2 * float(((left.T @ left) * (right @ right.T)).sum())
    tensor, products = job.before.tensor, 0.0
    columns = max(1, tensor.shape[1])
    rows = max(1, CHUNK // columns)
    with opened_place(job.before) as before:
        for row in range(0, tensor.elements // columns, rows):
            raw = before.read(row * columns, rows * columns)
            weights = _finite(sums, decode_doubles(raw, tensor.dtype)).reshape(-1, columns)
            part = left[row : row + len(weights)]
            sums.before += float((weights * weights).sum())
            products += job.scaling * float(((weights @ right.T) * part).sum())
            yield len(raw)
    sums.products = sums.before + products
    sums.after = sums.before + 2 * products + sums.differences
    return sums


def _finite(sums: Sums, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Count what is NaN or infinite, and put zeros there."""
    import numpy as np

    finite = np.isfinite(weights)
    sums.not_finite += int(weights.size - np.count_nonzero(finite))
    return np.where(finite, weights, 0.0)
