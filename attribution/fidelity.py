"""How good guesses at contributions are, judged where units were measured at random. Ours.

Plain arithmetic over units: knows neither models nor how a guess was made. What an estimator
measured because its guess was high says nothing of the guesses that it did not follow; only a
random sample of those does.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import atanh, sqrt, tanh
from operator import itemgetter
from random import Random
from statistics import NormalDist, fmean, quantiles

from attribution.compare import LEAST_RANKED, rank_correlation
from attribution.effort import Effort
from attribution.errors import BadOption
from attribution.removal import by_answer_token
from attribution.scorer import TokenLogprobs, mean
from attribution.types import (
    Answer,
    Approximation,
    Attribution,
    Granularity,
    Interval,
    Nats,
    Prompt,
)
from attribution.units import Unit

_DRAWS = 64
_NUMBERS = 200_000
"""Most numbers held by all draws, or ranked by all resamples of a sample."""

_NEAREST = 16
"""Measured units with a similar guess, one of which stands in for one that was not measured."""

_RESAMPLES = 400
_LEVEL = 0.95


@dataclass(slots=True)
class Guesses:
    """What is guessed of a prompt's units so far, and which of them put the guesses to the test."""

    estimator: str
    prompt: Prompt
    answer: Answer
    granularity: Granularity
    by: str
    """In words: how the guesses are made."""
    units: tuple[Unit, ...]
    """All that may be removed."""
    seed: int
    estimates: dict[Unit, Nats] = field(default_factory=dict[Unit, Nats])
    checked: tuple[Unit, ...] = ()
    """Drawn at random from the units that the guesses did not pick."""

    def attribution(
        self,
        whole: TokenLogprobs,
        without: Mapping[Unit, TokenLogprobs],
        noise: Nats | None = None,
        *,
        complete: bool,
    ) -> Attribution:
        """Return what is known once these were read; it is exact when they are all there are."""
        measured = {unit: mean(whole) - mean(logprobs) for unit, logprobs in without.items()}
        exact = len(measured) == len(self.units)
        return Attribution(
            prompt=self.prompt,
            answer=self.answer,
            logprob=mean(whole),
            contributions=by_token(self.prompt, measured),
            estimator=self.estimator,
            granularity=self.granularity,
            complete=complete,
            answer_logprobs=whole,
            by_answer_token=by_answer_token(self.prompt, whole, without) if complete else (),
            noise=noise,
            approximation=None if exact else self._approximation(measured, complete),
        )

    def _approximation(self, measured: Mapping[Unit, Nats], complete: bool) -> Approximation:
        """Say what is not exact; how good it is, only when nothing more is to come."""
        pairs = {
            unit: (self.estimates[unit], value)
            for unit, value in measured.items()
            if complete and unit in self.estimates
        }
        tested = [pairs[unit] for unit in self.checked if unit in pairs]
        share = f"{len(measured)} of {len(self.units)} {self.granularity}s"
        return Approximation(
            estimates=by_token(self.prompt, self.estimates),
            how=f"{share} were measured by removal; the others are estimated {self.by}",
            measured=len(measured),
            units=len(self.units),
            agreement=agreement(tested, self.seed),
            draws=self._draws(measured, list(pairs.values())) if tested else (),
        )

    def _draws(
        self, measured: Mapping[Unit, Nats], pairs: Sequence[tuple[float, float]]
    ) -> tuple[tuple[Nats | None, ...], ...]:
        """Resample what was not measured: it contributes what one of the units with the most
        similar guesses does, moved along the line."""
        slope, _ = calibration(pairs)
        count = max(2, min(_DRAWS, _NUMBERS // len(self.prompt.tokens)))
        generator = Random(self.seed)
        # Of many equal guesses any may be near, and not the smallest of what was measured.
        ranked = sorted(generator.sample(pairs, len(pairs)), key=itemgetter(0))
        drawn = [dict(measured) for _ in range(count)]
        for unit in self.units:
            if unit in measured or unit not in self.estimates:
                continue
            guess = self.estimates[unit]
            below = bisect_left(ranked, guess, key=itemgetter(0))
            above = bisect_right(ranked, guess, key=itemgetter(0))
            start = max(0, min((below + above - _NEAREST) // 2, len(ranked) - _NEAREST))
            like = ranked[start : start + _NEAREST]
            for draw, (other, value) in zip(drawn, generator.choices(like, k=count), strict=True):
                draw[unit] = value + slope * (guess - other)
        return tuple(by_token(self.prompt, draw) for draw in drawn)


def check(effort: Effort) -> None:
    """Raise `BadOption` for a number of units that cannot be."""
    for option, value in (("top_k", effort.top_k), ("checked", effort.checked)):
        if value < 0:
            raise BadOption(option, value, "a whole number, 0 or more")


def at_random(
    units: Sequence[Unit], picked: frozenset[Unit], count: int, seed: int
) -> tuple[Unit, ...]:
    """Return up to `count` units that were not picked, at random.

    The same seed goes through the units in the same order whatever is picked, so that two models
    are put to the test on nearly the same ones.
    """
    order = Random(seed).sample(units, len(units))
    return tuple(unit for unit in order if unit not in picked)[:count]


def by_token(prompt: Prompt, values: Mapping[Unit, Nats]) -> tuple[Nats | None, ...]:
    """Return a number per prompt token, that of its unit; None where there is none."""
    found: list[Nats | None] = [None] * len(prompt.tokens)
    for unit, value in values.items():
        for i in unit:
            found[i] = value
    return tuple(found)


def agreement(tested: Sequence[tuple[float, float]], seed: int) -> Interval | None:
    """Return Spearman's rho of (guess, measured) pairs; None where it is not defined.

    The interval is the percentile bootstrap's or Fisher's (with Bonett and Wright's variance), for
    each end whichever is farther out: a small sample whose ranks agree throughout agrees in every
    resample, and says less than that.
    """
    found = _rho(tested)
    if found is None:
        return None
    # A generator of its own: the draws do not depend on how many resamples there are.
    generator = Random(seed)
    times = max(1, min(_RESAMPLES, _NUMBERS // len(tested)))
    resampled = (_rho(generator.choices(tested, k=len(tested))) for _ in range(times))
    defined = [rho for rho in resampled if rho is not None]
    lower, upper = _fisher(found, len(tested))
    if len(defined) >= LEAST_RANKED:
        ends = quantiles(defined, n=round(2 / (1 - _LEVEL)), method="inclusive")
        lower, upper = min(lower, ends[0]), max(upper, ends[-1])
    return Interval(found, min(lower, found), max(upper, found), len(tested))


def calibration(pairs: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Return slope and offset of the least-squares line through (guess, measured) pairs.

    Pairs may be picked by their guess, which moves no such line. Both are in nats, so the slope is
    1 where too few or equal guesses leave it open; it is never negative, for a high guess may be no
    evidence, but is none against.
    """
    if not pairs:
        return 1.0, 0.0
    guesses = [guess for guess, _ in pairs]
    centre, middle = fmean(guesses), fmean(value for _, value in pairs)
    spread = sum((guess - centre) ** 2 for guess in guesses)
    slope = 1.0
    if len(set(guesses)) >= LEAST_RANKED and spread > 0:
        slope = sum((guess - centre) * (value - middle) for guess, value in pairs) / spread
        slope = max(slope, 0.0)
    return slope, middle - slope * centre


def _rho(pairs: Sequence[tuple[float, float]]) -> float | None:
    return rank_correlation([guess for guess, _ in pairs], [value for _, value in pairs])


def _fisher(rho: float, n: int) -> tuple[float, float]:
    if n <= 3:
        return -1.0, 1.0
    # As if one pair of neighbours had changed places: no sample shows perfect agreement.
    most = 1 - 12 / (n * (n * n - 1))
    inside = max(-most, min(most, rho))
    half = NormalDist().inv_cdf((1 + _LEVEL) / 2) * sqrt((1 + inside * inside / 2) / (n - 3))
    return tanh(atanh(inside) - half), tanh(atanh(inside) + half)
