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
from attribution.scorer import Model, Tokens, score_all, write_all
from attribution.textmatch import exact, rouge_l
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
    return Reading(logprob, text, rouge_l(answer.text, text), exact(answer.text, text))


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


def attempts(
    trio: Trio,
    plain: Plain,
    tried: Sequence[Variant],
    *,
    base_breaks: float,
    texts: Sequence[str | None],
) -> tuple[Attempt, ...]:
    """Score every variant on every model; `texts` is what the unlearned model wrote to each.

    `base_breaks` is the share of the gap that the base may lose under an edit before the edit says
    nothing. Raises what the models raise.
    """
    rows = [variant.edited.prompt.ids for variant in tried]

    unlearned = score_all(trio.unlearned, rows, plain.answer)
    base = score_all(trio.base, rows, plain.answer)
    reference = trio.reference and score_all(trio.reference, rows, plain.answer)
    read: list[Attempt] = []
    for i, variant in enumerate(tried):
        breaks = plain.base.logprob - base[i] > base_breaks * max(plain.gap, 0.0)
        gained = unlearned[i] - plain.unlearned.logprob
        read.append(
            Attempt(
                strategy=variant.emphasis.strategy,
                kind=variant.kind,
                draw=variant.draw,
                positions=variant.emphasis.positions,
                strength=variant.emphasis.strength,
                prompt_text=variant.edited.prompt.text,
                moved=variant.edited.moved,
                ids_changed=variant.edited.ids_changed,
                unlearned=reading(unlearned[i], plain.answer, texts[i]),
                base_logprob=base[i],
                reference_logprob=reference[i] if reference else None,
                recovered=None if breaks or plain.gap <= 0 else gained / plain.gap,
                base_breaks=breaks,
            )
        )
    return tuple(read)


def control_of(controls: Sequence[Attempt]) -> float | None:
    """Return the mean over the random draws of the best recovery in each draw."""
    best: dict[int, float] = {}
    for attempt in controls:
        if attempt.kind == "random" and attempt.recovered is not None:
            best[attempt.draw] = max(attempt.recovered, best.get(attempt.draw, attempt.recovered))
    return fmean(best.values()) if best else None


def summarise(
    plain: Plain, tried: Sequence[Attempt], controls: Sequence[Attempt], *, complete: bool
) -> Recovery:
    """Put attempts beside their controls: best-of-n against best-of-n."""
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
        attempts=tuple(tried),
        controls=tuple(controls),
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
    """Yield the recovery after each strategy; the last is complete.

    Raises `NothingToEmphasise`, `UnknownName` and what the models raise.
    """
    random = random_positions(plain.prompt, positions, draws, seed)
    tried: list[Attempt] = []
    controls: list[Attempt] = []
    for done, name in enumerate(strategies, start=1):
        emphasis = Emphasis(name, tuple(positions))
        mine = list(variants(trio.unlearned, plain.prompt, emphasis, random))
        texts = write_all(trio.unlearned, [v.edited.prompt.ids for v in mine], limit)
        for attempt in attempts(trio, plain, mine, base_breaks=base_breaks, texts=texts):
            (tried if attempt.kind == "key" else controls).append(attempt)
        yield summarise(plain, tried, controls, complete=done == len(strategies))
