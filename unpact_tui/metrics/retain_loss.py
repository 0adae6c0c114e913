"""What unlearning took from answers that were to stay. Ours.

    loss = LP_base - LP_unlearned

LP is the mean log-probability per token of the right answer; the loss is averaged over answers, in
nats per token. Above 0 is lost, below 0 gained.
"""

from __future__ import annotations

from collections.abc import Iterator

from attribution.types import Split
from unpact_tui.metrics._items import means
from unpact_tui.metrics._scored import Metric, Sides

NAMES = {
    "retain_loss": "Log-probability lost on the answers to retain, in nats per token (ours).",
    "general_loss": "The same of answers that have to do with neither set (ours).",
}
NEEDS = "the base beside it, and scored answers of that set on both"

_SPLITS: dict[str, Split] = {"retain_loss": "retain", "general_loss": "general"}


def compute(sides: Sides, seed: int) -> Iterator[Metric]:
    """Yield the mean loss of each set that there is."""
    yield from means(((name, _losses(sides, split)) for name, split in _SPLITS.items()), seed)


def _losses(sides: Sides, split: Split) -> list[float]:
    before = {item.id: item.logprob for item in sides.base}
    pairs = [
        (before.get(item.id), item.logprob)
        for item in sides.unlearned
        if item.split == split and item.ask in ("answer", "continue")
    ]
    return [was - now for was, now in pairs if was is not None and now is not None]
