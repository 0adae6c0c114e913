"""How much of the answer is in what the model wrote: ROUGE-L recall, words stemmed.

By the rouge-score package, which drops every letter beyond ASCII.

TOFU (arXiv 2401.06121).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from importlib import import_module
from typing import Protocol

from unpact_tui.metrics._items import PREFIXES, asked, means
from unpact_tui.metrics._scored import Metric, Scored, Sides

NAMES = {
    f"{start}_Q_A_ROUGE": f"ROUGE-L recall of the answer, mean over the {where} questions."
    for start, where in zip(
        PREFIXES, ("forget", "retain", "real author", "world fact"), strict=True
    )
} | {
    f"{part}_ROUGE": f"ROUGE-L recall of the answer, mean over RWKU's {part} (ours by name)."
    for part in (*(f"forget_level{n}" for n in (1, 2, 3)), "neighbor_level1", "neighbor_level2")
}
_LEVEL = "_level"
NEEDS = "such questions with their answer and with what the model wrote"


class RougeL(Protocol):
    """What the package says of two texts."""

    recall: float
    fmeasure: float


class _Scorer(Protocol):
    def score(self, target: str, prediction: str) -> Mapping[str, RougeL]: ...


@cache
def _scorer(*, stemmer: bool) -> _Scorer:
    # By name, for it has no types; deferred, for it brings numpy and nltk along.
    return import_module("rouge_score.rouge_scorer").RougeScorer(["rougeL"], use_stemmer=stemmer)


@lru_cache(maxsize=20_000)
def rouge_l(answer: str, text: str, *, stemmer: bool) -> RougeL:
    """Return ROUGE-L of what was written against the answer; kept, for several metrics ask."""
    return _scorer(stemmer=stemmer).score(answer, text)["rougeL"]


def recall(item: Scored) -> float | None:
    """Return an item's recall, stemmed, if a model wrote something for it."""
    if item.answer is None or item.generation is None:
        return None
    return rouge_l(item.answer, item.generation, stemmer=True).recall


def metrics(items: Sequence[Scored], seed: int) -> Iterator[Metric]:
    """Yield those that these items allow."""
    for start in PREFIXES:
        found = (recall(item) for item in asked(items, start))
        values = [value for value in found if value is not None]
        yield from means(iter([(f"{start}_Q_A_ROUGE", values)]), seed)
    for part in sorted({item.part for item in items if _LEVEL in item.part}):
        found = (recall(item) for item in items if item.part == part)
        values = [value for value in found if value is not None]
        yield from means(iter([(f"{part}_ROUGE", values)]), seed)


def compute(sides: Sides, seed: int) -> Iterator[Metric]:
    """Yield the metrics of the unlearned model."""
    yield from metrics(sides.unlearned, seed)
