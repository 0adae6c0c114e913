"""The shape of a result document, schema 1. Public API.

Knows nothing of how a result is made, read or shown. Field names and meanings never change within a
schema; fields may be added, and a reader ignores those it does not know. Text is raw: whoever shows
it makes it safe. `docs/result.schema.json` is generated from these types and their docstrings.

gc=False: none of them can be in a cycle, and to have Python's collector look through those of ten
thousand cases, again and again, held up the screen for a second.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from attribution.attempts import Selection
from attribution.effort import Effort
from attribution.emphasis import Template
from attribution.standing import HeldOut, Standing
from attribution.types import Answer, Granularity, Interval, Label, Nats, Span, Split, Token
from attribution.verdict import Thresholds
from unpact_tui.recovery_schema import AttemptEntry, RecoveryEntry

SCHEMA = 1


class SharedEntry(msgspec.Struct, frozen=True, gc=False):
    """What a model has from the base while both are open. Ours."""

    bytes: int
    """Of its weights, those that were not loaded twice, because the files hold the same."""
    of: int
    """All of its weights, in bytes."""
    layers: int
    """Leading layers that were computed once for both."""


class CheckpointEntry(msgspec.Struct, frozen=True, gc=False):
    """One of the models."""

    name: str
    path: str
    fingerprint: str
    """Changes when the weights do."""
    method: str | None
    """How it was unlearned, where the checkpoint says so."""
    dtype: str
    device: str
    shared: SharedEntry | None = None
    """What it has from the base; null when it has nothing."""


class SettingsEntry(msgspec.Struct, frozen=True, gc=False):
    """Everything the numbers depend on besides the checkpoints and the prompts."""

    estimator: str
    granularity: Granularity
    """What is removed at a time."""
    alpha: float
    """KeyTokens: threshold on the normalised contribution."""
    beta: int
    """KeyTokens: with fewer positive contributions than this, all of them are KeyTokens."""
    normalisation: Literal["max", "sum", "minmax"]
    strategies: tuple[str, ...]
    draws: int
    """How many times random words were drawn for the control."""
    seed: int
    dtype: str
    """The base's; log-probabilities are float32 whatever this says."""
    device: str
    """The base's."""
    chat: bool
    """Prompts were wrapped in a chat template."""
    max_new_tokens: int
    thresholds: Thresholds
    whp_alpha: float | None = None
    """How many times what reinforcement raised a logit by was taken off it; of effect only where
    the unlearned side is the mixture of two models that `method` calls "whp"."""
    effort: Effort | None = None
    """How far an estimator that is not exact goes."""
    budget: float | None = None
    """Seconds that the contributions of one prompt may take; with more than 0 the estimator was
    chosen to fit."""
    also: tuple[Selection, ...] = ()
    """Other choices of words that were measured, for `held_out`."""
    selection: Selection = "base"
    """Which words were emphasised, where none were named by hand."""
    search: int | None = None
    """Prompts that a search for words may read; of effect with selection "greedy" alone."""
    most_words: int | None = None
    """Words that a search may take."""
    layers: tuple[int, ...] = ()
    """Where attention was steered; empty is all."""
    heads: tuple[int, ...] = ()
    """Likewise."""
    templates: tuple[Template, ...] = ()
    """A person's own strategies."""


class PromptEntry(msgspec.Struct, frozen=True, gc=False):
    """What was tokenised."""

    text: str
    """Template included."""
    tokens: tuple[Token, ...]
    content: Span
    """The part of `text` that the user wrote."""


class ApproximationEntry(msgspec.Struct, frozen=True, gc=False):
    """What is not exact about contributions, and how good the guesses were where checked. Ours."""

    estimates: tuple[Nats | None, ...]
    """A guess at the contribution of each prompt token; null where there is none."""
    how: str
    """In words: what was measured, and what was estimated by what."""
    measured: int
    """Removed units whose contribution was measured by removal."""
    units: int
    """Units that may be removed."""
    agreement: Interval | None = None
    """Spearman's rho of estimates and measured contributions over a checked sample of n."""
    r_squared: Interval | None = None
    """Share of the variance of LP that a surrogate explains on n ablations it was not fitted to."""


class ModelEntry(msgspec.Struct, frozen=True, gc=False):
    """One model on the plain prompt."""

    logprob: Nats
    """Mean log-probability per answer token, in nats."""
    contributions: tuple[Nats | None, ...]
    """One per prompt token; null is not measured, 0 is measured and inert."""
    generation: str | None
    """What it says, greedily."""
    noise: Nats | None = None
    """A contribution nearer to zero cannot be told from rounding; null is not measured, or
    negligible because numbers have 32 bits."""
    approximation: ApproximationEntry | None = None
    """What is not exact about the contributions; null where all of them were measured."""


class ShiftEntry(msgspec.Struct, frozen=True, gc=False):
    """How contributions moved from base to unlearned."""

    delta: tuple[Nats | None, ...]
    overlap: float | None
    rank_correlation: float | None
    focus_kept: float | None


class CaseEntry(msgspec.Struct, frozen=True, gc=False):
    """One prompt, fully measured."""

    id: str
    split: Split
    prompt: PromptEntry
    answer: Answer
    base: ModelEntry
    unlearned: ModelEntry
    key_tokens: tuple[int, ...]
    """Positions; the base's."""
    shift: ShiftEntry
    recovery: RecoveryEntry
    evidence: dict[str, Interval]
    verdict: Label
    reasons: tuple[str, ...]
    tried: tuple[AttemptEntry, ...] = ()
    """What a session emphasised by hand, each attempt followed by its controls."""
    belongs: tuple[float | None, ...] = ()
    """Where contributions are approximate: the probability that each token is a KeyToken of the
    base."""
    entities: tuple[str, ...] = ()
    """What the answer is about, as given or else guessed: a prompt that says it leaks. Ours."""
    paraphrases: tuple[str, ...] = ()
    """The same asked in other words, as given."""

    def __post_init__(self) -> None:
        tokens = len(self.prompt.tokens)
        rows = (self.base.contributions, self.unlearned.contributions, self.shift.delta)
        rows += (self.belongs,) if self.belongs else ()
        known = (self.base.approximation, self.unlearned.approximation)
        rows += tuple(each.estimates for each in known if each is not None)
        if any(len(row) != tokens for row in rows):
            raise ValueError(f"a row of case {self.id!r} does not have one entry per token")
        if not all(0 <= position < tokens for position in self.key_tokens):
            raise ValueError(f"a KeyToken of case {self.id!r} is outside the prompt")


class FailureEntry(msgspec.Struct, frozen=True, gc=False):
    """A prompt that could not be measured and counts nowhere."""

    id: str
    split: Split
    reason: str


class Document(msgspec.Struct, frozen=True, gc=False):
    """A result: the models, the settings, every case, and what they say together."""

    schema: Literal[1]
    base: CheckpointEntry
    unlearned: CheckpointEntry
    reference: CheckpointEntry | None
    settings: SettingsEntry
    cases: tuple[CaseEntry, ...]
    evidence: dict[str, Interval]
    verdict: Label
    reasons: tuple[str, ...]
    warnings: tuple[str, ...] = ()
    failures: tuple[FailureEntry, ...] = ()
    strategies: tuple[Standing, ...] = ()
    """How each strategy stands over the forget prompts whose answer the base knows. Ours."""
    held_out: HeldOut | None = None
    """One strategy on one selection of words, chosen on half of the prompts and read on the rest;
    null with fewer than four prompts. Ours."""
