"""What the engine says: plain values, each of which says whose it is.

The order they come in is in `protocol.py`, with what is asked.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from attribution.attempts import Attempt, Level, Recovery
from attribution.types import (
    Answer,
    Approximation,
    Interval,
    KeyTokens,
    Nats,
    Prompt,
    Shift,
    Token,
    Verdict,
)
from unpact_tui.weights.change import WeightChange

Role = Literal["base", "unlearned", "reference"]


class Message(msgspec.Struct, frozen=True, tag=True, tag_field="type"):
    """Root of all messages."""


class Hello(Message, frozen=True):
    """First word of the child; the versions must agree."""

    version: int


class Loading(Message, frozen=True):
    """How far a checkpoint is. `total` is 0 while it is not known."""

    role: Role
    name: str
    stage: str
    """In words: "importing torch", "reading weights", "checking weights", ..."""
    done: int
    total: int
    """Bytes."""
    shard: int
    shards: int


class Loaded(msgspec.Struct, frozen=True):
    """One open checkpoint."""

    role: Role
    name: str
    path: str
    method: str | None
    parameters: int
    bytes: int
    dtype: str
    device: str
    fingerprint: str
    shared_bytes: int = 0
    """Of `bytes`, those that are the base's own in memory, because the files hold the same."""
    shared_layers: int = 0
    """Leading layers that are the base's and are computed once for both."""


class Opened(Message, frozen=True):
    """All checkpoints are ready."""

    checkpoints: tuple[Loaded, ...]
    chat: bool
    """Prompts are wrapped in a chat template."""
    warnings: tuple[str, ...]
    """To be shown loudly, for example identical weights."""


class Encoded(Message, frozen=True):
    """The prompt as tokenised, the answer under test, and the words emphasis may be put on."""

    prompt: Prompt
    answer: Answer
    words: tuple[tuple[int, ...], ...]
    """Positions of each word's tokens, in order; punctuation and fixed tokens are in none."""
    answer_tokens: tuple[Token, ...] = ()
    """The tokens of the answer; their spans are in the texts of them all, joined."""


class Written(Message, frozen=True):
    """What a model has written so far; `done` on the last."""

    role: Role
    text: str
    emphasised: bool
    done: bool


class Contributions(Message, frozen=True):
    """Contributions measured so far, one per prompt token."""

    role: Role
    logprob: Nats
    values: tuple[Nats | None, ...]
    complete: bool
    answer_logprobs: tuple[Nats, ...] = ()
    """Of each answer token after the whole prompt."""
    noise: Nats | None = None
    """Contributions nearer to zero than this cannot be told from rounding; None: not measured."""
    approximation: Approximation | None = None
    """What is not exact about them, without its draws; None: all of it is."""
    estimator: str = "leave_one_out"
    """How they were measured; with a budget, what was chosen for it."""


class ByToken(Message, frozen=True):
    """Contributions to each answer token alone: a row per answer token, a number per prompt
    token."""

    role: Role
    rows: tuple[tuple[Nats | None, ...], ...]


class Compared(Message, frozen=True):
    """Both attributions are whole."""

    shift: Shift
    key_tokens: KeyTokens
    """Of the base."""
    unlearned_key_tokens: KeyTokens
    rouge_l: float
    """Of the unlearned model's plain generation against the answer."""
    exact: bool
    belongs: tuple[float | None, ...] = ()
    """Where contributions are approximate: the probability that each token is one of the base's
    KeyTokens."""


class Edited(Message, frozen=True):
    """The emphasised prompt about to be run."""

    strategy: str
    prompt: Prompt
    moved: tuple[int, ...]
    """Where the emphasised tokens are now."""
    ids_changed: bool
    level: Level = "prompt"
    """Where the strategy works: inside the forward pass the prompt stays as it is."""


class Tried(Message, frozen=True):
    """One emphasised prompt with its controls."""

    attempt: Attempt
    controls: tuple[Attempt, ...]
    """The id-preserving twin where there is one, and random draws."""
    control: float | None
    """Mean recovery of the random draws; None when none could be read."""
    base_text: str
    """What the base wrote to the same edited prompt."""


class Ladder(Message, frozen=True):
    """Recovery so far."""

    recovery: Recovery
    done: int
    total: int
    """Steps, for a bar."""


class Judged(Message, frozen=True):
    """The verdict on this case."""

    verdict: Verdict
    evidence: dict[str, Interval]


class Weighed(Message, frozen=True):
    """What changed in the weights, as far as it was read."""

    change: WeightChange


class Vitals(Message, frozen=True):
    """What the engine uses."""

    memory: int
    """Bytes: of the accelerator where the models are on one, of the process otherwise."""
    memory_total: int
    """0 where it is not known."""
    on_device: bool
    """The bytes are an accelerator's."""
    tokens_per_second: float
    """Read by all models in the last request."""


class Working(Message, frozen=True):
    """Still at it, with nothing to say; never sent."""


class Finished(Message, frozen=True):
    """The request is answered."""


class Cancelled(Message, frozen=True):
    """The request was cancelled or superseded."""


class Failed(Message, frozen=True):
    """The request cannot be answered; the engine lives on unless `fatal`."""

    message: str
    hint: str
    exit_code: int
    fatal: bool = False


Event = (
    Hello
    | Loading
    | Opened
    | Encoded
    | Written
    | Contributions
    | ByToken
    | Compared
    | Edited
    | Tried
    | Ladder
    | Judged
    | Weighed
    | Vitals
    | Finished
    | Cancelled
    | Failed
)

Step = (
    Loading
    | Opened
    | Encoded
    | Written
    | Contributions
    | ByToken
    | Compared
    | Edited
    | Tried
    | Ladder
    | Judged
    | Weighed
    | Working
)
"""What the engine itself yields; the rest is said by the process around it."""
