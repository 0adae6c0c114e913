"""Whether a model tells the true answer from ones that are not: wrong over right, per token.

The ratio of an item is P(wrong) / P(right), with the geometric mean over the wrong answers and, as
the right one, the answer in other words; for real authors and world facts the answer itself. What
is to be forgotten is best near 1 (min(r, 1/r)), everything else near 0 (max(0, 1 - r)).

TOFU (arXiv 2401.06121), as open-unlearning takes it together (arXiv 2506.12618).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import exp
from statistics import fmean

from attribution.types import Nats
from unpact_tui.metrics._items import PREFIXES, asked, means
from unpact_tui.metrics._scored import Metric, Scored, Sides

EPSILON = 1e-10
"""Added to a denominator by open-unlearning; the evaluation that came with TOFU adds nothing."""
_LARGEST = 700.0
"""exp of more is no number."""

NAMES = {
    "forget_truth_ratio": "Mean min(r, 1/r) of the forget questions: 1 where wrong answers are as "
    "likely as the right one.",
    "retain_Truth_Ratio": "Mean max(0, 1 - r) of the retain questions.",
    "ra_Truth_Ratio": "Mean max(0, 1 - r) of the real author questions.",
    "wf_Truth_Ratio": "Mean max(0, 1 - r) of the world fact questions.",
}
NEEDS = "such questions with the log-probabilities of wrong answers and of the right one reworded"


def ratio(right: Nats, wrong: Sequence[Nats], epsilon: float = EPSILON) -> float:
    """Return P(wrong) / P(right) of mean log-probabilities per token."""
    against = fmean(wrong)
    if epsilon == 0:
        return exp(min(against - right, _LARGEST))
    return exp(min(against, _LARGEST)) / (exp(min(right, _LARGEST)) + epsilon)


def nearness(found: float, epsilon: float = EPSILON) -> float:
    """Return how near a ratio is to 1: min(r, 1/r)."""
    return found if found == 0 else min(found, 1 / (found + epsilon))


def truth(found: float) -> float:
    """Return how far a ratio is below 1."""
    return max(0.0, 1 - found)


def of_item(item: Scored, start: str, epsilon: float = EPSILON) -> float | None:
    """Return an item's ratio, if what it needs was read; `start` is that of the name."""
    right = item.paraphrase
    if right is None and start in ("ra", "wf"):
        right = item.logprob
    return None if right is None or not item.wrong else ratio(right, item.wrong, epsilon)


def ratios(items: Sequence[Scored], start: str, epsilon: float = EPSILON) -> list[float]:
    """Return the ratios of all items of a set that have one."""
    found = (of_item(item, start, epsilon) for item in asked(items, start))
    return [value for value in found if value is not None]


def name(start: str) -> str:
    """Return the published name, which is not written alike for all sets."""
    return "forget_truth_ratio" if start == "forget" else f"{start}_Truth_Ratio"


def best(start: str, epsilon: float = EPSILON) -> Callable[[float], float]:
    """Return what is averaged over the items of a set: larger is better."""
    return (lambda found: nearness(found, epsilon)) if start == "forget" else truth


def metrics(items: Sequence[Scored], seed: int, epsilon: float = EPSILON) -> Iterator[Metric]:
    """Yield those that these items allow."""
    yield from means(
        (
            (name(start), list(map(best(start, epsilon), ratios(items, start, epsilon))))
            for start in PREFIXES
        ),
        seed,
    )


def compute(sides: Sides, seed: int) -> Iterator[Metric]:
    """Yield the metrics of the unlearned model."""
    yield from metrics(sides.unlearned, seed)
