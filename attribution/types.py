"""Every noun of the measuring side: frozen, plain Python, no torch, no numpy.

Nothing here knows how a number is obtained. Whatever crosses a package or a process boundary is
made of these types, so it can be stored, replayed, drawn and tested without a model.

Units: every score is in nats and is a mean log-probability per answer token, or a difference of
two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Nats = float
"""A mean log-probability per answer token (at most 0), or a difference of two of them."""

AnswerSource = Literal["gold", "base", "own"]
"""Where an answer came from: the prompt file, the base model's generation, or each model's own."""

Granularity = Literal["token", "word", "sentence"]
"""What is removed at a time."""


@dataclass(frozen=True, slots=True)
class Token:
    """One token of a prompt.

    `start` and `end` are character offsets into `Prompt.text`; over a prompt they tile it without
    gap or overlap. A token that carries only the later bytes of a character has an empty span and
    an empty `text`; so has a special token that the tokenizer adds outside the text, whose `text`
    is its name.
    """

    id: int
    text: str
    start: int
    end: int
    fixed: bool = False
    """Belongs to the template or is special: shown, never removed, never emphasised."""


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open range of characters in a text."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is tokenised, template included, with its tokens."""

    text: str
    tokens: tuple[Token, ...]
    content: Span
    """The part of `text` that the user wrote; the rest is template."""

    @property
    def ids(self) -> tuple[int, ...]:
        """What the model reads."""
        return tuple(token.id for token in self.tokens)

    @property
    def content_text(self) -> str:
        """What the user wrote."""
        return self.text[self.content.start : self.content.end]

    @property
    def removable(self) -> tuple[int, ...]:
        """Positions that may be removed or emphasised."""
        return tuple(i for i, token in enumerate(self.tokens) if not token.fixed)

    def without(self, positions: frozenset[int]) -> tuple[int, ...]:
        """Return the ids that are left when `positions` are removed; never re-tokenises."""
        return tuple(token.id for i, token in enumerate(self.tokens) if i not in positions)


@dataclass(frozen=True, slots=True)
class Answer:
    """The text whose probability is measured; the same ids are scored on every model."""

    text: str
    ids: tuple[int, ...]
    source: AnswerSource


@dataclass(frozen=True, slots=True)
class Odds:
    """What a model expected where one token of a text stands. Natural logarithms."""

    logprob: Nats
    """Of the token that is there."""
    first: bool
    """Whether it was the likeliest; of equals, whether its id was the lowest."""
    mean: Nats
    """Of the log-probability of a token drawn from what it expected: minus its entropy."""
    spread: Nats
    """The standard deviation of the same."""


@dataclass(frozen=True, slots=True)
class Attribution:
    """Contributions C(x_i, y) of prompt tokens to one answer, on one model.

    `contributions` has one entry per prompt token: None is not measured (or fixed), 0.0 is measured
    and inert. With granularity "word" or "sentence" every token of one carries its contribution. A
    partial result has the same type; `complete` tells them apart.
    """

    prompt: Prompt
    answer: Answer
    logprob: Nats
    contributions: tuple[Nats | None, ...]
    estimator: str
    granularity: Granularity = "token"
    complete: bool = True
    answer_logprobs: tuple[Nats, ...] = ()
    """Of each answer token on the whole prompt; `logprob` is their mean. Empty: not measured."""
    by_answer_token: tuple[tuple[Nats | None, ...], ...] = ()
    """One row per answer token: what each prompt token contributes to it alone. The mean over the
    rows is `contributions`. Empty: not measured, or not complete."""
    noise: Nats | None = None
    """A contribution nearer to zero than this cannot be told from rounding (`Scorer.rounding`).
    None: not measured, because not known yet or far below anything that is drawn. Ours."""
    approximation: Approximation | None = None
    """What is not exact about it; None where every contribution was measured by removal."""


@dataclass(frozen=True, slots=True)
class Approximation:
    """What an estimator guessed, and how good its guesses were wherever they were checked. Ours."""

    estimates: tuple[Nats | None, ...]
    """A guess at the contribution of each prompt token; None where there is none."""
    how: str
    """In words: what was measured, and what was estimated by what."""
    measured: int
    """Removed units whose contribution was measured by removal."""
    units: int
    """Units that may be removed."""
    agreement: Interval | None = None
    """Spearman's rho of estimates and measured contributions over a checked sample; its n is the
    size of the sample."""
    r_squared: Interval | None = None
    """Share of the variance of LP that a surrogate explains on ablations that it was not fitted to;
    its n is their number."""
    draws: tuple[tuple[Nats | None, ...], ...] = ()
    """Contributions as they might just as well have come out, resampled; each has one entry per
    prompt token. The probability that a token is a KeyToken is read from them."""


@dataclass(frozen=True, slots=True)
class KeyTokenRule:
    """The paper's two-branch rule. It publishes neither alpha, beta nor N: the defaults are
    ours."""

    alpha: float = 0.15
    """Threshold on the normalised contribution, in [0, 1)."""
    beta: int = 2
    """With fewer positive contributions than this, all of them are KeyTokens."""
    normalisation: Literal["max", "sum", "minmax"] = "max"
    """N over the positive contributions: divide by the largest, by the sum, or rescale to [0,
    1]."""


@dataclass(frozen=True, slots=True)
class KeyTokens:
    """Positions (not strings: tokens repeat) that carry the answer, and the rule that chose
    them."""

    positions: tuple[int, ...]
    rule: KeyTokenRule


@dataclass(frozen=True, slots=True)
class Shift:
    """How contributions moved from base to unlearned, for the same prompt and the same answer."""

    delta: tuple[Nats | None, ...]
    """unlearned - base per token; None where either is not measured."""
    overlap: float | None
    """Jaccard index of the two KeyToken sets among what was measured on both; None when both are
    empty. Ours."""
    rank_correlation: float | None
    """Spearman's rho over tokens measured on both; None when either side is constant."""
    focus_kept: float | None
    """Sum of positive C over the base's KeyTokens, unlearned / base; None without any. Ours."""


@dataclass(frozen=True, slots=True)
class Interval:
    """An estimate that never travels without its uncertainty."""

    estimate: float
    lower: float
    upper: float
    n: int


Label = Literal["RETAINED", "SUPPRESSED", "UNRECOVERED", "COLLAPSED", "UNKNOWN"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the evidence says, and why. Never "erased": probes can show knowledge, not its
    absence."""

    label: Label
    reasons: tuple[str, ...]


Split = Literal["forget", "retain", "general"]


@dataclass(frozen=True, slots=True)
class Case:
    """One row of a prompt file or a benchmark."""

    id: str
    prompt: str
    answer: str | None = None
    split: Split = "forget"
    paraphrases: tuple[str, ...] = ()
    """The same asked in other words."""
    entities: tuple[str, ...] = ()
    """What the answer is about; without any it is guessed."""
