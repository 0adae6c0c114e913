"""What was read of one published log: plain values. Knows no file format and no formula."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from unpact_tui.metrics._scored import Scored

Kind = Literal["open-unlearning", "TOFU", "MUSE", "summary"]
"""Whose evaluation wrote it; a summary has no rows."""

Pair = tuple[tuple[float, ...], tuple[float, ...]]
"""Scores of what is to be forgotten and of the holdout: higher looks less learned."""


@dataclass(frozen=True, slots=True)
class Log:
    """One log, with the numbers it publishes."""

    file: str
    kind: Kind
    published: Mapping[str, float]
    """Under the names it has there."""
    scored: tuple[Scored, ...] = ()
    """Its rows, as far as they are readings of a model."""
    scores: Mapping[str, tuple[float, ...]] = field(default_factory=dict[str, tuple[float, ...]])
    """Of metrics whose rows are results already: their mean is the metric."""
    ratios: Mapping[str, tuple[float, ...]] = field(default_factory=dict[str, tuple[float, ...]])
    """Truth ratios as published, by the start of the name, for where there are no losses."""
    pairs: Mapping[str, Pair] = field(default_factory=dict[str, Pair])
    """Scores of membership, by the name of the metric."""
    areas: Mapping[str, float] = field(default_factory=dict[str, float])
    """AUCs of which no rows are there, by the name of the metric."""
    notes: tuple[str, ...] = ()
    """What a reader should know about it."""
