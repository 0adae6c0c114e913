"""How many tokens of an answer are the likeliest where they stand, the ones before being given.

Tirumala et al. (arXiv 2205.10770), as open-unlearning takes it (arXiv 2506.12618).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from unpact_tui.metrics._items import learned, means
from unpact_tui.metrics._scored import Metric, Sides

NAMES = {
    "exact_memorization": "Share of the answer's tokens that are likeliest where they stand, mean "
    "over what is to forget."
}
NEEDS = "forget items whose answers were read token by token"


def share(first: Sequence[bool]) -> float:
    """Return the share of tokens than which no other was likelier."""
    return sum(first) / len(first)


def compute(sides: Sides, seed: int) -> Iterator[Metric]:
    """Yield the metric of the unlearned model."""
    read = [[odds.first for odds in item.odds] for item in learned(sides.unlearned) if item.odds]
    yield from means(iter([("exact_memorization", [share(first) for first in read])]), seed)
