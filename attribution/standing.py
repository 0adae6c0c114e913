"""How strategies stand over a set of prompts: each beside its controls, none without an interval.

Types alone; `standings.py` makes them. All ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from attribution.attempts import Selection
from attribution.types import Interval

Cause = Literal["emphasis", "other ids", "either", "both", "neither", "unknown"]
"""What brought the answer back: the marks on the same ids, other ids without marks, either of the
two, only both together, neither of them to speak of; or what could not be told."""


@dataclass(frozen=True, slots=True)
class Standing:
    """One strategy over the forget prompts whose answer the base knows."""

    strategy: str
    recovered: Interval
    """Share of the lost log-probability; n prompts could be read."""
    random: Interval | None
    """The same on random other words, the mean of the draws of each prompt."""
    lift: Interval | None
    """recovered - random, paired by prompt."""
    simultaneous: Interval | None
    """The lift again, wide enough for the intervals of all strategies to hold at once."""
    excess: Interval | None
    """recovered - what the reference gains under the same edit (`counted.reference_share`)."""
    exact: Interval | None
    """Share of prompts answered word for word; None where nothing was written."""
    random_exact: Interval | None
    cause: Cause
    """Of the recovery, by the two halves of the mark."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """One strategy on one selection of words, chosen on half of the prompts and read on the rest.

    Both halves are taken in turn, and the two readings pooled.
    """

    chosen: tuple[tuple[str, Selection], ...]
    """What each half chose; the same twice when they agree."""
    recovered: Interval
    random: Interval | None
    lift: Interval | None
    excess: Interval | None
