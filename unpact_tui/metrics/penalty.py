"""Which words of what is to be forgotten became unlikely: its keywords, or every word. Ours.

The log-probability that unlearning took from each token of an answer to forget is

    loss = log p_base - log p_unlearned

averaged over the tokens of a kind within an answer, then over answers. "key" are the tokens of what
the answer is about, "content" those of other words that say something, "common" all others
(`attribution/penalty.py`). Indiscriminateness is the loss of common tokens over that of key tokens,
over the answers that have both: 0 is a penalty on keywords alone, 1 one on all words alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean

from attribution.penalty import KINDS, LEAST_LOSS, Profile, indiscriminateness, kinds_of, profile
from unpact_tui.metrics import _bootstrap
from unpact_tui.metrics._items import means
from unpact_tui.metrics._scored import Absent, Metric, Scored, Sides

NAMES = {
    "penalty_key": "Log-probability lost on the tokens of what an answer to forget is about, in "
    "nats per token (ours).",
    "penalty_content": "The same of other words that say something (ours).",
    "penalty_common": "The same of words that any answer may have, and of punctuation (ours).",
    "indiscriminateness": "Loss of common tokens over loss of key tokens: 0 is a penalty on "
    "keywords alone, 1 one on everything alike (ours).",
}
NEEDS = "the base beside it, and answers to forget that were read token by token on both"


def compute(sides: Sides, seed: int) -> Iterator[Metric | Absent]:
    """Yield what unlearning took, by the kind of token."""
    profiles = list(_profiles(sides))
    found = [(f"penalty_{kind}", [p.mean(kind) for p in profiles]) for kind in KINDS]
    yield from means(((n, [v for v in values if v is not None]) for n, values in found), seed)
    pairs = [(fmean(p.common), fmean(p.key)) for p in profiles if p.common and p.key]
    if pairs:
        yield _indiscriminateness(pairs, seed)
    elif profiles:
        yield Absent("indiscriminateness", "no answer has both keywords and common words")


def _profiles(sides: Sides) -> Iterator[Profile]:
    before = {item.id: item for item in sides.base if item.odds}
    for item in sides.unlearned:
        base = before.get(item.id)
        if _to_forget(item) and base is not None and base.pieces == item.pieces:
            kinds = kinds_of(item.pieces, item.entities)
            was, now = ([odds.logprob for odds in side.odds] for side in (base, item))
            yield profile(was, now, kinds)


def _to_forget(item: Scored) -> bool:
    asked = item.ask in ("answer", "continue") and item.split == "forget"
    return asked and bool(item.odds) and "holdout" not in item.part


def _indiscriminateness(pairs: Sequence[tuple[float, float]], seed: int) -> Metric | Absent:
    import numpy as np

    estimate = indiscriminateness(*(fmean(column) for column in zip(*pairs, strict=True)))
    if estimate is None:
        why = f"keywords lost less than {LEAST_LOSS} nats per token: nothing was penalised"
        return Absent("indiscriminateness", why)
    common, key = np.asarray(pairs, np.float64).T

    def ratios(drawn: Sequence[_bootstrap.Array]) -> _bootstrap.Array:
        # Both are sums over the same answers. A draw whose keywords lost nothing has no ratio.
        return (drawn[0] @ common) / np.maximum(drawn[0] @ key, LEAST_LOSS * len(pairs))

    interval = _bootstrap.interval(estimate, [len(pairs)], ratios, seed)
    return Metric("indiscriminateness", interval)
