"""An answer after a prompt, and after the same prompt with something removed from it.

What every estimator reads. Removal works on token ids, so the neighbours of what is removed keep
their tokenisation. Knows no rule of what to remove, nor what the numbers are used for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import overload

from attribution.errors import NothingToAblate
from attribution.scorer import Row, Scorer, TokenLogprobs, mean
from attribution.types import Answer, Granularity, Nats, Prompt
from attribution.units import Unit, groups


@dataclass(slots=True)
class Removed:
    """What has been read so far; grows while `remove` runs."""

    prompt: Prompt
    answer: Answer
    whole: TokenLogprobs = ()
    """After the whole prompt."""
    without: dict[Unit, TokenLogprobs] = field(default_factory=dict[Unit, TokenLogprobs])
    """After the prompt without each unit."""
    noise: Nats | None = None
    """What `Scorer.rounding` says of the whole prompt; known when all is."""
    complete: bool = False

    @property
    def logprob(self) -> Nats:
        """LP(x, y)."""
        return mean(self.whole)

    def contribution(self, unit: Unit) -> Nats:
        """C(unit, y) = LP(x, y) - LP(x without the unit, y). Raises `KeyError` for one unread."""
        return mean(self.whole) - mean(self.without[unit])

    def contributions(self) -> tuple[Nats | None, ...]:
        """Return a number per prompt token; None where nothing was removed."""
        found: list[Nats | None] = [None] * len(self.prompt.tokens)
        whole = mean(self.whole)
        for unit, logprobs in self.without.items():
            here = whole - mean(logprobs)
            for i in unit:
                found[i] = here
        return tuple(found)

    def by_answer_token(self) -> tuple[tuple[Nats | None, ...], ...]:
        """Return a row of contributions per answer token."""
        return by_answer_token(self.prompt, self.whole, self.without)


def by_answer_token(
    prompt: Prompt, whole: TokenLogprobs, without: Mapping[Unit, TokenLogprobs]
) -> tuple[tuple[Nats | None, ...], ...]:
    """Return a row per answer token: what each prompt token contributes to it alone."""
    rows: list[list[Nats | None]] = [[None] * len(prompt.tokens) for _ in whole]
    for unit, logprobs in without.items():
        for row, before, after in zip(rows, whole, logprobs, strict=True):
            for i in unit:
                row[i] = before - after
    return tuple(map(tuple, rows))


def units(prompt: Prompt, granularity: Granularity) -> tuple[Unit, ...]:
    """Return what is removed together: single tokens, or words, or sentences; tokens in none alone.

    A unit whose removal would leave no token at all is left out: nothing would predict the answer.
    Raises `NothingToAblate` when that leaves none.
    """
    found = groups(prompt, granularity)
    inside = {i for unit in found for i in unit}
    alone = tuple((i,) for i in prompt.removable if i not in inside)
    whole = len(prompt.tokens)
    left = tuple(unit for unit in sorted(found + alone) if len(unit) < whole)
    if not left:
        raise NothingToAblate(granularity)
    return left


def remove(
    scorer: Scorer,
    prompt: Prompt,
    answer: Answer,
    removed: Sequence[Unit],
    *,
    stand_in: int | None = None,
) -> Iterator[Removed]:
    """Remove each unit alone, or put `stand_in` into every place of it; yield after each batch.

    Always the same value, which grows. Units in the order of their first position cost least.
    Raises what the scorer raises.
    """
    rows = Rows(prompt.ids, ((), *removed), stand_in)
    read = Removed(prompt, answer)
    waiting = iter(removed)
    for batch in scorer.score(rows, answer):
        for logprobs in batch:
            if not read.whole:
                read.whole = logprobs
            else:
                read.without[next(waiting)] = logprobs
        read.complete = len(read.without) == len(removed)
        if read.complete:
            read.noise = scorer.rounding(prompt.ids, answer)
        yield read


class Rows(Sequence[Row]):
    """One prompt's ids without each of some units, made when they are looked at.

    Together they take the square of the prompt's length: of 32,000 tokens eight gigabytes.
    """

    def __init__(self, ids: Row, gone: Sequence[Unit], stand_in: int | None = None) -> None:
        """`stand_in` takes the place of whatever is gone."""
        self._ids = ids
        self._gone = gone
        self._stand_in = stand_in

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._gone)

    @overload
    def __getitem__(self, place: int) -> Row: ...
    @overload
    def __getitem__(self, place: slice) -> Rows: ...
    def __getitem__(self, place: int | slice) -> Row | Rows:
        """Return a row, or some of them that are still to be made."""
        if isinstance(place, slice):
            return Rows(self._ids, self._gone[place], self._stand_in)
        return self._row(self._gone[place])

    def _row(self, gone: Unit) -> Row:
        ids = self._ids
        if not gone:
            return ids
        if self._stand_in is not None:
            changed = list(ids)
            for i in gone:
                changed[i] = self._stand_in
            return tuple(changed)
        if gone[-1] - gone[0] + 1 == len(gone):  # the rule; nothing is walked through
            return ids[: gone[0]] + ids[gone[-1] + 1 :]
        without = frozenset(gone)
        return tuple(id for i, id in enumerate(ids) if i not in without)
