"""Removal from coarse to fine, for prompts too long to remove every unit. Ours.

Spans of sentences are removed first; those that contribute most are taken apart into sentences,
words and tokens until the largest contributions known are those of `top_k` finest units, or until
as much was removed as may be. A unit that was never removed alone is estimated as an equal share of
the smallest part around it that was. What two units do only together, and what cancels within a
part, is not found: units measured at random say how much that matters. Does not know how removal is
done.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from attribution.effort import DEFAULT_EFFORT, Effort
from attribution.estimators import leave_one_out
from attribution.fidelity import Guesses, at_random, check
from attribution.removal import Rows, units
from attribution.scorer import Scorer, TokenLogprobs, mean
from attribution.types import Answer, Attribution, Granularity, Nats, Prompt
from attribution.units import Unit, groups

_REMOVALS = 4
"""For each of the `top_k` units. Ours."""

_BY = "as an equal share of the part around them"

Part = tuple[int, int]
"""Half-open range of finest units."""


def spending(effort: Effort) -> int:
    """Return how many removals are made at most, `also` left out."""
    return _REMOVALS * effort.top_k + effort.checked


def rounds(effort: Effort) -> int:
    """Return how many times the whole prompt is read, a round of removals behind each."""
    left, found = spending(effort) - effort.checked, 0
    while left > 1:
        left -= _at_once(left, effort)
        found += 1
    return max(found, 1)


def fewest(effort: Effort) -> int:
    """Return up to how many units removing each costs no more: a whole reading is that of two."""
    return max(2, spending(effort) + 2 * rounds(effort))


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
    """Yield what is known after each batch: the contributions of ever more, and finer, units.

    `checked` units and those that `also` touches are measured whatever is found. Where removing
    every unit costs no more, that is done, and the result is exact. Raises `BadOption`,
    `NothingToAblate` and what the scorer raises.
    """
    check(effort)
    finest = units(prompt, granularity)
    if len(finest) <= fewest(effort):
        for exact in leave_one_out.measure(scorer, prompt, answer, granularity):
            yield replace(exact, estimator="hierarchical")
        return
    guesses = Guesses("hierarchical", prompt, answer, granularity, _BY, finest, seed)
    search = _Search(guesses, effort, _levels(prompt, granularity, finest))
    random = at_random(finest, frozenset(), effort.checked, seed)
    wanted = {unit for unit in finest if unit in random or not also.isdisjoint(unit)}
    while parts := search.next_parts():
        wanted.update(search.unit(part) for part in parts)
        for _ in search.remove(scorer, sorted(wanted - search.without.keys()), parts):
            yield search.attribution()
        wanted.clear()
    # Where the search came to a unit by itself, its guess was followed.
    guesses.checked = tuple(unit for unit in random if unit not in search.found)
    yield search.attribution(scorer.rounding(prompt.ids, answer), complete=True)


@dataclass(slots=True)
class _Search:
    """Which parts of a prompt were removed, and which are worth taking apart."""

    guesses: Guesses
    effort: Effort
    levels: tuple[frozenset[int], ...]
    """Where a part begins, as a place among the finest units; from sentences down."""
    whole: TokenLogprobs = ()
    without: dict[Unit, TokenLogprobs] = field(default_factory=dict[Unit, TokenLogprobs])
    """After the prompt without each part, coarse or fine."""
    coarse: list[Part] = field(default_factory=list[Part])
    """Removed, and not taken apart."""
    found: set[Unit] = field(default_factory=set[Unit])
    """Finest units that were arrived at."""
    left: int = 0

    def __post_init__(self) -> None:
        self.left = spending(self.effort) - self.effort.checked

    def unit(self, part: Part) -> Unit:
        """Return the positions of a part."""
        first, stop = part
        return tuple(sorted(i for unit in self.guesses.units[first:stop] for i in unit))

    def next_parts(self) -> list[Part]:
        """Return what to remove next; nothing when the search is over."""
        most = _at_once(self.left, self.effort)
        parts: list[Part] = []
        if not self.whole:
            parts = _divided((0, len(self.guesses.units)), self.levels, max(most, 2))
        else:
            for part in sorted(
                self.coarse, key=lambda part: self._contribution(self.unit(part)), reverse=True
            ):
                if most - len(parts) < 2 or self._settled(part):
                    break
                parts += _divided(part, self.levels, most - len(parts))
                self.coarse.remove(part)
        self.left -= len(parts)
        self.coarse += [part for part in parts if part[1] - part[0] > 1]
        self.found.update(self.guesses.units[first] for first, stop in parts if stop - first == 1)
        return parts

    def _contribution(self, unit: Unit) -> Nats:
        return mean(self.whole) - mean(self.without[unit])

    def _settled(self, part: Part) -> bool:
        """Tell whether enough finest units contribute more than a part that may be taken apart."""
        here = self._contribution(self.unit(part))
        above = sum(self._contribution(unit) >= here for unit in self.found)
        return above >= self.effort.top_k

    def remove(
        self, scorer: Scorer, units: Sequence[Unit], parts: Sequence[Part]
    ) -> Iterator[None]:
        """Remove each unit alone, `parts` among them, and go on after each batch."""
        prompt = self.guesses.prompt
        rows = Rows(prompt.ids, ((), *units))
        waiting = iter(units)
        first = True
        for batch in scorer.score(rows, self.guesses.answer):
            for logprobs in batch:
                if not first:
                    self.without[next(waiting)] = logprobs
                # All contributions are differences from the same reading.
                elif not self.whole:
                    self.whole = logprobs
                first = False
            self._share(parts)
            yield

    def _share(self, parts: Sequence[Part]) -> None:
        """Give each unit its share of the part around it; a finer one, being later, overrules."""
        for first, stop in parts:
            unit, inside = self.unit((first, stop)), self.guesses.units[first:stop]
            if unit in self.without and (len(inside) > 1 or unit not in self.guesses.estimates):
                share = self._contribution(unit) / len(inside)
                self.guesses.estimates.update(dict.fromkeys(inside, share))

    def attribution(self, noise: Nats | None = None, *, complete: bool = False) -> Attribution:
        """Return what is known of the finest units."""
        known = {unit: self.without[unit] for unit in self.guesses.units if unit in self.without}
        return self.guesses.attribution(self.whole, known, noise, complete=complete)


def _at_once(left: int, effort: Effort) -> int:
    """Return how many removals a round may have: every round reads the whole prompt again."""
    return min(left, max(left // 3, effort.top_k // 2, 2))


def _levels(
    prompt: Prompt, granularity: Granularity, finest: Sequence[Unit]
) -> tuple[frozenset[int], ...]:
    """Return where sentences, words and the finest units begin, each among the finest units."""
    levels: list[frozenset[int]] = []
    for coarser in ("sentence", "word"):
        if coarser == granularity:
            break
        of = {i: k for k, unit in enumerate(groups(prompt, coarser)) for i in unit}
        inside = [of.get(unit[0], -1) for unit in finest]
        levels.append(
            frozenset(k for k, here in enumerate(inside) if here < 0 or inside[k - 1] != here)
        )
    return (*levels, frozenset(range(len(finest))))


def _divided(part: Part, levels: Sequence[frozenset[int]], most: int) -> list[Part]:
    """Cut a part where the coarsest level does that can, into at most `most`, about equal ones."""
    first, stop = part
    for level in levels:
        cuts = [k for k in range(first + 1, stop) if k in level]
        if cuts:
            break
    else:
        return []
    edges = [first, *cuts]
    count = min(most, len(edges))
    starts = [edges[len(edges) * k // count] for k in range(count)]
    return list(zip(starts, [*starts[1:], stop], strict=True))
