"""What is asked of every checkpoint: a plain value that can be sent to another process."""

from __future__ import annotations

from dataclasses import dataclass

from attribution.types import Case
from unpact_tui.benchmarks._item import Item
from unpact_tui.settings import Settings


@dataclass(frozen=True, slots=True)
class Question:
    """The same for all of them."""

    base: str
    reference: str | None
    settings: Settings
    cases: tuple[Case, ...]
    """What the probes are put to: to forget, and to retain."""
    items: tuple[Item, ...] = ()
    """What metrics are taken on."""
    weights: bool = True
    """Whether the weights are compared as well."""
    documents: str | None = None
    """Folder for whole result documents; None keeps none."""
    compare: tuple[str, ...] = ()
    """Words that follow the two folders in the command that opens a row in the inspector."""
