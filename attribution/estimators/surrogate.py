"""Sparse linear surrogate: LP explained by which units are kept, fitted to random ablations.

ContextCite's estimator (arXiv 2409.00729): `Effort.samples` prompts, each unit kept in each with
probability `Effort.keep`; LP of the answer is regressed on the kept units by LASSO. Ours: LP where
it has log-odds, .9 kept where it has .5, and what LASSO chose is fitted again by least squares.
A contribution is a coefficient: what a unit adds on average over prompts without some others, not
what is lost when it alone is removed. A unit that LASSO leaves out has 0. Where the samples are
enough for every subset all are read, and there is no choice to make.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from random import Random

from attribution.effort import DEFAULT_EFFORT, Effort
from attribution.errors import BadOption
from attribution.fidelity import by_token
from attribution.lasso import FEWEST, Surrogate, fit
from attribution.removal import Removed, remove, units
from attribution.scorer import Scorer, mean
from attribution.types import Answer, Approximation, Attribution, Granularity, Prompt
from attribution.units import Unit

_DRAWS = 64
_NUMBERS = 200_000
"""Most numbers held by all draws."""
_TRIES = 20
"""Draws for each sample: with few units most sets come again and again."""
_ROUNDS = 4
"""Parts of the ablations, each sorted to share prefixes; after each the surrogate is fitted."""

Taken = frozenset[int]
"""Numbers of the units that are removed."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What is read, and what becomes of it."""

    parts: tuple[Unit, ...]
    rounds: tuple[dict[Unit, Taken], ...]
    """By the positions removed, in reading order."""
    every: bool
    """Whether that is every subset."""
    seed: int

    def fit(self, read: Removed, *, final: bool) -> Surrogate:
        """Fit the surrogate to what has been read."""
        taken = {positions: units for part in self.rounds for positions, units in part.items()}
        rows = [[1.0] * len(self.parts)]
        for positions in read.without:
            gone = taken[positions]
            rows.append([float(unit not in gone) for unit in range(len(self.parts))])
        draws = max(2, min(_DRAWS, _NUMBERS // len(read.prompt.tokens)))
        numbers = [read.whole, *read.without.values()]
        return fit(rows, numbers, seed=self.seed, draws=draws if final else 0, dense=self.every)

    def attribution(
        self, read: Removed, granularity: Granularity, fitted: Surrogate | None
    ) -> Attribution:
        """Return what the surrogate says of each token."""
        weights = fitted.weights if fitted else ()
        known = {
            unit: weight
            for unit, weight in zip(self.parts, weights, strict=False)
            if weight is not None
        }
        contributions = by_token(read.prompt, {unit: mean(w) for unit, w in known.items()})
        each = range(len(read.whole)) if read.complete else ()
        return Attribution(
            prompt=read.prompt,
            answer=read.answer,
            logprob=read.logprob,
            contributions=contributions,
            estimator="surrogate",
            granularity=granularity,
            complete=read.complete,
            answer_logprobs=read.whole,
            by_answer_token=tuple(
                by_token(read.prompt, {unit: w[t] for unit, w in known.items()}) for t in each
            ),
            noise=read.noise,
            approximation=Approximation(
                estimates=contributions,
                how=self._how(len(read.without)),
                measured=sum(unit in read.without for unit in self.parts),
                units=len(self.parts),
                r_squared=fitted.r_squared if fitted else None,
                draws=tuple(self._draw(read.prompt, draw) for draw in fitted.draws)
                if fitted
                else (),
            ),
        )

    def _draw(self, prompt: Prompt, draw: Sequence[float | None]) -> tuple[float | None, ...]:
        pairs = zip(self.parts, draw, strict=True)
        return by_token(prompt, {unit: weight for unit, weight in pairs if weight is not None})

    def _how(self, read: int) -> str:
        total = sum(map(len, self.rounds))
        if self.every:
            return f"least squares on all {total} ways to remove some of {len(self.parts)} units"
        return f"LASSO on {read} of {total} random ablations of {len(self.parts)} units"


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
    """Yield one attribution per batch; None before a fit, and for units that were never removed.

    `also` changes nothing: what is lost by removing one unit alone is another scale than that of
    the coefficients, and the two must not be compared. Raises `BadOption`, `NothingToAblate` and
    what the scorer raises.
    """
    plan = _plan(prompt, units(prompt, granularity), effort, Random(seed))
    order = [positions for part in plan.rounds for positions in part]
    ends = [sum(map(len, plan.rounds[: k + 1])) for k in range(len(plan.rounds))]
    fitted: Surrogate | None = None
    for read in remove(scorer, prompt, answer, order):
        done = len(read.without)
        if read.complete:
            fitted = plan.fit(read, final=True)
        elif done >= max(ends[0], FEWEST):
            fitted = plan.fit(read, final=False)
            ends = [end for end in ends if end > done]
        yield plan.attribution(read, granularity, fitted)


def _plan(prompt: Prompt, parts: tuple[Unit, ...], effort: Effort, random: Random) -> _Plan:
    count, samples = len(parts), effort.samples
    # Without a fixed token one unit stays: nothing else would be left to predict the answer from.
    deepest = count - (sum(map(len, parts)) == len(prompt.tokens))
    every = samples.bit_length() >= count and samples >= 2**count - 1 - (count - deepest)
    if every:
        sizes = range(1, deepest + 1)
        drawn = [frozenset(some) for size in sizes for some in combinations(range(count), size)]
    else:
        drawn = _drawn(count, deepest, effort, random)
    size = -(-len(drawn) // _ROUNDS)
    rounds = tuple(
        _sorted(parts, drawn[start : start + size]) for start in range(0, len(drawn), size)
    )
    return _Plan(parts, rounds, every, random.getrandbits(32))


def _drawn(count: int, deepest: int, effort: Effort, random: Random) -> list[Taken]:
    """Draw sets that differ; one unit at least is removed in each."""
    if effort.samples < FEWEST:
        raise BadOption("samples", effort.samples, f"{FEWEST} or more")
    if not 0 < effort.keep < 1:
        raise BadOption("keep", effort.keep, "more than 0 and less than 1")
    found: dict[Taken, None] = {}
    for _ in range(_TRIES * effort.samples):
        taken = frozenset(unit for unit in range(count) if random.random() >= effort.keep)
        taken = taken or frozenset({random.randrange(count)})
        if len(taken) <= deepest:
            found[taken] = None
        if len(found) == effort.samples:
            break
    return list(found)


def _sorted(parts: Sequence[Unit], drawn: Sequence[Taken]) -> dict[Unit, Taken]:
    """Return the positions of each set, those that share the longest prefix side by side."""
    found = {tuple(sorted(i for unit in taken for i in parts[unit])): taken for taken in drawn}
    return dict(sorted(found.items()))
