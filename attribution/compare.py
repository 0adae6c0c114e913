"""How the contributions to one answer moved between two models.

Knows nothing of what the models are. Overlap and focus kept are ours; the paper defines neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import correlation

from attribution.errors import PromptMismatch
from attribution.keytokens import units
from attribution.types import Attribution, KeyTokens, Nats, Shift
from attribution.units import Unit

LEAST_RANKED = 3
"""Two points always correlate perfectly; from here on a rank correlation says something."""

_FOCUS = 0.01
"""Least focus of the base, in nats, of which a share says something. Ours."""


def shift(
    base: Attribution, unlearned: Attribution, base_keys: KeyTokens, unlearned_keys: KeyTokens
) -> Shift:
    """Compare two attributions of the same answer to the same prompt, where both measured.

    Raises `PromptMismatch`.
    """
    _check(base, unlearned)
    whole = units(base)
    both = [unit for unit in whole if _measured(base, unit) and _measured(unlearned, unit)]
    return Shift(
        delta=tuple(
            None if before is None or after is None else after - before
            for before, after in zip(base.contributions, unlearned.contributions, strict=True)
        ),
        overlap=_overlap(_chosen(both, base_keys), _chosen(both, unlearned_keys)),
        rank_correlation=rank_correlation(
            [base.contributions[unit[0]] or 0.0 for unit in both],
            [unlearned.contributions[unit[0]] or 0.0 for unit in both],
        ),
        focus_kept=_focus_kept(base, unlearned, _chosen(whole, base_keys)),
    )


def rank_correlation(left: Sequence[float], right: Sequence[float]) -> float | None:
    """Return Spearman's rho with average ranks for ties; None when it is not defined."""
    if len(left) < LEAST_RANKED or len(set(left)) == 1 or len(set(right)) == 1:
        return None
    return correlation(_ranks(left), _ranks(right))


def _check(base: Attribution, unlearned: Attribution) -> None:
    for what, same in (
        ("prompts", base.prompt.ids == unlearned.prompt.ids),
        ("answers", base.answer.ids == unlearned.answer.ids),
        ("estimators", base.estimator == unlearned.estimator),
        ("granularities", base.granularity == unlearned.granularity),
    ):
        if not same:
            raise PromptMismatch(what)


def _measured(attribution: Attribution, unit: Unit) -> bool:
    return attribution.contributions[unit[0]] is not None


def _chosen(whole: Sequence[Unit], keys: KeyTokens) -> frozenset[Unit]:
    positions = frozenset(keys.positions)
    return frozenset(unit for unit in whole if not positions.isdisjoint(unit))


def _overlap(left: frozenset[Unit], right: frozenset[Unit]) -> float | None:
    """Jaccard index; two empty sets have none."""
    either = left | right
    return len(left & right) / len(either) if either else None


def _ranks(values: Sequence[float]) -> list[float]:
    """Ranks from 1; equal values share the mean of the ranks they would have had."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    first = 0
    while first < len(order):
        last = first
        while last + 1 < len(order) and values[order[last + 1]] == values[order[first]]:
            last += 1
        for place in order[first : last + 1]:
            ranks[place] = (first + last) / 2 + 1
        first = last + 1
    return ranks


def _focus_kept(base: Attribution, unlearned: Attribution, keys: frozenset[Unit]) -> float | None:
    """Positive contributions at the base's KeyTokens, unlearned / base; None without any to speak
    of, because a share of nothing is noise."""
    before = sum(_positive(base.contributions[unit[0]]) for unit in keys)
    if before < _FOCUS or any(unlearned.contributions[unit[0]] is None for unit in keys):
        return None
    return sum(_positive(unlearned.contributions[unit[0]]) for unit in keys) / before


def _positive(contribution: Nats | None) -> float:
    return max(contribution or 0.0, 0.0)
