"""The demo's zoo as a family: every seed is another world, with a base and a reference of its own.

Knows no numbers: what is built, and from what recipe, is the demo's.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from attribution.types import Case
from unpact_tui import cases
from unpact_tui.demo import MEMBERS, Member, Recipe, build, member, ready
from unpact_tui.demo.corpus import GENERAL, make_world
from unpact_tui.errors import DemoNotBuilt
from unpact_tui.findings.family import Entry, Subject
from unpact_tui.output import Step

SEEDS = (0, 1, 2, 3, 4)
"""What is measured unless others are asked for."""

NAMES = tuple(found.name for found in MEMBERS)


@dataclass(frozen=True, slots=True)
class ZooFamily:
    """Some members of the zoos of some seeds."""

    seeds: tuple[int, ...] = SEEDS
    members: tuple[str, ...] = NAMES
    root: Path | None = None
    """Where zoos are built; None is the demo's own folder."""

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Seed by seed: the members of one share a base, which is built first."""
        return tuple(
            Entry(seed, name, _method(member(name)), Recipe(seed=seed).digest())
            for seed in self.seeds
            for name in self.members
        )

    def prepare(self, entry: Entry) -> Generator[Step, None, Subject]:
        """Build what is missing. Raises `BadUsage`."""
        recipe = Recipe(seed=entry.seed)
        zoo = ready(self.root, recipe, entry.member)
        if zoo is None:
            yield from build(self.root, recipe, entry.member)
            zoo = ready(self.root, recipe, entry.member)
        if zoo is None:
            raise DemoNotBuilt(0)
        about = _entities(recipe)
        forget = tuple(_known(case, about) for case in cases.read(zoo.forget))
        retain = tuple(_known(case, about) for case in cases.read(zoo.retain))
        return Subject(
            base=str(zoo.base),
            unlearned=str(zoo.unlearned),
            reference=str(zoo.reference),
            forget=tuple(sorted(forget, key=lambda case: case.id)),
            retain=retain,
            general=_general(),
        )


def _method(found: Member) -> str:
    return f"{found.method} (LoRA)" if found.lora is not None else found.method


def _entities(recipe: Recipe) -> Mapping[tuple[str, str], str]:
    """Return what each answer is about: the demo's world says it, so nothing is guessed."""
    world = make_world(recipe.seed, recipe.people, recipe.forgotten)
    asked = ((fact.ask(), fact.value) for fact in world.facts)
    return {(exchange.question, exchange.answer): value for exchange, value in asked}


def _known(case: Case, about: Mapping[tuple[str, str], str]) -> Case:
    value = about.get((case.prompt, case.answer or ""))
    return case if case.entities or value is None else replace(case, entities=(value,))


def _general() -> tuple[Case, ...]:
    """Return questions of general knowledge; the last words of an answer are what it tells."""
    return tuple(
        Case(
            f"general-{number:02}",
            exchange.question,
            exchange.answer,
            "general",
            entities=(exchange.answer.rstrip(".").split()[-1],),
        )
        for number, exchange in enumerate(GENERAL)
    )
