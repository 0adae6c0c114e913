"""Items of benchmarks read on one model: what it expects of their answers, and what it writes.

A generator that tells how far it is and returns one `Scored` per item. Answers are scored one by
one; letters and continuations are read many at a time, which changes no number but by rounding.
Knows neither benchmarks nor metrics, nor how a model is opened.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

from attribution.errors import AttributionError, EndpointError, OutsideTop, ServerFailed
from attribution.scorer import Model, Row
from attribution.types import Answer, Prompt
from unpact_tui.benchmarks._item import Item
from unpact_tui.item_scoring import Scoring
from unpact_tui.metrics._scored import Scored

_AT_ONCE = 64
"""Prompts that are read or continued in one call; the model divides them by its memory."""

_TOLD = 16
"""Steps of writing between two signs of life."""

Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far it is."""

    stage: str
    """In words."""
    done: int
    total: int
    left_out: str = ""
    """An item that could not be read, and why, when this is about that."""
    remark: str = ""
    """What is to be said of an item that was read, when this is about that."""


Steps = Generator[Progress, None, Found]


def evaluate(model: Model, items: Sequence[Item]) -> Steps[tuple[Scored, ...]]:
    """Read every item on one model, in their order; one that fails is left out, and said so.

    Raises `EndpointError` where a server is gone for all of them.
    """
    reading = _Reading(model, items)
    yield from _score(reading)
    yield from _choose(reading)
    yield from _write(reading)
    return tuple(reading.found[i] for i in sorted(reading.found))


@dataclass(slots=True)
class _Reading:
    """One model, and what is known of each item, by its number."""

    model: Model
    items: Sequence[Item]
    found: dict[int, Scored] = field(default_factory=dict[int, Scored])
    prompts: dict[int, Prompt] = field(default_factory=dict[int, Prompt])

    def rows(self, batch: Sequence[int]) -> list[Row]:
        """Return what the model reads of some items."""
        return [self.prompts[i].ids for i in batch]

    def lost(self, stage: str, i: int, error: AttributionError) -> Iterator[Progress]:
        """Leave an item out and say why. Raises the error where it is not about the item."""
        if not _of_the_item(error):
            raise error
        self.found.pop(i, None)
        why = f"{self.items[i].case.id}: {error}"
        yield Progress(stage, 0, 0, left_out=why)


def _score(reading: _Reading) -> Steps[None]:
    """Score the answers of every item, and every text."""
    scoring, total = Scoring(reading.model), len(reading.items)
    for i, item in enumerate(reading.items):
        yield Progress("scoring", i, total)
        try:
            if item.ask == "member":
                reading.found[i] = scoring.of_text(item)
            else:
                prompt = reading.model.encode(item.context + item.case.prompt)
                reading.prompts[i] = prompt
                reading.found[i] = scoring.of_answers(item, prompt)
        except AttributionError as error:
            yield from reading.lost("scoring", i, error)
        while scoring.remarks:
            yield Progress("scoring", i, total, remark=scoring.remarks.pop())


# ---------------------------------------------------------------- letters


def _choose(reading: _Reading) -> Steps[None]:
    """Read the letters of every question; those with the same ids together."""
    groups: dict[tuple[Row, ...], list[int]] = {}
    answers: dict[tuple[Row, ...], tuple[Answer, ...]] = {}
    for i in reading.found:
        item = reading.items[i]
        if item.ask == "choose" and item.options:
            letters = _letters(reading.model, reading.prompts[i], len(item.options))
            key = tuple(letter.ids for letter in letters)
            answers[key] = letters
            groups.setdefault(key, []).append(i)
    if any(len(ids) > 1 for key in groups for ids in key):
        remark = "a letter takes several tokens here; their log-probabilities are added"
        yield Progress("choosing", 0, 0, remark=remark)
    total, done = sum(map(len, groups.values())), 0
    for key, members in groups.items():
        for batch in _batches(reading, members):
            now = Progress("choosing", done, total)
            yield from _by_halves(reading, batch, partial(_compare, answers[key], now))
            done += len(batch)


def _letters(model: Model, prompt: Prompt, count: int) -> tuple[Answer, ...]:
    """Return the letters as they go on from a prompt: of one token each, if there is such a way."""
    names = [chr(ord("A") + i) for i in range(count)]
    ways = [
        tuple(model.answer(space + name, after=prompt) for name in names) for space in ("", " ")
    ]
    short = (way for way in ways if all(len(letter.ids) == 1 for letter in way))
    return next(short, ways[0])


def _compare(
    letters: Sequence[Answer], now: Progress, reading: _Reading, batch: Sequence[int]
) -> Steps[None]:
    columns: list[list[float]] = []
    for letter in letters:
        yield now
        batches = reading.model.score(reading.rows(batch), letter)
        columns.append([sum(logprobs) for found in batches for logprobs in found])
    for i, found in zip(batch, zip(*columns, strict=True), strict=True):
        reading.found[i] = replace(reading.found[i], letters=found)


# ---------------------------------------------------------------- what it writes


def _write(reading: _Reading) -> Steps[None]:
    """Have every question answered and every text continued."""
    limits: dict[int, list[int]] = {}
    for i in reading.found:
        if reading.items[i].ask in ("answer", "continue"):
            limits.setdefault(reading.items[i].limit, []).append(i)
    total, done = sum(map(len, limits.values())), 0
    for limit, members in limits.items():
        for batch in _batches(reading, members):
            now = Progress("writing", done, total)
            yield from _by_halves(reading, batch, partial(_continue, limit, now))
            done += len(batch)


def _continue(limit: int, now: Progress, reading: _Reading, batch: Sequence[int]) -> Steps[None]:
    yield now
    written: list[Row] = []
    for written in reading.model.write(reading.rows(batch), limit):
        if max(map(len, written)) % _TOLD == 0:
            yield now
    for i, ids in zip(batch, written, strict=True):
        said = _cut(reading.model.decode(ids), reading.items[i].ends)
        reading.found[i] = replace(reading.found[i], generation=said)


def _cut(text: str, ends: Sequence[str]) -> str:
    """Return what comes before the first of the ends."""
    return text[: min((at for end in ends if (at := text.find(end)) >= 0), default=len(text))]


# ---------------------------------------------------------------- many at a time


def _batches(reading: _Reading, members: Sequence[int]) -> list[Sequence[int]]:
    """Return batches of prompts that are about as long: little of them is filling."""
    ordered = sorted(members, key=lambda i: len(reading.prompts[i].ids))
    return [ordered[at : at + _AT_ONCE] for at in range(0, len(ordered), _AT_ONCE)]


def _by_halves(
    reading: _Reading,
    batch: Sequence[int],
    read: Callable[[_Reading, Sequence[int]], Steps[None]],
) -> Steps[None]:
    """Read a batch; one that fails is divided, until what fails is one item, which is left out."""
    try:
        yield from read(reading, batch)
    except AttributionError as error:
        if len(batch) == 1 or not _of_the_item(error):
            yield from reading.lost("reading", batch[0], error)
            return
        half = len(batch) // 2
        for part in (batch[:half], batch[half:]):
            yield from _by_halves(reading, part, read)


def _of_the_item(error: AttributionError) -> bool:
    """Whether the next item may fare better: a server that is gone is gone for all."""
    return not isinstance(error, EndpointError) or isinstance(error, (OutsideTop, ServerFailed))
