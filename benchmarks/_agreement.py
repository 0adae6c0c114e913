"""How far an estimate is from exact contributions, where it matters: on the KeyTokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from attribution.compare import rank_correlation
from attribution.keytokens import key_tokens
from attribution.types import Attribution, KeyTokenRule, Nats


@dataclass(frozen=True, slots=True)
class Agreement:
    """An estimator's result beside the exact one of the same prompt and answer."""

    key_tokens: int
    """KeyTokens by the exact contributions."""
    found: float | None
    """Share of them whose contribution was measured; None without any."""
    overlap: float | None
    """Jaccard index of both sets of KeyTokens; None when both are empty."""
    rank_measured: float | None
    """Spearman's rho on the exact KeyTokens of what was measured, or estimated where it was not;
    None where it is not defined."""
    rank_estimated: float | None
    """The same of the estimates alone."""
    said: float | None
    """What the estimator says of itself: the agreement on its checked sample, or R^2."""


def agreement(exact: Attribution, other: Attribution) -> Agreement:
    """Compare an attribution with the exact one."""
    rule = KeyTokenRule()
    true = frozenset(key_tokens(exact, rule).positions)
    theirs = frozenset(key_tokens(other, rule).positions)
    guess = other.approximation
    estimates = guess.estimates if guess else other.contributions
    best = [
        estimate if measured is None else measured
        for measured, estimate in zip(other.contributions, estimates, strict=True)
    ]
    where = sorted(true)
    measured = sum(other.contributions[i] is not None for i in where)
    either = true | theirs
    fidelity = (guess.agreement or guess.r_squared) if guess else None
    return Agreement(
        key_tokens=len(true),
        found=measured / len(true) if true else None,
        overlap=len(true & theirs) / len(either) if either else None,
        rank_measured=_rank(exact.contributions, best, where),
        rank_estimated=_rank(exact.contributions, estimates, where),
        said=fidelity.estimate if fidelity else None,
    )


def furthest(left: Sequence[Nats | None], right: Sequence[Nats | None]) -> float | None:
    """Return the largest difference where both were measured; None where neither was."""
    pairs = zip(left, right, strict=True)
    return max((abs(a - b) for a, b in pairs if a is not None and b is not None), default=None)


def _rank(
    exact: Sequence[Nats | None], other: Sequence[Nats | None], where: Sequence[int]
) -> float | None:
    pairs = [(exact[i], other[i]) for i in where]
    known = [(a, b) for a, b in pairs if a is not None and b is not None]
    return rank_correlation([a for a, _ in known], [b for _, b in known])
