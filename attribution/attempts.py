"""The nouns of emphasis: what is done to a prompt or to how it is read, and what came of it.

Frozen and plain, as those of `types.py`, which they build on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from attribution.types import Nats

Level = Literal["prompt", "tokens", "attention", "embedding", "decoding"]
"""Where emphasis works: on the text, on how it is cut into ids, or inside the forward pass."""


LeverKind = Literal["attention_bias", "attention_share", "embedding_scale", "anchor"]


Selection = Literal["base", "unlearned", "shift", "own", "greedy"]
"""Which words are emphasised: those with KeyTokens of the base, or of the unlearned model; those
whose contribution fell most; a person's own; those that a search found. Ours."""


@dataclass(frozen=True, slots=True)
class Emphasis:
    """What is done to a prompt, or to how it is read: weights never change."""

    strategy: str
    positions: tuple[int, ...]
    strength: float = 1.0
    """Of no effect with a strategy that has no dial. Ours."""


@dataclass(frozen=True, slots=True)
class Lever:
    """What is done to some positions inside the forward pass; weights never change."""

    kind: LeverKind
    amount: float
    """attention_bias: added to the attention logits towards the positions, in nats (the logarithm
    of what PASTA multiplies attention by); attention_share: the least share of a query's attention
    that they get together; embedding_scale: what their embeddings are multiplied by; anchor: how
    many times logits - logits without them is added to the logits."""
    layers: tuple[int, ...] = ()
    """Where attention is steered; empty is all."""
    heads: tuple[int, ...] = ()
    """Likewise."""

    @property
    def idle(self) -> bool:
        """Whether it changes nothing."""
        return self.amount == (1.0 if self.kind == "embedding_scale" else 0.0)


@dataclass(frozen=True, slots=True)
class Steering:
    """A lever, and what it is pulled on in each of several rows."""

    lever: Lever
    where: tuple[frozenset[int], ...]
    """Positions in each row."""


AttemptKind = Literal["key", "random", "id_preserving", "ids_only", "paraphrase"]
"""On the chosen words; and the controls: on random other words, the same marks with the words' ids
left alone, the same ids without the marks, and another wording without any."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one model says to one prompt."""

    logprob: Nats
    """Of the answer under test."""
    generation: str | None = None
    """Greedy; None when none was made."""
    rouge_l: float | None = None
    """ROUGE-L F of the generation against the answer."""
    exact: bool | None = None
    """The generation equals the answer but for case, punctuation and white space."""
    diverges_at: int | None = None
    """Index of the generation's first word that differs from the answer's; None when none does."""
    entity_hit: bool | None = None
    """The generation holds what the answer is about (`leakage.entities_of`); None where that is not
    known."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One emphasised prompt, read on every model."""

    strategy: str
    kind: AttemptKind
    draw: int
    """Number of the random draw; 0 for the other kinds."""
    positions: tuple[int, ...]
    """What was emphasised: every token of the words marked, in the original prompt."""
    strength: float
    """Where the strategy's dial stood; 1.0 is the default, and all there is without a dial."""
    prompt_text: str
    moved: tuple[int, ...]
    """The same tokens' places in the emphasised prompt."""
    ids_changed: bool
    """The emphasised words are other token ids than in the original prompt."""
    unlearned: Reading
    base_logprob: Nats
    reference_logprob: Nats | None
    recovered: float | None
    """(LP emphasised - LP plain) / (LP base - LP plain), all of the answer, the numerator and LP
    plain on the unlearned model. None: no gap to recover, the base breaks under the same edit, or
    the prompt leaks the answer. Ours."""
    base_breaks: bool
    """The base itself loses more than is allowed under the same edit."""
    base_generation: str | None = None
    """What the base writes to the same prompt; None for controls."""
    base_exact: bool | None = None
    """... and whether that is the answer."""
    level: Level = "prompt"
    """Where the strategy works."""
    leaks: bool = False
    """The emphasised prompt gives away what the answer is about: that is no recovery. Ours."""
    pieces: tuple[str, ...] = ()
    """The texts of the tokens at `moved`: how the emphasised words are cut."""


@dataclass(frozen=True, slots=True)
class Search:
    """How a search found the words, and what it is worth: a search looks at the answer. Ours."""

    strategy: str
    """What the words were emphasised by."""
    path: tuple[tuple[tuple[int, ...], float], ...]
    """The tokens of each word, in the order they were taken, and what is recovered with it."""
    read: int
    """Prompts."""
    random: float | None = None
    """The best of as many random sets of as many other words recovers."""
    reference: float | None = None
    """What a search as large on the reference gains there, as `reference_share` has it."""
    held_out: float | None = None
    """What the same words recover in paraphrases, which the search has not seen, of what these
    lost; None where the words occur in none that can be read."""
    paraphrases: int = 0
    """How many these are."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """All attempts on one prompt beside their controls."""

    plain: Reading
    """The unlearned model on the prompt as it is."""
    base: Reading
    reference: Reading | None
    attempts: tuple[Attempt, ...]
    """Every strategy on the KeyTokens."""
    controls: tuple[Attempt, ...]
    """The same strategies on random other words, and the id-preserving twins."""
    best: Attempt | None
    """The attempt that recovered most; None when none could be read."""
    control: float | None
    """Mean over the random draws of the best recovery in a draw: best-of-n against best-of-n.
    Ours."""
    lift: float | None
    """best.recovered - control; None without a control. Ours."""
    complete: bool = True
    paraphrase: float | None = None
    """What the best of the paraphrases recovers, without emphasis; None without one. Ours."""
    left_out: tuple[tuple[str, str], ...] = ()
    """Strategies that could not be tried, each with the reason."""
    selection: Selection = "base"
    """Which words the attempts are on."""
    search: Search | None = None
    """With selection "greedy", how they were found. The random words are then the best of as many
    sets as the search read."""
