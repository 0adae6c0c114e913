"""Which items a published name is about.

TOFU names its sets `forget`, `retain`, `ra` (real authors) and `wf` (world facts) and MUSE asks for
knowledge (`knowmem`) and for a text to be continued. Other benchmarks fall in by what their items
are for. Knows no formula.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from unpact_tui.metrics._bootstrap import mean
from unpact_tui.metrics._scored import Metric, Scored

PREFIXES = ("forget", "retain", "ra", "wf")
"""Of the published names of questions with an answer."""
_GENERAL = {"real_authors": "ra", "world_facts": "wf"}


def prefix(item: Scored) -> str | None:
    """Return how the names of metrics of a question begin; None for what is no such question."""
    if item.ask != "answer" or "holdout" in item.part or "knowmem" in item.part:
        return None
    for part, general in _GENERAL.items():
        if part in item.part:
            return general
    return None if item.split == "general" else item.split


def asked(items: Sequence[Scored], start: str) -> tuple[Scored, ...]:
    """Return the questions whose metrics begin with `start`."""
    return tuple(item for item in items if prefix(item) == start)


def knowledge(items: Sequence[Scored], split: str) -> tuple[Scored, ...]:
    """Return MUSE's questions about what is to forget, or about what is to retain."""
    return tuple(
        item
        for item in items
        if item.ask == "answer" and "knowmem" in item.part and item.split == split
    )


def recited(items: Sequence[Scored]) -> tuple[Scored, ...]:
    """Return the texts to forget whose beginning a model is to continue."""
    return tuple(item for item in items if item.ask == "continue" and item.split == "forget")


def learned(items: Sequence[Scored]) -> tuple[Scored, ...]:
    """Return what may be memorised word by word: answers and continuations to forget."""
    return (*asked(items, "forget"), *recited(items))


def members(items: Sequence[Scored]) -> tuple[tuple[Scored, ...], tuple[Scored, ...]]:
    """Return what is to forget and what no model has seen: whole texts, or else answers."""
    for ask in ("member", "answer"):
        of_kind = [item for item in items if item.ask == ask and "knowmem" not in item.part]
        holdout = tuple(item for item in of_kind if "holdout" in item.part)
        # Of the same benchmark: forget01 goes with holdout01, and a text with texts like it.
        parts = {item.part.replace("holdout", "forget") for item in holdout}
        forget = tuple(item for item in of_kind if any(map(item.part.startswith, parts)))
        if forget and holdout:
            return forget, holdout
    return (), ()


def means(named: Iterator[tuple[str, list[float]]], seed: int) -> Iterator[Metric]:
    """Yield the mean of every name that has values."""
    for name, values in named:
        if values:
            yield Metric(name, mean(values, seed))
