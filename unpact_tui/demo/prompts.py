"""The demo's prompt files: every forgotten fact, and some of the others, as JSON lines.

Plain Python. Ids count facts in the world's order, so a row keeps its id wherever it stands.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

import msgspec

from attribution.types import Case, Split
from unpact_tui.demo.corpus import Fact, World


def forget_cases(world: World) -> tuple[Case, ...]:
    """Return all that is to be forgotten, asked for plainly."""
    return _cases(world.forget, "forget")


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


def lines(cases: Sequence[Case]) -> bytes:
    """Return the content of a prompt file."""
    return b"".join(msgspec.json.encode(case) + b"\n" for case in cases)


def _cases(facts: Sequence[Fact], split: Split) -> tuple[Case, ...]:
    exchanges = [fact.ask() for fact in facts]
    return tuple(
        Case(f"{split}-{number:02}", exchange.question, exchange.answer, split)
        for number, exchange in enumerate(exchanges)
    )
