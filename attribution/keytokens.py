"""The KeyToken rule: which prompt tokens carry the answer.

The two branches are the paper's (arXiv 2509.24675). It publishes neither the threshold alpha, the
count beta nor the normalisation N; those, and their defaults, are ours. Knows nothing of models.
"""

from __future__ import annotations

from attribution.errors import BadOption
from attribution.types import Attribution, KeyTokenRule, KeyTokens
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
    positive = {
        unit: contribution
        for unit in units(attribution)
        if (contribution := attribution.contributions[unit[0]]) is not None and contribution > 0
    }
    if len(positive) < rule.beta:
        chosen = list(positive)
    else:
        normalised = _normalise(list(positive.values()), rule)
        chosen = [
            unit for unit, value in zip(positive, normalised, strict=True) if value > rule.alpha
        ]
    return KeyTokens(tuple(sorted(position for unit in chosen for position in unit)), rule)


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
