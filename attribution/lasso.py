"""A sparse linear surrogate of numbers read at 0/1 rows: LASSO, and least squares on its choice.

Knows rows and columns, neither prompts nor models. LASSO decides which columns count. It also
shrinks what it keeps, by an amount that depends on the penalty, and a difference of two models
would show that as a change; so the columns it chose are fitted again without a penalty (Belloni and
Chernozhukov, arXiv 1001.0188). The penalty is the one whose refitted predictions are best on rows
left out. Plain numbers in and out; numpy inside.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from attribution.types import Interval

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]
    Flags = NDArray[np.bool_]
    Held = tuple[Array, NDArray[np.int64]]
    """Squared misses (rows, penalties), infinite where not fitted, and the fold of each row."""

_FOLDS = 5
_PENALTIES = tuple(10 ** (-k / 8) for k in range(21))
"""As shares of the least penalty at which no column counts: 1 to .003."""
_NONE = 0.0
"""No penalty: every column counts."""
_SWEEPS = 200
_TOLERANCE = 1e-5
_RESAMPLES = 1000
_LEVEL = 0.95
FEWEST = 8
"""Rows below which nothing is left out, so no penalty is chosen and no R^2 given."""


@dataclass(frozen=True, slots=True)
class Surrogate:
    """What each column adds to a number, chosen and fitted."""

    weights: tuple[tuple[float, ...] | None, ...]
    """Per column, one for each number of a row; None for a column that never varied."""
    draws: tuple[tuple[float | None, ...], ...] = ()
    """The same for the mean of a row's numbers, fitted again with random weights on the rows."""
    r_squared: Interval | None = None
    """Of the mean of a row's numbers, on rows left out of the fit and of the penalty's choice."""


def fit(
    rows: Sequence[Sequence[float]],
    numbers: Sequence[Sequence[float]],
    *,
    seed: int,
    draws: int = 0,
    dense: bool = False,
) -> Surrogate:
    """Fit the surrogate; the first row is never left out.

    Every row has a value per column, and as many numbers as the others. `dense`: every column
    counts. With `draws`, R^2 is given too, where there are rows enough.
    """
    import numpy as np

    generator = np.random.default_rng(seed)
    x, y = np.array(rows, np.float64), np.array(numbers, np.float64)
    mean, even, varies = y.mean(1), np.ones(len(x)), np.ptp(x, axis=0) > 0
    held = _left_out(x, mean, generator, dense=dense)
    penalty = _NONE if dense else (*_PENALTIES, _NONE)[_best(held[0])]
    near = np.zeros(x.shape[1])
    weights, _ = _least_squares(x, y, even, _chosen(x, mean, even, penalty, near))
    drawn: list[Array] = []
    for _ in range(draws):
        # Rubin's bootstrap: no row drops out, so no column becomes constant.
        share = generator.exponential(size=len(x))
        chosen = _chosen(x, mean, share, penalty, near.copy())
        drawn.append(_least_squares(x, mean[:, None], share, chosen)[0][:, 0])
    return Surrogate(
        weights=tuple(
            tuple(map(float, weight)) if v else None
            for weight, v in zip(weights, varies, strict=True)
        ),
        draws=tuple(
            tuple(float(weight) if v else None for weight, v in zip(draw, varies, strict=True))
            for draw in drawn
        ),
        r_squared=_r_squared(mean, held, generator) if draws else None,
    )


def descend(x: Array, y: Array, penalty: float, weights: Array) -> None:
    """Minimise |y - x w|^2 / 2 + penalty |w|_1 from `weights` on, in place, one by one.

    Every column of `x` has length 1, or is zero.
    """
    import numpy as np

    columns = np.ascontiguousarray(x.T)
    rest = y - x @ weights
    enough = _TOLERANCE * float(np.linalg.norm(y))
    for _ in range(_SWEEPS):
        moved = 0.0
        for j in np.flatnonzero((weights != 0) | (np.abs(columns @ rest) > penalty)):
            old = float(weights[j])
            pull = float(columns[j] @ rest) + old
            new = max(pull - penalty, 0.0) + min(pull + penalty, 0.0)
            if new != old:
                rest += columns[j] * (old - new)
                weights[j] = new
                moved = max(moved, abs(new - old))
        if moved <= enough:
            return


def _standardised(x: Array, y: Array, share: Array) -> tuple[Array, Array]:
    """Centre both and give every column length 1: one that rarely varies counts like the rest."""
    import numpy as np

    root = np.sqrt(share / share.sum())[:, None]
    x = root * (x - share @ x / share.sum())
    length = np.sqrt((x * x).sum(0))
    x = np.where(length > 1e-12, x / np.maximum(length, 1e-12), 0.0)
    return x, root[:, 0] * (y - share @ y / share.sum())


def _path(x: Array, y: Array, share: Array) -> Iterator[tuple[int, Flags]]:
    """Yield the number of each penalty and what counts at it, until too many columns do."""
    import numpy as np

    x, y = _standardised(x, y, share)
    most = float(np.abs(x.T @ y).max())
    weights = np.zeros(x.shape[1])
    for k, penalty in enumerate(_PENALTIES):
        descend(x, y, penalty * most, weights)
        if np.count_nonzero(weights) > len(x) // 2:
            return
        yield k, weights != 0


def _chosen(x: Array, y: Array, share: Array, penalty: float, near: Array) -> Flags:
    """Return the columns that count at one penalty; `near` is where to start, and is changed."""
    import numpy as np

    if penalty == _NONE:
        return np.ptp(x, axis=0) > 0
    x, y = _standardised(x, y, share)
    descend(x, y, penalty * float(np.abs(x.T @ y).max()), near)
    return near != 0


def _least_squares(x: Array, y: Array, share: Array, chosen: Flags) -> tuple[Array, Array]:
    """Return weights (columns, numbers), 0 where not chosen, and the intercept (numbers)."""
    import numpy as np

    root = np.sqrt(share)[:, None]
    x_mean, y_mean = share @ x / share.sum(), share @ y / share.sum()
    weights = np.zeros((x.shape[1], y.shape[1]))
    if chosen.any():
        part = root * (x - x_mean)[:, chosen]
        weights[chosen] = np.linalg.lstsq(part, root * (y - y_mean))[0]
    return weights, y_mean - x_mean @ weights


def _left_out(x: Array, y: Array, generator: np.random.Generator, *, dense: bool) -> Held:
    """Predict each row but the first from the other folds, once for each penalty."""
    import numpy as np

    fold = np.full(len(x), -1)
    fold[1:] = generator.permutation(np.arange(len(x) - 1) % _FOLDS)
    missed = np.full((len(x), len(_PENALTIES) + 1), np.inf)
    missed[0] = 0.0
    for held in (fold == f for f in range(_FOLDS)):
        kept_x, kept_y = x[~held], y[~held]
        even = np.ones(len(kept_x))
        choices = [] if dense else list(_path(kept_x, kept_y, even))
        if dense or x.shape[1] + 1 < len(kept_x):
            choices.append((-1, np.ptp(kept_x, axis=0) > 0))
        for k, chosen in choices:
            weights, intercept = _least_squares(kept_x, kept_y[:, None], even, chosen)
            missed[held, k] = (y[held] - x[held] @ weights[:, 0] - intercept[0]) ** 2
    missed[:, np.isinf(missed).any(0)] = np.inf  # one that a fold did not reach is not to be had
    return missed, fold


def _best(missed: Array) -> int:
    return int(missed.sum(0).argmin())


def _r_squared(y: Array, held: Held, generator: np.random.Generator) -> Interval | None:
    """Return 1 - squared misses / squared distances from the mean, with a bootstrap interval.

    What is missed in a fold is judged at the penalty that is best for the others.
    """
    import numpy as np

    missed, fold = held
    if len(y) - 1 < FEWEST or np.ptp(y[1:]) == 0:
        return None
    best = [_best(missed[fold != f]) for f in range(_FOLDS)]
    true, off = y[1:], np.array([missed[i, best[fold[i]]] for i in range(1, len(y))])
    drawn = generator.integers(len(true), size=(_RESAMPLES, len(true)))
    spread = true[drawn].var(1)
    resampled = 1 - off[drawn].mean(1)[spread > 0] / spread[spread > 0]
    lower, upper = np.quantile(resampled, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    found = float(1 - off.mean() / true.var())
    return Interval(found, min(found, float(lower)), max(found, float(upper)), len(true))
