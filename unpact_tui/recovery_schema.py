"""The shape of what emphasis brought back, in a result document. Public API.

Knows nothing of how it is made or shown. As everywhere in a result, field names and meanings never
change within a schema, and text is raw.
"""

from __future__ import annotations

import msgspec

from attribution.attempts import AttemptKind, Level, Selection
from attribution.types import Nats


class ReadingEntry(msgspec.Struct, frozen=True, gc=False):
    """What one model says to the plain prompt."""

    logprob: Nats
    generation: str | None
    rouge_l: float | None
    exact: bool | None
    diverges_at: int | None = None
    """The generation's first word that differs from the answer's, counted from 0."""
    entity_hit: bool | None = None
    """The generation holds what the answer is about; null where that is not known."""


class AttemptEntry(msgspec.Struct, frozen=True, gc=False):
    """One emphasised prompt; numbers without a model's name are the unlearned model's."""

    strategy: str
    kind: AttemptKind
    """"key" is on the chosen words; the others are controls: "random" the same on random other
    words, "id_preserving" the same marks with the words' token ids left alone, "ids_only" the same
    ids without the marks, "paraphrase" the question in other words without emphasis."""
    draw: int
    positions: tuple[int, ...]
    """What was emphasised, in the original prompt."""
    moved: tuple[int, ...]
    """The same tokens' places in the emphasised prompt."""
    strength: float
    ids_changed: bool
    """The emphasised words are other token ids than before: recovery may be re-tokenisation."""
    prompt_text: str
    logprob: Nats
    base_logprob: Nats
    """The base on the same emphasised prompt."""
    reference_logprob: Nats | None
    recovered: float | None
    """(LP emphasised - LP plain) / (LP base - LP plain); null without a gap, if base_breaks, or if
    it leaks."""
    base_breaks: bool
    generation: str | None
    rouge_l: float | None
    exact: bool | None
    diverges_at: int | None = None
    base_generation: str | None = None
    """What the base says to the same emphasised prompt; null for controls."""
    base_exact: bool | None = None
    """... and whether that is the answer."""
    level: Level = "prompt"
    """Where the strategy works: on the text, on how it is cut into ids, or in the forward pass."""
    leaks: bool = False
    """The emphasised prompt gives away what the answer is about: that is no recovery. Ours."""
    entity_hit: bool | None = None
    """The generation holds what the answer is about; null where that is not known."""
    pieces: tuple[str, ...] = ()
    """The texts of the tokens at `moved`: how the emphasised words were cut."""


class LeftOutEntry(msgspec.Struct, frozen=True, gc=False):
    """A strategy that could not be tried."""

    strategy: str
    why: str


class RecoveryEntry(msgspec.Struct, frozen=True, gc=False):
    """All attempts beside their controls."""

    plain: ReadingEntry
    """The unlearned model."""
    base: ReadingEntry
    reference: ReadingEntry | None
    attempts: tuple[AttemptEntry, ...]
    controls: tuple[AttemptEntry, ...]
    best: AttemptEntry | None
    """The attempt that recovered most."""
    control: float | None
    """Mean over the random draws of the best recovery in a draw."""
    lift: float | None
    """best.recovered - control."""
    paraphrase: float | None = None
    """What the best of the paraphrases recovers, without emphasis; null without one. Ours."""
    left_out: tuple[LeftOutEntry, ...] = ()
    selection: Selection = "base"
    """Which words the attempts are on: those with KeyTokens of the base or of the unlearned model,
    those whose contribution fell most (shift), those a search found (greedy), a person's own."""
