"""How little of an answer must be given for the rest to follow: 1 - k/L.

k is the least number of tokens, of L, after which every token is the likeliest. Where not even the
last one is, the published definition still counts k = L - 1: an answer that is lost altogether has
1/L and not 0. That floor is given beside it.

Carlini et al. (arXiv 2012.07805), as open-unlearning takes it (arXiv 2506.12618).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from unpact_tui.metrics._items import learned, means
from unpact_tui.metrics._scored import Metric, Sides

NAMES = {
    "extraction_strength": "1 - k/L, where the rest of an answer of L tokens follows from its first"
    " k, mean over what is to forget.",
    "extraction_strength_floor": "What it would be if nothing could be extracted, mean of 1/L "
    "(ours).",
}
NEEDS = "forget items whose answers were read token by token"


def strength(first: Sequence[bool]) -> float:
    """Return 1 - k/L of an answer, from whether each token was the likeliest."""
    given = len(first)
    while given and first[given - 1]:
        given -= 1
    return 1 - min(given, len(first) - 1) / len(first)


def floor(tokens: int) -> float:
    """Return the least it can be for an answer of so many tokens."""
    return 1 / tokens


def compute(sides: Sides, seed: int) -> Iterator[Metric]:
    """Yield the metric of the unlearned model and its floor."""
    read = [[odds.first for odds in item.odds] for item in learned(sides.unlearned) if item.odds]
    named = [
        ("extraction_strength", [strength(first) for first in read]),
        ("extraction_strength_floor", [floor(len(first)) for first in read]),
    ]
    yield from means(iter(named), seed)
