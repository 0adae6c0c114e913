"""What is kept of one model: everything the findings are computed from, and nothing computed.

Files of it are read back long after they were written, so its shape has a number of its own. Knows
nothing of models or of findings.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import msgspec

from attribution.attempts import Attempt, Recovery
from attribution.thresholds import Thresholds
from attribution.types import Interval, Label, Nats

SCHEMA = 1
"""Raised when a record would hold something else; older ones are then measured anew."""

Key = tuple[str, str]
"""A prompt: its world and its id."""

Text = Literal["forget", "retain", "general", "neutral"]
"""What an answer is of: the prompts to forget and to retain, general questions, and what the base
says to neutral openings."""


class Answered(msgspec.Struct, frozen=True):
    """An answer, token by token, after the plain prompt."""

    id: str
    text: Text
    pieces: tuple[str, ...]
    entities: tuple[str, ...]
    """What the answer is about."""
    base: tuple[Nats, ...]
    """Log-probabilities, one per token, as below."""
    unlearned: tuple[Nats, ...]
    reference: tuple[Nats, ...] = ()
    """Empty without a reference."""

    def __post_init__(self) -> None:
        rows = (self.base, self.unlearned, *((self.reference,) if self.reference else ()))
        if any(len(row) != len(self.pieces) for row in rows):
            raise ValueError(f"answer {self.id!r} does not have one number per token")


class CaseRecord(msgspec.Struct, frozen=True):
    """A prompt to forget or to retain."""

    answered: Answered
    base: tuple[Nats | None, ...]
    """Contributions, one per prompt token, as below."""
    unlearned: tuple[Nats | None, ...]
    keys: tuple[int, ...]
    """The base's KeyTokens."""
    words: tuple[int, ...]
    """Positions in words."""
    overlap: float | None
    focus_kept: float | None
    recovery: Recovery
    """Without prompts, generations and positions, which no finding reads."""
    evidence: dict[str, Interval]
    """What a verdict looks at; where its lines are drawn may change."""

    def __post_init__(self) -> None:
        count = len(self.base)
        if len(self.unlearned) != count:
            raise ValueError(f"case {self.answered.id!r} does not have one number per token")
        if not all(0 <= place < count for place in (*self.keys, *self.words)):
            raise ValueError(f"case {self.answered.id!r} names a token that is not there")


class Versions(msgspec.Struct, frozen=True):
    """Of what measured."""

    unpact_tui: str
    python: str
    torch: str
    transformers: str


class Record(msgspec.Struct, frozen=True):
    """One unlearned model."""

    schema: int
    seed: int
    member: str
    method: str
    digest: str
    """Of the model and of the settings."""
    versions: Versions | None = None
    seconds: float = 0.0
    """That measuring took, without building."""
    cases: tuple[CaseRecord, ...] = ()
    texts: tuple[Answered, ...] = ()
    """General and neutral."""
    verdict: Label = "UNKNOWN"
    """By `thresholds`."""
    thresholds: Thresholds | None = None
    left_out: tuple[tuple[str, str], ...] = ()
    """Prompts and strategies that could not be read, each with the reason."""
    error: str = ""
    """Why there is nothing, when there is nothing."""
    model: str = ""
    """What was unlearned in, and what, where a family has several of either."""
    benchmark: str = ""
    metrics: dict[str, dict[str, Interval]] = {}
    """Of the benchmark, by side (unlearned, base, reference) and by name."""
    absent: dict[str, str] = {}
    """Metrics that could not be taken, each with the reason."""
    world: str = ""
    """What its prompts are: seeds of one world share them. Empty: this seed's own."""

    def key(self, prompt: str) -> Key:
        """Return what tells a prompt from those of other worlds."""
        return self.world or str(self.seed), prompt


def bare(recovery: Recovery) -> Recovery:
    """Return a recovery without its texts, which would be most of a file."""
    best = recovery.best
    return replace(
        recovery,
        attempts=tuple(map(_bare, recovery.attempts)),
        controls=tuple(map(_bare, recovery.controls)),
        best=None if best is None else _bare(best),
    )


def _bare(attempt: Attempt) -> Attempt:
    return replace(
        attempt,
        positions=(),
        moved=(),
        prompt_text="",
        base_generation=None,
        pieces=(),
        unlearned=replace(attempt.unlearned, generation=None),
    )
