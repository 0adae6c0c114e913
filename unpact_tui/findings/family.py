"""What is measured: unlearned models, each beside its base and with its prompts.

Plain values and a protocol. The demo's zoo is one family; whatever else can name its models and
prepare them is another. Knows nothing of measuring.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Protocol

from attribution.types import Case
from unpact_tui.benchmarks._item import Item
from unpact_tui.output import Step
from unpact_tui.settings import Settings


@dataclass(frozen=True, slots=True)
class Entry:
    """One unlearned model, before anything of it is there."""

    seed: int
    member: str
    method: str
    """As a person would name it."""
    digest: str
    """Changes when the model would come out otherwise."""
    model: str = ""
    """What was unlearned in, and what, where a family has several of either."""
    benchmark: str = ""
    world: str = ""
    """What its prompts are: seeds of one world share them. Empty: this seed's own."""

    @property
    def name(self) -> str:
        """For a person, among all of its family."""
        place = f"{self.model}, {self.benchmark}, " if self.model else ""
        return f"{place}seed {self.seed}, {self.member}"


@dataclass(frozen=True, slots=True)
class Subject:
    """The same, ready to be opened."""

    base: str
    unlearned: str
    reference: str | None
    forget: tuple[Case, ...]
    retain: tuple[Case, ...]
    general: tuple[Case, ...]
    """What has nothing to do with either."""
    items: tuple[Item, ...] = ()
    """What metrics are taken on."""
    settings: Settings | None = None
    """How these models are loaded and measured, where not all of a family are alike."""


class Family(Protocol):
    """Models that belong together. It is sent to other processes, so it is a plain value."""

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All there is to measure, in order."""
        ...

    def prepare(self, entry: Entry) -> Generator[Step, None, Subject]:
        """Build or find what an entry needs, telling how far it is. Raises errors of ours."""
        ...
