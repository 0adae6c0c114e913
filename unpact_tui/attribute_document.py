"""What `attribute --json` prints, schema 1: one model, contributions prompt by prompt. Public API.

Field names and meanings never change within a schema; fields may be added. Text is raw: whoever
shows it makes it safe. Knows nothing of how it is made or shown.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from attribution.effort import Effort
from attribution.types import Answer, Granularity, Nats, Split
from unpact_tui.document import encode as encode_any
from unpact_tui.result_schema import (
    ApproximationEntry,
    CheckpointEntry,
    FailureEntry,
    PromptEntry,
)


class AttributeSettings(msgspec.Struct, frozen=True):
    """Everything the numbers depend on besides the checkpoint and the prompts."""

    estimator: str
    granularity: Granularity
    """What is removed at a time."""
    effort: Effort
    """How far an estimator that is not exact goes."""
    budget: float
    """Seconds that the contributions of one prompt may take; with more than 0 the estimator was
    chosen to fit."""
    alpha: float
    """KeyTokens: threshold on the normalised contribution."""
    beta: int
    """KeyTokens: with fewer positive contributions than this, all of them are KeyTokens."""
    normalisation: Literal["max", "sum", "minmax"]
    seed: int
    dtype: str
    """The model's; log-probabilities are float32 whatever this says."""
    device: str
    chat: bool
    """Prompts were wrapped in a chat template."""
    max_new_tokens: int
    """Length of an answer that the model writes itself."""


class AttributedCase(msgspec.Struct, frozen=True):
    """One prompt and what each of its tokens contributes to the answer."""

    id: str
    split: Split
    prompt: PromptEntry
    answer: Answer
    """Its source is "own" where the model wrote it, greedily."""
    answer_tokens: tuple[str, ...]
    """The answer's tokens as text."""
    logprob: Nats
    """Mean log-probability per answer token, in nats."""
    answer_logprobs: tuple[Nats, ...]
    """Of each answer token; `logprob` is their mean."""
    contributions: tuple[Nats | None, ...]
    """One per prompt token; null is not measured, 0 is measured and inert."""
    by_answer_token: tuple[tuple[Nats | None, ...], ...] | None
    """With --by-token, a row per answer token; null where there are none."""
    noise: Nats | None
    """A contribution nearer to zero cannot be told from rounding; null is not measured, or
    negligible because numbers have 32 bits."""
    approximation: ApproximationEntry | None
    """What is not exact about the contributions; null where all of them were measured."""
    key_tokens: tuple[int, ...]
    """Positions."""
    belongs: tuple[float | None, ...]
    """Where contributions are approximate: the probability that each token is a KeyToken."""
    estimator: str
    """What measured them; not that of the settings where a budget chose."""
    granularity: Granularity
    token_forwards: int
    """Ids that went through the model for the contributions."""
    limit_token_forwards: int
    """The fewest that exact leave-one-out of the same units needs."""
    seconds: float
    """Spent on the contributions."""


class AttributionDocument(msgspec.Struct, frozen=True):
    """A result: the model, the settings, every case."""

    schema: Literal[1]
    kind: Literal["attribution"]
    model: CheckpointEntry
    settings: AttributeSettings
    cases: tuple[AttributedCase, ...]
    failures: tuple[FailureEntry, ...] = ()
    """Prompts that could not be measured."""
    warnings: tuple[str, ...] = ()


def encode(result: AttributionDocument) -> str:
    """Return one JSON object, with a final newline."""
    return encode_any(result, pretty=True).decode() + "\n"
