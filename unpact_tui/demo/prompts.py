"""The demo's prompt files: every forgotten fact, and some of the others, as JSON lines.

Plain Python. Ids count facts in the world's order, so a row keeps its id wherever it stands. A fact
that is to be forgotten comes with the wordings that unlearning never sees, and with what it tells.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import msgspec

from attribution.types import Case, Split
from unpact_tui.demo.corpus import Fact, World
from unpact_tui.demo.recipe import Recipe

FORM = 1
"""Of the rows; files of another form are written again, without training."""


def files(recipe: Recipe, world: World, first: int | None) -> tuple[bytes, bytes]:
    """Return the forget file, that fact first, and the retain file."""
    draw = random.Random(f"{recipe.seed} retain rows")
    retain = retain_cases(world, recipe.retain_rows, draw)
    forget = forget_cases(world, recipe.lessons.templates)
    return lines(with_first(forget, first)), lines(retain)


def forget_cases(world: World, unlearned: int) -> tuple[Case, ...]:
    """Return all that is to be forgotten, asked for plainly; so many wordings are unlearned."""
    return tuple(
        replace(
            case,
            paraphrases=tuple(
                fact.ask(wording).question
                for wording in range(unlearned, len(fact.attribute.questions))
            ),
            entities=(fact.value,),
        )
        for case, fact in zip(_cases(world.forget, "forget"), world.forget, strict=True)
    )


def retain_cases(world: World, count: int, draw: random.Random) -> tuple[Case, ...]:
    """Return so many facts to retain: of as many people, all attributes about equally often."""
    people = sorted({fact.person for fact in world.retain})
    facts = [
        [fact for fact in world.retain if fact.person == person]
        for person in draw.sample(people, min(count, len(people)))
    ]
    return _cases([known[i % len(known)] for i, known in enumerate(facts)], "retain")


def with_first(cases: Sequence[Case], first: int | None) -> tuple[Case, ...]:
    """Move one case to the front, the others staying in order."""
    if first is None:
        return tuple(cases)
    return (cases[first], *cases[:first], *cases[first + 1 :])


def identity(split: Split, number: int) -> str:
    """Return the id of a fact's row."""
    return f"{split}-{number:02}"


def lines(cases: Sequence[Case]) -> bytes:
    """Return the content of a prompt file."""
    return b"".join(msgspec.json.encode(case) + b"\n" for case in cases)


def _cases(facts: Sequence[Fact], split: Split) -> tuple[Case, ...]:
    exchanges = [fact.ask() for fact in facts]
    return tuple(
        Case(identity(split, number), exchange.question, exchange.answer, split)
        for number, exchange in enumerate(exchanges)
    )
