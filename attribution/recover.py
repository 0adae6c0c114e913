"""Does emphasis bring the answer back, and more than anything else would?

Every strategy is tried on the chosen words. Beside each attempt stand its controls: the same on
random other words, the two halves of a mark (`twins.py`), the base and the reference under the same
emphasis, and the question in other words without any. All ours: the paper publishes neither its
emphasis wording nor a control.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from attribution.attempts import Attempt, Lever, Reading, Recovery, Search, Selection
from attribution.leakage import hit, leaks
from attribution.passes import Found, Said, asked_of, score
from attribution.scorer import Model
from attribution.textmatch import exact, first_divergence, rouge_l
from attribution.types import Answer, Nats, Prompt
from attribution.variants import Variant

_WORTH = 0.1
"""Share of the lost log-probability that must be back before anybody writes it out."""


@dataclass(frozen=True, slots=True)
class Trio:
    """The models a recovery is read on."""

    base: Model
    unlearned: Model
    reference: Model | None

    @property
    def models(self) -> tuple[Model, ...]:
        """Those that are there."""
        return tuple(m for m in (self.unlearned, self.base, self.reference) if m is not None)

    def refuses(self, lever: Lever | None) -> str:
        """Return why one of them cannot be read under a lever; empty when all can."""
        if lever is None:
            return ""
        return next((why for model in self.models if (why := model.refuses(lever))), "")


@dataclass(frozen=True, slots=True)
class Plain:
    """The prompt as it is, and what each model says to it."""

    prompt: Prompt
    answer: Answer
    base: Reading
    unlearned: Reading
    reference: Reading | None
    entities: tuple[str, ...] = ()
    """What the answer is about."""

    @property
    def gap(self) -> Nats:
        """What unlearning took: LP(base) - LP(unlearned)."""
        return self.base.logprob - self.unlearned.logprob


def reading(
    logprob: Nats, answer: Answer, text: str | None, entities: Sequence[str] = ()
) -> Reading:
    """Compare what was written, if anything was, with the answer."""
    if text is None:
        return Reading(logprob)
    return Reading(
        logprob,
        text,
        rouge_l(answer.text, text),
        exact(answer.text, text),
        first_divergence(answer.text, text),
        hit(text, entities),
    )


# ---------------------------------------------------------------- what comes of it


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
    scores: list[Found] = []
    for model in (trio.unlearned, trio.base, trio.reference):
        scores.append((yield from score(model, tried, plain.answer)))
    unlearned, base, reference = scores
    yield tuple(
        _attempt(plain, variant, unlearned[key], base[key], reference.get(key), allowed)
        for variant in tried
        for key in ((variant.edited.lever, asked_of(variant)),)
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
    edited = variant.edited.prompt
    told = leaks(edited.content_text, plain.prompt.content_text, plain.entities)
    unreadable = breaks or told or plain.gap <= 0
    return Attempt(
        strategy=variant.emphasis.strategy,
        kind=variant.kind,
        draw=variant.draw,
        positions=variant.emphasis.positions,
        strength=variant.emphasis.strength,
        prompt_text=edited.text,
        moved=variant.edited.moved,
        ids_changed=variant.edited.ids_changed,
        unlearned=Reading(unlearned),
        base_logprob=base,
        reference_logprob=reference,
        recovered=None if unreadable else (unlearned - plain.unlearned.logprob) / plain.gap,
        base_breaks=breaks,
        level=variant.level,
        leaks=told,
        pieces=tuple(edited.tokens[i].text for i in variant.edited.moved),
    )


def with_texts(attempt: Attempt, plain: Plain, text: str | None, base_text: str | None) -> Attempt:
    """Return the attempt with what the unlearned model and the base wrote, where they did."""
    said = reading(attempt.unlearned.logprob, plain.answer, text, plain.entities)
    same = None if base_text is None else exact(plain.answer.text, base_text)
    return replace(attempt, unlearned=said, base_generation=base_text, base_exact=same)


def control_of(controls: Sequence[Attempt]) -> float | None:
    """Return the mean over the random draws of the best recovery in each draw."""
    best: dict[int, float] = {}
    for attempt in controls:
        if attempt.kind == "random" and attempt.recovered is not None:
            best[attempt.draw] = max(attempt.recovered, best.get(attempt.draw, attempt.recovered))
    return fmean(best.values()) if best else None


@dataclass(frozen=True, slots=True)
class Choice:
    """What was tried, and what could not be."""

    selection: Selection = "base"
    left_out: tuple[tuple[str, str], ...] = ()
    search: Search | None = None


def summarise(
    plain: Plain, read: Sequence[Attempt], *, complete: bool, choice: Choice | None = None
) -> Recovery:
    """Put attempts beside their controls: best-of-n against best-of-n."""
    choice = choice or Choice()
    tried = tuple(attempt for attempt in read if attempt.kind == "key")
    controls = tuple(attempt for attempt in read if attempt.kind != "key")
    readable = [attempt for attempt in tried if attempt.recovered is not None]
    best = max(readable, key=lambda attempt: attempt.recovered or 0.0, default=None)
    control = control_of(controls)
    lift = None
    if best is not None and best.recovered is not None and control is not None:
        lift = best.recovered - control
    said = [c.recovered for c in controls if c.kind == "paraphrase" and c.recovered is not None]
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
        paraphrase=max(said, default=None),
        left_out=choice.left_out,
        selection=choice.selection,
        search=choice.search,
    )


def recover(
    trio: Trio,
    plain: Plain,
    tried: Sequence[Variant],
    *,
    limit: int,
    allowed: Allowance,
    choice: Choice | None = None,
) -> Iterator[Recovery]:
    """Yield ever more complete recoveries: first the scores, at the end the texts.

    What can be read together is read in as few passes as memory allows, and there is a yield after
    each, so that the work can be stopped. Under a lever, texts are written only where it moved the
    answer at all. Raises what the models raise.
    """
    scored: tuple[Attempt, ...] = ()
    for scored in score_attempts(trio, plain, tried, allowed):
        yield summarise(plain, scored, complete=False, choice=choice)
    said, base_said = Said(trio.unlearned), Said(trio.base)
    worth = list(_worth_writing(plain, tried, scored))
    key = [variant for variant in worth if variant.kind == "key"]
    for writer, asked in ((said, worth), (base_said, key)):
        for _ in writer.write(asked, limit):
            yield summarise(plain, scored, complete=False, choice=choice)
    read = [
        with_texts(
            attempt,
            plain,
            said.to(variant),
            base_said.to(variant) if attempt.kind == "key" else None,
        )
        for attempt, variant in zip(scored, tried, strict=True)
    ]
    yield summarise(plain, read, complete=True, choice=choice)


def _worth_writing(
    plain: Plain, tried: Sequence[Variant], scored: Sequence[Attempt]
) -> Iterator[Variant]:
    """Yield what no lever is pulled on, and all under a lever that brought some of the answer back.

    On whichever words: an attempt and its random draws are written together or not at all. Each
    lever is a pass of its own through as many steps as the answer has tokens.
    """
    gains = {
        variant.edited.lever
        for variant, attempt in zip(tried, scored, strict=True)
        if attempt.unlearned.logprob - plain.unlearned.logprob >= _WORTH * plain.gap
    }
    yield from (v for v in tried if v.edited.lever is None or v.edited.lever in gains)
