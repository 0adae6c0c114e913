"""Whether it shows that a text was learned: how well a score tells the forget set from a holdout.

Each is the area under the ROC curve, 1 when all that is to be forgotten looks learned and all of
the holdout does not, 0.5 when they look alike. A score is higher the less a text looks learned:
loss, loss per compressed byte, and the mean surprise of the least expected tokens (Min-K), which
Min-K++ measures in standard deviations of what the model expected.

Min-K: arXiv 2310.16789; Min-K++: arXiv 2404.02936; loss and zlib: arXiv 2012.07805.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from math import sqrt
from statistics import fmean
from typing import TYPE_CHECKING

from attribution.types import Interval, Odds
from unpact_tui.metrics import _bootstrap
from unpact_tui.metrics._items import members
from unpact_tui.metrics._scored import Metric, Scored, Sides

if TYPE_CHECKING:
    from unpact_tui.metrics._bootstrap import Array, Statistic

NAMES = {
    "mia_loss": "AUC of the loss.",
    "mia_zlib": "AUC of the loss over the bytes of the compressed text.",
    "mia_min_k": "AUC of the mean surprise of the least expected 40 % of the tokens.",
    "mia_min_k_plus_plus": "AUC of the same, in standard deviations of what the model expected.",
}
NEEDS = "texts to forget and texts of a holdout, read token by token"

K = 0.4
_LEAST_VARIANCE = 1e-6


def auc(forget: Sequence[float], holdout: Sequence[float]) -> float:
    """Return the share of pairs in which the holdout has the higher score; a tie is half a pair."""
    import numpy as np

    ones = [np.ones((1, len(side))) for side in (forget, holdout)]
    return float(areas(forget, holdout)(ones)[0])


def areas(forget: Sequence[float], holdout: Sequence[float]) -> Statistic:
    """Make the statistic that `auc` is, for resamples of both sides."""
    import numpy as np

    first, second = np.asarray(forget, np.float64), np.asarray(holdout, np.float64)
    order = np.argsort(first, kind="stable")
    below = [np.searchsorted(first[order], second, side) for side in ("left", "right")]

    def shares(drawn: Sequence[Array]) -> Array:
        one, two = drawn
        under = np.cumsum(np.pad(one[:, order], ((0, 0), (1, 0))), axis=1)
        pairs = (under[:, below[0]] + under[:, below[1]]) / 2
        return (pairs * two).sum(axis=1) / (len(first) * len(second))

    return shares


def area(forget: Sequence[float], holdout: Sequence[float], seed: int) -> Interval:
    """Return the AUC with its interval."""
    sizes = [len(forget), len(holdout)]
    return _bootstrap.interval(auc(forget, holdout), sizes, areas(forget, holdout), seed)


def min_k(odds: Sequence[Odds], k: float = K) -> float:
    """Return minus the mean log-probability of the share `k` of least likely tokens."""
    return _surprise([token.logprob for token in odds], k)


def min_k_plus_plus(odds: Sequence[Odds], k: float = K) -> float:
    """Return the same of the log-probabilities less their mean, over their standard deviation."""
    return _surprise(
        [
            (token.logprob - token.mean) / sqrt(max(token.spread**2, _LEAST_VARIANCE))
            for token in odds
        ],
        k,
    )


def loss(item: Scored) -> float:
    """Return the mean surprise of an item's tokens."""
    read = fmean(token.logprob for token in item.odds) if item.logprob is None else item.logprob
    return -read


def loss_per_byte(item: Scored) -> float | None:
    """Return the loss over the bytes of the compressed text, if the text is known."""
    size = item.compressed
    if size is None and item.answer is not None and item.ask != "member":
        size = len(zlib.compress(item.answer.encode("utf-8", "surrogatepass")))
    return None if size is None else loss(item) / size


def compute(sides: Sides, seed: int) -> Iterator[Metric]:
    """Yield the metrics of the unlearned model."""
    for name, score in _SCORES.items():
        forget, holdout = scores(sides.unlearned, score)
        if forget and holdout:
            yield Metric(name, area(forget, holdout, seed))


def scores(
    items: Sequence[Scored], score: Callable[[Scored], float | None]
) -> tuple[list[float], list[float]]:
    """Return the scores of what is to be forgotten and of the holdout."""
    read = (
        (score(item) for item in side if item.odds or item.logprob is not None)
        for side in members(items)
    )
    forget, holdout = ([value for value in side if value is not None] for side in read)
    return forget, holdout


def min_k_of(item: Scored) -> float | None:
    """Return `min_k` of an item that was read token by token."""
    return min_k(item.odds) if item.odds else None


def _min_k_plus_plus_of(item: Scored) -> float | None:
    return min_k_plus_plus(item.odds) if item.odds else None


_SCORES: dict[str, Callable[[Scored], float | None]] = {
    "mia_loss": loss,
    "mia_zlib": loss_per_byte,
    "mia_min_k": min_k_of,
    "mia_min_k_plus_plus": _min_k_plus_plus_of,
}


def _surprise(values: Sequence[float], k: float) -> float:
    ordered = sorted(values)
    return -fmean(ordered[: max(1, int(len(ordered) * k))])
