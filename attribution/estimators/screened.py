"""A cheap look at every unit, then exact removal of the most promising. Ours.

The look hides each unit from the answer alone, on a prompt that was read once, or takes gradient x
input; what it says is an estimate, and only removal makes a contribution. Half of what is removed
are the largest estimates, because a KeyToken's contribution is positive; the other half are those
farthest from zero, because a look is right about the size more often than about the sign. Where
the look would cost more than the removals it spares there is none, and the result is exact. Does
not know how a look is made.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from attribution.costs import look, removal
from attribution.effort import DEFAULT_EFFORT, Effort
from attribution.estimators import leave_one_out
from attribution.fidelity import Guesses, at_random, check
from attribution.removal import remove, units
from attribution.scorer import Scorer, TokenLogprobs, mean
from attribution.types import Answer, Attribution, Granularity, Prompt
from attribution.units import Unit

_BY = {"hidden": "by hiding each from the answer", "gradient": "by gradient x input"}


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
    """Yield estimates as the look goes on, then contributions as removal does.

    Removed are the `top_k` most promising units, `checked` of the others at random, and those that
    `also` touches. Raises `BadOption`, `NothingToAblate` and what the scorer raises,
    `Unsupported` included.
    """
    check(effort)
    found = units(prompt, granularity)
    spared = max(0, len(found) - effort.top_k - effort.checked)
    if look(prompt, answer, found, effort.screen) >= spared * removal(prompt, answer, found):
        for exact in leave_one_out.measure(scorer, prompt, answer, granularity):
            yield replace(exact, estimator="screened")
        return
    guesses = Guesses("screened", prompt, answer, granularity, _BY[effort.screen], found, seed)
    for whole in _estimate(scorer, guesses, effort):
        yield guesses.attribution(whole, {}, complete=False)
    wanted = _choose(guesses, effort, also)
    for read in remove(scorer, prompt, answer, wanted):
        yield guesses.attribution(read.whole, read.without, read.noise, complete=read.complete)


def _estimate(scorer: Scorer, guesses: Guesses, effort: Effort) -> Iterator[TokenLogprobs]:
    """Estimate every unit; yield the answer's log-probabilities where the look has them."""
    prompt, answer = guesses.prompt, guesses.answer
    if effort.screen == "gradient":
        salience = scorer.salience(prompt.ids, answer)
        guesses.estimates = {unit: sum(salience[i] for i in unit) for unit in guesses.units}
        return
    whole: TokenLogprobs = ()
    waiting = iter(guesses.units)
    # With nothing hidden first, so that what is compared was computed in the same way.
    hidden = [frozenset[int](), *map(frozenset, guesses.units)]
    for batch in scorer.hide(prompt.ids, answer, hidden):
        for logprobs in batch:
            if whole:
                guesses.estimates[next(waiting)] = mean(whole) - mean(logprobs)
            else:
                whole = logprobs
        yield whole


def _choose(guesses: Guesses, effort: Effort, also: frozenset[int]) -> list[Unit]:
    """Return what is to be removed, in the order in which that costs least."""
    largest = sorted(guesses.units, key=guesses.estimates.__getitem__, reverse=True)
    farthest = sorted(guesses.units, key=lambda unit: abs(guesses.estimates[unit]), reverse=True)
    promising = dict.fromkeys(largest[: (effort.top_k + 1) // 2] + farthest)
    top = frozenset(list(promising)[: effort.top_k])
    guesses.checked = at_random(guesses.units, top, effort.checked, guesses.seed)
    wanted = top.union(guesses.checked)
    return [unit for unit in guesses.units if unit in wanted or not also.isdisjoint(unit)]
