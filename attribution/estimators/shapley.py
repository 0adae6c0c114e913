"""Permutation Shapley values: what each unit takes along, averaged over orders of removal.

The sampling of Castro, Gómez and Tejada (2009), each order followed by its reverse (arXiv
2104.12199). What is kept is worth LP of the answer after it, in its order, the template always
there; the values add up to LP(whole prompt) - LP(nothing of it). Where `Effort.samples` is enough
for every subset they are exact, by the definition. Where no fixed token would be left, LP after
nothing cannot be read: the last unit of an order stays, and that order says nothing about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from math import comb, sqrt
from random import Random

from attribution.effort import DEFAULT_EFFORT, Effort
from attribution.errors import BadOption
from attribution.fidelity import by_token
from attribution.removal import Removed, remove, units
from attribution.scorer import Scorer, TokenLogprobs, mean
from attribution.types import Answer, Approximation, Attribution, Granularity, Nats, Prompt
from attribution.units import Unit

_DRAWS = 64
_NUMBERS = 200_000
"""Most numbers held by all draws."""

Taken = int
"""Which units are removed, one bit each."""


@dataclass(frozen=True, slots=True)
class _Marginal:
    """One more unit is removed: what LP loses by it is told elsewhere, how much it counts here."""

    unit: int
    before: Taken
    weight: float
    pair: int
    """Number of the order; a reverse has that of what it reverses."""

    @property
    def after(self) -> Taken:
        return self.before | 1 << self.unit


@dataclass(slots=True)
class _Means:
    """Weighted means per unit, one addend at a time."""

    sums: dict[int, float] = field(default_factory=dict[int, float])
    shares: dict[int, float] = field(default_factory=dict[int, float])

    def add(self, unit: int, weight: float, gain: float) -> None:
        self.sums[unit] = self.sums.get(unit, 0.0) + weight * gain
        self.shares[unit] = self.shares.get(unit, 0.0) + weight

    def of(self, parts: Sequence[Unit]) -> dict[Unit, float]:
        return {parts[unit]: self.sums[unit] / self.shares[unit] for unit in self.sums}


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is read, and what becomes of it."""

    parts: tuple[Unit, ...]
    marginals: tuple[_Marginal, ...]
    """In the order in which they can be told while the sets are read."""
    sets: dict[Taken, Unit]
    """Positions removed, of each set once, in reading order."""
    exact: bool

    def gains(self, read: Removed, start: int) -> Iterator[tuple[_Marginal, TokenLogprobs]]:
        """Yield what each answer token loses at the marginals from `start` on, as far as known."""
        for marginal in self.marginals[start:]:
            after = read.without.get(self.sets[marginal.after])
            before = read.without[self.sets[marginal.before]] if marginal.before else read.whole
            if after is None:
                return
            yield marginal, tuple(b - a for b, a in zip(before, after, strict=True))

    def approximation(
        self,
        read: Removed,
        contributions: tuple[Nats | None, ...],
        draws: Sequence[dict[Unit, float]],
    ) -> Approximation | None:
        """Say how it was sampled; None for the definition, of which every number was measured."""
        if self.exact:
            return None
        orders = sum(not marginal.before for marginal in self.marginals)
        turned = "half of them reversed" if orders > 1 else "too few for an error"
        return Approximation(
            estimates=contributions,
            how=f"Shapley values over {orders} of the orders in which {len(self.parts)} units may "
            f"be removed, {turned}; {len(read.without)} prompts read",
            measured=sum(unit in read.without for unit in self.parts),
            units=len(self.parts),
            draws=tuple(by_token(read.prompt, draw) for draw in draws),
        )


def measure(
    scorer: Scorer,
    prompt: Prompt,
    answer: Answer,
    granularity: Granularity = "token",
    effort: Effort = DEFAULT_EFFORT,
    *,
    seed: int = 0,
    also: frozenset[int] = frozenset(),
) -> Iterator[Attribution]:
    """Yield one attribution per batch; a unit that no order has reached so far is None.

    All units get their values in the same way, so `also` changes nothing. Raises `BadOption` when
    the samples do not go once through the units, `NothingToAblate` and what the scorer raises.
    """
    plan = _plan(prompt, units(prompt, granularity), effort.samples, Random(seed))
    told, means = 0, _Means()
    for read in remove(scorer, prompt, answer, list(plan.sets.values())):
        for marginal, gain in plan.gains(read, told):
            means.add(marginal.unit, marginal.weight, mean(gain))
            told += 1
        contributions = by_token(prompt, means.of(plan.parts))
        draws = _draws(plan, read, Random(seed)) if read.complete else ()
        yield Attribution(
            prompt=prompt,
            answer=answer,
            logprob=read.logprob,
            contributions=contributions,
            estimator="shapley",
            granularity=granularity,
            complete=read.complete,
            answer_logprobs=read.whole,
            by_answer_token=_by_answer_token(plan, read) if read.complete else (),
            noise=read.noise,
            approximation=plan.approximation(read, contributions, draws),
        )


def _plan(prompt: Prompt, parts: tuple[Unit, ...], samples: int, random: Random) -> _Plan:
    count = len(parts)
    deepest = count - (sum(map(len, parts)) == len(prompt.tokens))
    exact = samples.bit_length() >= count and samples >= 2**count - 1 - (count - deepest)
    if deepest > samples:
        raise BadOption("samples", samples, f"at least {deepest} to go once through {count} units")
    found = _definition(count, deepest) if exact else _sampled(count, deepest, samples, random)
    sets = {
        marginal.after: tuple(
            sorted(i for u, part in enumerate(parts) if marginal.after >> u & 1 for i in part)
        )
        for marginal in found
    }
    return _Plan(parts, tuple(found), sets, exact)


def _definition(count: int, deepest: int) -> list[_Marginal]:
    """Return every marginal there is; to a unit, each place in an order counts the same."""
    found: list[_Marginal] = []
    for size in range(deepest):
        weight = 1 / comb(count - 1, size)
        for gone in combinations(range(count), size):
            before = sum(1 << unit for unit in gone)
            found += [_Marginal(u, before, weight, 0) for u in range(count) if u not in gone]
    return found


def _sampled(count: int, deepest: int, samples: int, random: Random) -> list[_Marginal]:
    """Return the marginals along as many orders and their reverses as the samples allow."""
    found: list[_Marginal] = []
    sets: set[Taken] = set()
    for pair in range(samples):
        order = random.sample(range(count), count)
        forth = _walk(order[:deepest], pair)
        both = forth + _walk(order[::-1][:deepest], pair)
        sets |= {marginal.after for marginal in both}
        if len(sets) > samples:
            return found or forth
        found += both
    return found


def _walk(order: Sequence[int], pair: int) -> list[_Marginal]:
    found: list[_Marginal] = []
    before: Taken = 0
    for unit in order:
        found.append(_Marginal(unit, before, 1.0, pair))
        before = found[-1].after
    return found


def _by_answer_token(plan: _Plan, read: Removed) -> tuple[tuple[Nats | None, ...], ...]:
    rows = [_Means() for _ in read.whole]
    for marginal, gain in plan.gains(read, 0):
        for row, here in zip(rows, gain, strict=True):
            row.add(marginal.unit, marginal.weight, here)
    return tuple(by_token(read.prompt, row.of(plan.parts)) for row in rows)


def _draws(plan: _Plan, read: Removed, random: Random) -> list[dict[Unit, float]]:
    """Weigh the orders at random (Rubin's bootstrap: none drops out, so neither does a unit).

    An order and its reverse belong together: one says by design what the other does not. A single
    one tells nothing about its error, and what is exact has none. Random weights spread a mean of k
    by sqrt((k - 1) / (k + 1)) of its standard error; the draws are that much farther apart.
    """
    pairs = plan.marginals[-1].pair + 1
    if plan.exact or pairs == 1:
        return []
    gains = [(marginal, mean(gain)) for marginal, gain in plan.gains(read, 0)]
    wider = sqrt((pairs + 1) / (pairs - 1))
    centre = _weighted(plan, gains, [1.0] * pairs)
    found: list[dict[Unit, float]] = []
    for _ in range(max(2, min(_DRAWS, _NUMBERS // len(read.prompt.tokens)))):
        weights = [random.expovariate(1.0) for _ in range(pairs)]
        drawn = _weighted(plan, gains, weights)
        found.append({u: middle + wider * (drawn[u] - middle) for u, middle in centre.items()})
    return found


def _weighted(
    plan: _Plan, gains: Sequence[tuple[_Marginal, float]], weights: Sequence[float]
) -> dict[Unit, float]:
    means = _Means()
    for marginal, gain in gains:
        means.add(marginal.unit, weights[marginal.pair], gain)
    return means.of(plan.parts)
