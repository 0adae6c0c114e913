"""Does emphasis bring the answer back, and more than anything else would?

Every strategy is tried on the KeyTokens. Beside each attempt stand its controls: the same strategy
on random other words, the same marks with the words' token ids left alone (the id-preserving twin),
and the base, and the reference where there is one, on the same edited prompt. All ours: the paper
publishes neither its emphasis wording nor a control.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from random import Random
from statistics import fmean

from attribution.emphasis import Emphasised, emphasise, id_preserving_twin
from attribution.scorer import Model, Tokens, mean
from attribution.textmatch import exact, first_divergence, rouge_l
from attribution.types import (
    Answer,
    Attempt,
    AttemptKind,
    Attribution,
    Emphasis,
    KeyTokens,
    Nats,
    Prompt,
    Reading,
    Recovery,
)
from attribution.words import touched, words


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


def random_positions(
    prompt: Prompt, positions: Sequence[int], draws: int, seed: int
) -> tuple[tuple[int, ...], ...]:
    """Draw as many words as `positions` touch, from the others, up to `draws` different times.

    With fewer other words than that, all of them, once; with none, nothing.
    """
    key = touched(prompt, positions)
    taken = {word.positions for word in key}
    others = [word for word in words(prompt) if word not in taken]
    if not others:
        return ()
    generator = Random(seed)
    drawn: dict[tuple[int, ...], None] = {}
    for _ in range(4 * draws):  # repeats are dropped; a small pool may not have enough
        chosen = sorted(generator.sample(others, min(len(key), len(others))))
        drawn.setdefault(tuple(i for word in chosen for i in word))
    return tuple(drawn)[:draws]


def words_to_emphasise(found: Attribution, keys: KeyTokens) -> tuple[int, ...]:
    """Return the KeyTokens; where they are all punctuation, the tokens of the strongest word.

    Empty when no word contributes to the answer. Ours.
    """
    if touched(found.prompt, keys.positions):
        return keys.positions
    strongest: tuple[int, ...] = ()
    most = 0.0
    for word in words(found.prompt):
        here = max(found.contributions[i] or 0.0 for i in word)
        if here > most:
            strongest, most = word, here
    return strongest


def variants(
    tokens: Tokens,
    prompt: Prompt,
    emphasis: Emphasis,
    random: Sequence[tuple[int, ...]],
) -> Iterator[Variant]:
    """Yield one strategy's prompts: on the chosen words, the twin where there is one, the draws.

    Raises `NothingToEmphasise`.
    """
    edited = emphasise(tokens, prompt, emphasis)
    yield Variant("key", 0, emphasis, edited)
    twin = id_preserving_twin(tokens, prompt, emphasis) if edited.ids_changed else None
    if twin is not None:
        yield Variant("id_preserving", 0, emphasis, twin)
    for draw, positions in enumerate(random):
        drawn = replace(emphasis, positions=positions)
        yield Variant("random", draw, drawn, emphasise(tokens, prompt, drawn))


def score_attempts(
    trio: Trio, plain: Plain, tried: Sequence[Variant], *, base_breaks: float
) -> Iterator[tuple[Attempt, ...]]:
    """Score every variant on every model: yields nothing after each batch, all of them at the end.

    `base_breaks` is the share of the gap that the base may lose under an edit before the edit says
    nothing. Raises what the models raise.
    """
    rows = [variant.edited.prompt.ids for variant in tried]
    scores: list[list[Nats]] = []
    for model in (trio.unlearned, trio.base, trio.reference):
        scores.append([])
        for batch in model.score(rows, plain.answer) if model else ():
            scores[-1] += [mean(logprobs) for logprobs in batch]
            yield ()
    unlearned, base, reference = scores
    yield tuple(
        _attempt(plain, variant, u, b, r, base_breaks)
        for variant, u, b, r in zip(
            tried, unlearned, base, reference or [None] * len(rows), strict=True
        )
    )


def _attempt(
    plain: Plain,
    variant: Variant,
    unlearned: Nats,
    base: Nats,
    reference: Nats | None,
    base_breaks: float,
) -> Attempt:
    breaks = plain.base.logprob - base > base_breaks * max(plain.gap, 0.0)
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


def with_text(attempt: Attempt, answer: Answer, text: str) -> Attempt:
    """Return the attempt with what the unlearned model wrote."""
    return replace(attempt, unlearned=reading(attempt.unlearned.logprob, answer, text))


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
    trio: Trio,
    plain: Plain,
    positions: Sequence[int],
    strategies: Sequence[str],
    *,
    draws: int,
    seed: int,
    limit: int,
    base_breaks: float,
) -> Iterator[Recovery]:
    """Yield ever more complete recoveries: first the scores, at the end the texts.

    All prompts are read in as few passes as memory allows, and there is a yield after each, so that
    the work can be stopped. Raises `NothingToEmphasise`, `UnknownName` and what the models raise.
    """
    random = random_positions(plain.prompt, positions, draws, seed)
    tried = [
        variant
        for name in strategies
        for variant in variants(
            trio.unlearned, plain.prompt, Emphasis(name, tuple(positions)), random
        )
    ]
    scored: tuple[Attempt, ...] = ()
    for scored in score_attempts(trio, plain, tried, base_breaks=base_breaks):
        yield summarise(plain, scored, complete=False)
    written = [""] * len(tried)
    for texts in trio.unlearned.write([variant.edited.prompt.ids for variant in tried], limit):
        written = texts
        yield summarise(plain, scored, complete=False)
    read = [with_text(a, plain.answer, text) for a, text in zip(scored, written, strict=True)]
    yield summarise(plain, read, complete=True)
