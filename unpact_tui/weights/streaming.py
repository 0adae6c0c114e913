"""Reads two sides tensor by tensor, in chunks, and says after each what is known.

Memory stays at some tens of megabytes whatever the tensors' sizes, except for the two factors of a
low-rank addition, which are held whole. Leaving the loop stops the reading. No torch; numpy is
imported when the first tensor is read.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

from unpact_tui.errors import NotFiniteWeights
from unpact_tui.regular_files import opened, read_exactly
from unpact_tui.safetensors_header import BITS, short
from unpact_tui.weights.change import TensorChange, WeightChange
from unpact_tui.weights.decoding import decode_doubles
from unpact_tui.weights.pairing import LowRank, Pairs, Whole, pairs
from unpact_tui.weights.sides import Place, Side, Source, base_side, second_side
from unpact_tui.weights.sums import Sums, add

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CHUNK = 1 << 21
"""Elements that are read at a time, of each side."""

_Read = Generator[int, None, Sums]
"""Yields bytes read since the last time."""


def changes(base: Source, unlearned: Source) -> Generator[WeightChange, None, WeightChange]:
    """Yield what is known after each chunk and return the whole, which was also the last yielded.

    Raises every `CheckpointError` that reading headers and tensors can. What cannot be compared,
    such as a tensor of another shape, is in `missing`.
    """
    return stream(base_side(base), second_side(unlearned))


def stream(base: Side, second: Side) -> Generator[WeightChange, None, WeightChange]:
    """Do the same for sides whose headers are read."""
    found = pairs(base, second)
    known: list[TensorChange] = []
    seen: tuple[TensorChange, ...] = ()
    done, total = 0, sum(job.bytes for job in found.jobs)
    for job in found.jobs:
        name = job.before.tensor.name
        reading = _read(job)
        while True:
            try:
                done += next(reading)
            except StopIteration as end:
                known.append(end.value.result(name, job.before.tensor.shape, _dtype(job)))
                seen = tuple(known)
                break
            yield _so_far(found, seen, done, total, name)
        yield _so_far(found, seen, done, total, name)
    whole = WeightChange(seen, done, total, True, found.missing, found.untouched)
    yield whole
    return whole


def _so_far(
    found: Pairs, seen: tuple[TensorChange, ...], done: int, total: int, name: str
) -> WeightChange:
    return WeightChange(seen, done, total, False, found.missing, found.untouched, name)


def _dtype(job: Whole | LowRank) -> str:
    before = job.before.tensor.dtype
    after = job.after.tensor.dtype if isinstance(job, Whole) else before
    return before if before == after else f"{before}/{after}"


def _read(job: Whole | LowRank) -> _Read:
    return _read_whole(job) if isinstance(job, Whole) else _read_low_rank(job)


def _read_whole(job: Whole) -> _Read:
    sums = Sums()
    dtypes = job.before.tensor.dtype, job.after.tensor.dtype
    chunks = (_chunks(place, CHUNK) for place in (job.before, job.after))
    for before, after in zip(*chunks, strict=True):
        add(sums, before, dtypes[0], after, dtypes[1])
        yield len(before) + len(after)
    return sums


def _read_low_rank(job: LowRank) -> _Read:
    """Add up through the factors: ||L R||² is the trace of (LᵀL)(RRᵀ), two small matrices."""
    left, right = _matrix(job.left), _matrix(job.right)
    if job.transposed:
        left, right = right.T, left.T
    yield job.left.tensor.bytes + job.right.tensor.bytes
    sums = Sums(largest=None, changed=None)
    sums.differences = job.scaling**2 * float(((left.T @ left) * (right @ right.T)).sum())
    tensor, row, products = job.before.tensor, 0, 0.0
    columns = tensor.shape[1]
    rows = max(1, CHUNK // max(1, columns))
    for raw in _chunks(job.before, rows * columns):
        weights = _finite(sums, decode_doubles(raw, tensor.dtype)).reshape(-1, columns)
        part = left[row : row + len(weights)]
        sums.before += float((weights * weights).sum())
        products += job.scaling * float(((weights @ right.T) * part).sum())
        row += len(weights)
        yield len(raw)
    sums.products = sums.before + products
    sums.after = sums.before + 2 * products + sums.differences
    return sums


def _matrix(place: Place) -> NDArray[np.float64]:
    """Return a factor. Raises `NotFiniteWeights`: a product with it would say nothing."""
    import numpy as np

    tensor = place.tensor
    with opened(place.path) as file:
        file.seek(tensor.start)
        numbers = decode_doubles(read_exactly(place.path, file, tensor.bytes), tensor.dtype)
    if not np.isfinite(numbers).all():
        raise NotFiniteWeights(place.path, short(tensor.name))
    return numbers.reshape(tensor.shape)


def _finite(sums: Sums, weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Count what is NaN or infinite, and put zeros there."""
    import numpy as np

    finite = np.isfinite(weights)
    sums.not_finite += int(weights.size - np.count_nonzero(finite))
    return np.where(finite, weights, 0.0)


def _chunks(place: Place, elements: int) -> Iterator[bytes]:
    """Yield a tensor's bytes, so many elements at a time. Raises `Unreadable`."""
    tensor = place.tensor
    left, step = tensor.bytes, max(1, elements) * BITS[tensor.dtype] // 8
    with opened(place.path) as file:
        file.seek(tensor.start)
        while left > 0:
            piece = read_exactly(place.path, file, min(left, step))
            yield piece
            left -= len(piece)
