"""What was read of one item on one model, and what a metric gives: plain values.

A metric is a file with

    NAMES    the metrics it gives, each with a sentence
    NEEDS    what it cannot do without, as a clause
    compute  `(sides: Sides, seed: int) -> Iterator[Metric]`: those that exist; nothing, never zero,
             where what it needs is not there

Knows neither models nor files. Log-probabilities are natural.
"""

from __future__ import annotations

from dataclasses import dataclass

from attribution.types import Interval, Nats, Odds, Split
from unpact_tui.benchmarks._item import Ask


@dataclass(frozen=True, slots=True)
class Scored:
    """One item on one model. What was not read, or is not in a published log, is None or empty."""

    id: str
    part: str
    """As in `Item`."""
    ask: Ask
    split: Split
    answer: str | None = None
    """The one that is right."""
    generation: str | None = None
    """What the model wrote, cut where the item says."""
    logprob: Nats | None = None
    """Of the answer: mean per token."""
    odds: tuple[Odds, ...] = ()
    """Of each token of the answer; with "member", of each token of the text but the first."""
    pieces: tuple[str, ...] = ()
    """The texts of those tokens."""
    entities: tuple[str, ...] = ()
    """What the answer is about."""
    paraphrase: Nats | None = None
    """Of the answer in other words: mean per token."""
    wrong: tuple[Nats, ...] = ()
    """Of each answer that is not true: mean per token."""
    letters: tuple[Nats, ...] = ()
    """With "choose": log-probability of each letter as the next token."""
    correct: int | None = None
    """With "choose": which is right."""
    compressed: int | None = None
    """With "member": bytes of the text when compressed by zlib."""


@dataclass(frozen=True, slots=True)
class Sides:
    """The same items on up to three models; paired by `id`."""

    unlearned: tuple[Scored, ...]
    base: tuple[Scored, ...] = ()
    reference: tuple[Scored, ...] = ()
    """Empty without a model retrained without the forget set."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A number under its published name, with its interval over items."""

    name: str
    value: Interval


@dataclass(frozen=True, slots=True)
class Absent:
    """A metric that could not be taken, and why, as a clause."""

    name: str
    why: str
