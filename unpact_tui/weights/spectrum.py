"""The squared singular values of a matrix that is seen a few rows at a time, and what they say.

Of a small matrix all of them, from its products with itself; of a large one the largest, from a
sketch: a seeded random basis that is led towards the main directions by the matrix itself. A sketch
finds the matrix at most as large as it is along each direction, so what it holds is never too much.
Sources: Halko, Martinsson and Tropp 2011, arXiv 0909.4061, algorithm 4.4, for the sketch; Roy and
Vetterli 2007 for the effective rank. Sizes and bounds are ours. Knows no file.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING

from unpact_tui.weights.change import Rank

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]
    Squares = NDArray[np.float64]
    Rows = Callable[[], Iterator[Floats]]

SKETCH = 64
"""Directions that a sketch looks for."""
SURE = SKETCH // 4
"""Ours: the first so many of a sketch are found at nearly their size."""
SMALL = 256
"""The shorter side up to which every singular value is computed."""
MOST = 0.9
"""Ours: the share of the squared change whose directions are counted."""
SLACK = 1e-5
"""The share that sums in float32 may lose."""

Steps = Generator[None, None, "Squares"]
"""Rests after every few rows."""


def all_squares(rows: Rows, tall: bool) -> Steps:
    """Return all squared singular values, largest first, of a matrix whose shorter side is small.

    A `tall` one has fewer columns than rows; of another, all rows must come at once.
    """
    import numpy as np

    gram = np.zeros((0, 0))
    for piece in rows():
        for part in (piece,) if tall else _columns(piece):
            exact = part.astype(np.float64)
            product = exact.T @ exact if tall else exact @ exact.T
            gram = gram + product if gram.size else product
            yield
    return _values(gram)


def _columns(piece: Floats) -> Iterator[Floats]:
    step = max(1, (1 << 21) // max(1, len(piece)))
    for first in range(0, piece.shape[1], step):
        yield piece[:, first : first + step]


def sketched_squares(rows: Rows, columns: int, rounds: int) -> Steps:
    """Return the largest squared singular values; the matrix is read once more than `rounds`."""
    import numpy as np

    basis = np.random.default_rng(0).standard_normal((columns, SKETCH), np.float32)
    for _ in range(rounds):
        image = np.zeros((columns, SKETCH), np.float32)
        for piece in rows():
            image += piece.T @ (piece @ basis)
            yield
        basis = np.linalg.qr(image)[0]
    gram = np.zeros((SKETCH, SKETCH))
    for piece in rows():
        seen = (piece @ basis).astype(np.float64)
        gram += seen.T @ seen
        yield
    return _values(gram)


def product_squares(left: Squares, right: Squares) -> Squares:
    """Return the squared singular values of left @ right, which is not formed."""
    import numpy as np

    first, last = np.linalg.qr(left), np.linalg.qr(right.T)
    return np.linalg.svd(first.R @ last.R.T, compute_uv=False).astype(np.float64) ** 2


def _values(gram: Squares) -> Squares:
    import numpy as np

    return np.maximum(np.linalg.eigvalsh(gram)[::-1], 0.0)


def told(name: str, squares: Squares, total: float, noise: float, *, exact: bool) -> Rank:
    """Return what squared singular values say of a matrix whose squares have this total.

    `noise` is the share of the total that rounding explains.
    """
    import numpy as np

    shares = squares / (float(squares.sum()) if exact else total)
    held = min(1.0, float(shares.sum()))
    sums = np.cumsum(shares)
    seen = shares[shares > 0]
    entropy = -float((seen * np.log(seen)).sum())
    rest = 0.0 if exact else max(0.0, 1.0 - held)
    if rest > SLACK and seen.size:
        # As few directions as the rest may have: the last of a sketch are found too small, so the
        # rest is taken to be made of larger ones.
        entropy -= rest * math.log(min(rest, float(seen[min(seen.size, SURE) - 1])))
    allowed = max(SLACK, noise)
    return Rank(
        name=name,
        top=min(1.0, float(shares[0])),
        effective=math.exp(entropy),
        directions=_fewest(sums, MOST),
        rank=None if allowed >= 1 - MOST else _fewest(sums, 1.0 - allowed),
        held=1.0 if exact else held,
        exact=exact,
    )


def _fewest(sums: Squares, enough: float) -> int | None:
    import numpy as np

    place = int(np.searchsorted(sums, enough))
    return place + 1 if place < sums.size else None
