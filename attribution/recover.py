"""Does emphasis bring the answer back, and more than anything else would?

Every strategy is tried on the KeyTokens. Beside each attempt stand its controls: the same strategy
on random other words, the same marks with the words' token ids left alone (the id-preserving twin),
and the base, and the reference where there is one, on the same edited prompt. All ours: the paper
publishes neither its emphasis wording nor a control.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from attribution.choose import random_positions
from attribution.emphasis import Emphasised, emphasise, id_preserving_twin, strengths
from attribution.scorer import Model, Row, Tokens, mean
from attribution.textmatch import exact, first_divergence, rouge_l
from attribution.types import (
    Answer,
    Attempt,
    AttemptKind,
    Emphasis,
    Nats,
    Prompt,
    Reading,
    Recovery,
)
from attribution.words import touched


@dataclass(frozen=True, slots=True)
class Trio:
    """The models a recovery is read on."""

    base: Model
    unlearned: Model
    reference: Model | None


@dataclass(frozen=True, slots=True)
class Plain:
    """The prompt as it is, and what each model says to it."""

    prompt: Prompt
    answer: Answer
    base: Reading
    unlearned: Reading
    reference: Reading | None

    @property
    def gap(self) -> Nats:
        """What unlearning took: LP(base) - LP(unlearned)."""
        return self.base.logprob - self.unlearned.logprob


@dataclass(frozen=True, slots=True)
class Variant:
    """An emphasised prompt, not yet read."""

    kind: AttemptKind
    draw: int
    emphasis: Emphasis
    edited: Emphasised


def reading(logprob: Nats, answer: Answer, text: str | None) -> Reading:
    """Compare what was written, if anything was, with the answer."""
    if text is None:
        return Reading(logprob)
    return Reading(
        logprob,
        text,
        rouge_l(answer.text, text),
        exact(answer.text, text),
        first_divergence(answer.text, text),
    )


def variants(
    tokens: Tokens,
    prompt: Prompt,
    positions: Sequence[int],
    strategies: Sequence[str],
    *,
    draws: int,
    seed: int,
    strength: float = 1.0,
) -> tuple[Variant, ...]:
    """Return the prompts to read: of every strategy on the words that hold `positions`, its twin
    where there is one, and the random draws, which all strategies share.

    `strength` is for the strategies that have a dial, and their controls get the same; the others
    have 1.0. Raises `NothingToEmphasise`, `UnknownName` and `BadOption`.
    """
    marked = tuple(i for word in touched(prompt, positions) for i in word.positions)
    random = random_positions(prompt, marked, draws, seed)
    return tuple(
        variant
        for name in strategies
        for emphasis in (Emphasis(name, marked, strength if len(strengths(name)) > 1 else 1.0),)
        for variant in _variants(tokens, prompt, emphasis, random)
    )


def _variants(
    tokens: Tokens, prompt: Prompt, emphasis: Emphasis, random: Sequence[tuple[int, ...]]
) -> Iterator[Variant]:
    edited = emphasise(tokens, prompt, emphasis)
    yield Variant("key", 0, emphasis, edited)
    twin = id_preserving_twin(tokens, prompt, emphasis) if edited.ids_changed else None
    if twin is not None:
        yield Variant("id_preserving", 0, emphasis, twin)
    for draw, positions in enumerate(random):
        drawn = replace(emphasis, positions=positions)
        yield Variant("random", draw, drawn, emphasise(tokens, prompt, drawn))


@dataclass(frozen=True, slots=True)
class Allowance:
    """How much the base may lose under an edit before the edit says nothing. Ours."""

    share: float
    """Of the gap."""
    nats: float
    """Per answer token: a wide gap does not excuse a base that cannot say the answer either."""


def score_attempts(
    trio: Trio, plain: Plain, tried: Sequence[Variant], allowed: Allowance
) -> Iterator[tuple[Attempt, ...]]:
    """Score every variant on every model: yields nothing after each batch, all of them at the end.

    Raises what the models raise.
    """
    rows = _different(tried)
    scores: list[dict[Row, Nats]] = []
    for model in (trio.unlearned, trio.base, trio.reference):
        found: list[Nats] = []
        for batch in model.score(rows, plain.answer) if model else ():
            found += [mean(logprobs) for logprobs in batch]
            yield ()
        scores.append(dict(zip(rows, found, strict=False)))
    unlearned, base, reference = scores
    yield tuple(
        _attempt(plain, variant, unlearned[row], base[row], reference.get(row), allowed)
        for variant in tried
        for row in (variant.edited.prompt.ids,)
    )


def _attempt(
    plain: Plain,
    variant: Variant,
    unlearned: Nats,
    base: Nats,
    reference: Nats | None,
    allowed: Allowance,
) -> Attempt:
    lost = plain.base.logprob - base
    breaks = lost > min(allowed.share * max(plain.gap, 0.0), allowed.nats)
    unreadable = breaks or plain.gap <= 0
    return Attempt(
        strategy=variant.emphasis.strategy,
        kind=variant.kind,
        draw=variant.draw,
        positions=variant.emphasis.positions,
        strength=variant.emphasis.strength,
        prompt_text=variant.edited.prompt.text,
        moved=variant.edited.moved,
        ids_changed=variant.edited.ids_changed,
        unlearned=Reading(unlearned),
        base_logprob=base,
        reference_logprob=reference,
        recovered=None if unreadable else (unlearned - plain.unlearned.logprob) / plain.gap,
        base_breaks=breaks,
    )


def with_texts(attempt: Attempt, answer: Answer, text: str, base_text: str | None) -> Attempt:
    """Return the attempt with what the unlearned model and the base wrote."""
    said = reading(attempt.unlearned.logprob, answer, text)
    same = None if base_text is None else exact(answer.text, base_text)
    return replace(attempt, unlearned=said, base_generation=base_text, base_exact=same)


def control_of(controls: Sequence[Attempt]) -> float | None:
    """Return the mean over the random draws of the best recovery in each draw."""
    best: dict[int, float] = {}
    for attempt in controls:
        if attempt.kind == "random" and attempt.recovered is not None:
            best[attempt.draw] = max(attempt.recovered, best.get(attempt.draw, attempt.recovered))
    return fmean(best.values()) if best else None


def summarise(plain: Plain, read: Sequence[Attempt], *, complete: bool) -> Recovery:
    """Put attempts beside their controls: best-of-n against best-of-n."""
    tried = tuple(attempt for attempt in read if attempt.kind == "key")
    controls = tuple(attempt for attempt in read if attempt.kind != "key")
    readable = [attempt for attempt in tried if attempt.recovered is not None]
    best = max(readable, key=lambda attempt: attempt.recovered or 0.0, default=None)
    control = control_of(controls)
    lift = None
    if best is not None and best.recovered is not None and control is not None:
        lift = best.recovered - control
    return Recovery(
        plain=plain.unlearned,
        base=plain.base,
        reference=plain.reference,
        attempts=tried,
        controls=controls,
        best=best,
        control=control,
        lift=lift,
        complete=complete,
    )


def recover(
    trio: Trio, plain: Plain, tried: Sequence[Variant], *, limit: int, allowed: Allowance
) -> Iterator[Recovery]:
    """Yield ever more complete recoveries: first the scores, at the end the texts.

    All prompts are read in as few passes as memory allows, and there is a yield after each, so that
    the work can be stopped. Raises what the models raise.
    """
    scored: tuple[Attempt, ...] = ()
    for scored in score_attempts(trio, plain, tried, allowed):
        yield summarise(plain, scored, complete=False)
    said: dict[Row, str] = {}
    base_said: dict[Row, str] = {}
    key = [variant for variant in tried if variant.kind == "key"]
    for model, asked, texts in ((trio.unlearned, tried, said), (trio.base, key, base_said)):
        rows = _different(asked)
        ids: list[Row] = []
        for written in model.write(rows, limit):
            ids = written
            yield summarise(plain, scored, complete=False)
        texts |= dict(zip(rows, map(model.decode, ids), strict=True))
    read = [
        with_texts(
            attempt, plain.answer, said[row], base_said[row] if attempt.kind == "key" else None
        )
        for attempt, variant in zip(scored, tried, strict=True)
        for row in (variant.edited.prompt.ids,)
    ]
    yield summarise(plain, read, complete=True)


def _different(tried: Sequence[Variant]) -> list[Row]:
    """Return the prompts; strategies may agree on one, which is then read once."""
    return list(dict.fromkeys(variant.edited.prompt.ids for variant in tried))
