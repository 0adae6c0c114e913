"""The KeyToken rule: which prompt tokens carry the answer.

The two branches are the paper's (arXiv 2509.24675). It publishes neither the threshold alpha, the
count beta nor the normalisation N; those, and their defaults, are ours. Knows nothing of models.
"""

from __future__ import annotations

from collections.abc import Sequence

from attribution.errors import BadOption
from attribution.types import Attribution, KeyTokenRule, KeyTokens, Nats
from attribution.units import Unit, groups


def units(attribution: Attribution) -> tuple[Unit, ...]:
    """Return what was removed at a time, measured or not, in prompt order.

    Every token of a word or a sentence that was removed whole carries its contribution; whoever
    adds up, ranks or counts contributions must take it once. Tokens in none stand alone.
    """
    positions = range(len(attribution.contributions))
    whole = groups(attribution.prompt, attribution.granularity)
    inside = {position for unit in whole for position in unit}
    alone = ((position,) for position in positions if position not in inside)
    return tuple(sorted((*whole, *alone)))


def key_tokens(attribution: Attribution, rule: KeyTokenRule) -> KeyTokens:
    """Apply `rule`: P = {i : C_i > 0}; if len(P) < beta then K = P, else K = {N(C)_i > alpha}.

    A token that was not measured is never a KeyToken. Raises `BadOption`.
    """
    _check(rule)
    return KeyTokens(_chosen(units(attribution), attribution.contributions, rule), rule)


def belongs(attribution: Attribution, rule: KeyTokenRule) -> tuple[float | None, ...]:
    """Return the probability that each prompt token is a KeyToken; None where that is not known.

    Of an exact attribution it is 1 or 0. Of an approximate one it is (k + 1) / (m + 2), by Laplace,
    where the rule picks the token in k of m draws: a few dozen of them make nothing certain. Only a
    token that is the same in all of them and not positive, as a measured one is, has 0: the rule
    never picks it, whatever the others are. None without a contribution, and without draws. Ours.
    Raises `BadOption`.
    """
    _check(rule)
    whole = units(attribution)
    if attribution.approximation is None:
        chosen = frozenset(_chosen(whole, attribution.contributions, rule))
        return tuple(
            None if contribution is None else float(i in chosen)
            for i, contribution in enumerate(attribution.contributions)
        )
    draws = attribution.approximation.draws
    picked = [0] * len(attribution.contributions)
    for draw in draws:
        for i in _chosen(whole, draw, rule):
            picked[i] += 1
    return tuple(_probability(count, [draw[i] for draw in draws]) for i, count in enumerate(picked))


def _probability(picked: int, drawn: Sequence[Nats | None]) -> float | None:
    """Rule of succession over the draws of one token."""
    known = [value for value in drawn if value is not None]
    if not known:
        return None
    if len(set(known)) == 1 and known[0] <= 0:
        return 0.0
    return (picked + 1) / (len(drawn) + 2)


def _chosen(
    whole: Sequence[Unit], contributions: Sequence[Nats | None], rule: KeyTokenRule
) -> tuple[int, ...]:
    """Return the positions that the rule picks."""
    positive = {
        unit: contribution
        for unit in whole
        if (contribution := contributions[unit[0]]) is not None and contribution > 0
    }
    if len(positive) < rule.beta:
        chosen = list(positive)
    else:
        normalised = _normalise(list(positive.values()), rule)
        chosen = [
            unit for unit, value in zip(positive, normalised, strict=True) if value > rule.alpha
        ]
    return tuple(sorted(position for unit in chosen for position in unit))


def _check(rule: KeyTokenRule) -> None:
    if not 0 <= rule.alpha < 1:
        raise BadOption("alpha", rule.alpha, "at least 0 and below 1")
    if rule.beta < 0:
        raise BadOption("beta", rule.beta, "a whole number, 0 or more")
    if rule.normalisation not in ("max", "sum", "minmax"):
        raise BadOption("normalisation", rule.normalisation, "max, sum or minmax")


def _normalise(values: list[float], rule: KeyTokenRule) -> list[float]:
    """N over the positive contributions, which are all that `values` holds."""
    if not values:
        return []
    largest, smallest = max(values), min(values)
    if rule.normalisation == "sum":
        total = sum(values)
        return [value / total for value in values]
    if rule.normalisation == "max":
        return [value / largest for value in values]
    if largest == smallest:
        # None stands out, so none may be dropped: every one is as large as the largest.
        return [1.0] * len(values)
    return [(value - smallest) / (largest - smallest) for value in values]
