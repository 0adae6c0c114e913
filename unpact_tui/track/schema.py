"""The shape of one step of a run, schema 1: a line of what `track --out` writes. Public API.

Knows nothing of how a step is made or shown. Fields may be added within a schema; a reader ignores
those it does not know. Text is raw: whoever shows it makes it safe.
"""

from __future__ import annotations

import msgspec

from attribution.types import Granularity, Interval, Label, Nats, Split
from unpact_tui.ledger import Form, KeyedLine
from unpact_tui.triage.row import Row

SCHEMA = 1


class CaseStep(msgspec.Struct, frozen=True):
    """One prompt at one step; what has no model's name is the checkpoint's."""

    id: str
    split: Split
    verdict: Label
    prompt: str
    """As the user wrote it."""
    answer: str
    tokens: tuple[str, ...]
    """Those of the prompt that may be removed."""
    base_contributions: tuple[Nats | None, ...]
    """One per token; null is not measured, 0 is measured and inert."""
    contributions: tuple[Nats | None, ...]
    base_logprob: Nats
    """LP of the answer: mean log-probability per token."""
    logprob: Nats
    words: tuple[tuple[int, ...], ...] = ()
    """The tokens of each word, by their places in `tokens`."""
    granularity: Granularity = "token"
    """What was removed at a time; every token of a word or a sentence carries its contribution."""
    key_tokens: tuple[int, ...] = ()
    """The base's, by their places in `tokens`."""
    noise: Nats | None = None
    """A contribution nearer to zero cannot be told from rounding; null is not measured, or
    negligible."""
    base_key_mass: Nats | None = None
    """Sum of the positive contributions at the base's KeyTokens. Ours."""
    key_mass: Nats | None = None
    focus_kept: float | None = None
    overlap: float | None = None
    recovered: float | None = None
    control: float | None = None
    generation: str | None = None
    """What the checkpoint says to the prompt."""

    def __post_init__(self) -> None:
        count = len(self.tokens)
        if any(len(row) != count for row in (self.base_contributions, self.contributions)):
            raise ValueError(f"case {self.id!r} does not have one contribution per token")
        places = (*self.key_tokens, *(place for word in self.words for place in word))
        if not all(0 <= place < count for place in places):
            raise ValueError(f"case {self.id!r} names a token that is not there")


class TrackedStep(KeyedLine, frozen=True):
    """One checkpoint of a run."""

    step: int | None
    """Of training; null is the run's own folder, which comes last."""
    row: Row
    """As `triage` has it; with an error where the checkpoint could not be measured."""
    cases: tuple[CaseStep, ...] = ()
    key_mass: Interval | None = None
    """Mean over the prompts to forget of the sum of the positive contributions at the base's
    KeyTokens, in nats. Ours."""

    @property
    def title(self) -> str:
        """The step as a person reads it."""
        return "last" if self.step is None else str(self.step)


STEPS = Form(TrackedStep, SCHEMA, "step", "track")
"""What `track --out` writes."""


class Event(msgspec.Struct, frozen=True):
    """When something first happened. Rules and lines are ours."""

    name: str
    """forgetting, hiding, collapse or retain_bound."""
    happened: bool | None
    """Null: it cannot be said, for want of what it is read from."""
    step: int | None
    """The first measured step at which it holds; null also for the run's own folder."""
    checkpoint: str | None
    """Its name."""
    lasts: bool | None
    """Whether it holds at every later measured step too."""
    sentence: str


class Track(msgspec.Struct, frozen=True):
    """A whole run: what `track --json` prints."""

    schema: int
    base: str
    run: str
    steps: tuple[TrackedStep, ...]
    events: tuple[Event, ...]
