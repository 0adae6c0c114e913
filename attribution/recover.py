"""Does emphasis bring the answer back, and more than anything else would?

Every strategy is tried on the chosen words. Beside each attempt stand its controls: the same on
random other words, the two halves of a mark (`twins.py`), the base and the reference under the same
emphasis, and the question in other words without any. All ours: the paper publishes neither its
emphasis wording nor a control.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean

from attribution.leakage import hit, leaks
from attribution.scorer import Model, Row, mean
from attribution.textmatch import exact, first_divergence, rouge_l
from attribution.types import (
    Answer,
    Attempt,
    Lever,
    Nats,
    Prompt,
    Reading,
    Recovery,
    Selection,
    Steering,
)
from attribution.variants import Variant


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


# ---------------------------------------------------------------- what is asked

Asked = tuple[Row, frozenset[int]]
"""A prompt, and the positions that a lever is pulled on."""

Pass = tuple[Lever | None, tuple[Asked, ...]]
"""What can be read together."""


def passes(tried: Sequence[Variant]) -> tuple[Pass, ...]:
    """Return what is to be read, once each, the prompts without a lever first.

    Strategies may agree on a prompt, which is then read once.
    """
    groups: dict[Lever | None, dict[Asked, None]] = {None: {}}
    for variant in tried:
        groups.setdefault(variant.edited.lever, {})[_asked(variant)] = None
    return tuple((lever, tuple(asked)) for lever, asked in groups.items() if asked)


def _asked(variant: Variant) -> Asked:
    edited = variant.edited
    return edited.prompt.ids, frozenset(() if edited.lever is None else edited.moved)


def _steering(lever: Lever | None, asked: Sequence[Asked]) -> Steering | None:
    return None if lever is None else Steering(lever, tuple(where for _, where in asked))


Found = dict[tuple[Lever | None, Asked], Nats]


def _score(
    model: Model | None, tried: Sequence[Variant], answer: Answer
) -> Generator[tuple[()], None, Found]:
    """Yield nothing after each batch; return what was scored, nothing without a model."""
    found: Found = {}
    if model is None:
        return found
    for lever, asked in passes(tried):
        rows = [row for row, _ in asked]
        scores: list[Nats] = []
        for batch in model.score(rows, answer, _steering(lever, asked)):
            scores += [mean(logprobs) for logprobs in batch]
            yield ()
        found |= {(lever, one): nats for one, nats in zip(asked, scores, strict=True)}
    return found


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
        scores.append((yield from _score(model, tried, plain.answer)))
    unlearned, base, reference = scores
    yield tuple(
        _attempt(plain, variant, unlearned[key], base[key], reference.get(key), allowed)
        for variant in tried
        for key in ((variant.edited.lever, _asked(variant)),)
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
    )


def with_texts(attempt: Attempt, plain: Plain, text: str, base_text: str | None) -> Attempt:
    """Return the attempt with what the unlearned model and the base wrote."""
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
    each, so that the work can be stopped. Raises what the models raise.
    """
    scored: tuple[Attempt, ...] = ()
    for scored in score_attempts(trio, plain, tried, allowed):
        yield summarise(plain, scored, complete=False, choice=choice)
    said, base_said = _Said(trio.unlearned), _Said(trio.base)
    key = [variant for variant in tried if variant.kind == "key"]
    for writer, asked in ((said, tried), (base_said, key)):
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


@dataclass(slots=True)
class _Said:
    """What one model writes to what it is asked."""

    model: Model
    texts: dict[tuple[Lever | None, Asked], str] = field(
        default_factory=dict[tuple[Lever | None, Asked], str]
    )

    def write(self, tried: Sequence[Variant], limit: int) -> Iterator[None]:
        """Write, yielding after each step."""
        for lever, asked in passes(tried):
            ids: list[Row] = []
            rows, steering = [row for row, _ in asked], _steering(lever, asked)
            for written in self.model.write(rows, limit, steering):
                ids = written
                yield
            self.texts |= {
                (lever, one): self.model.decode(said) for one, said in zip(asked, ids, strict=True)
            }

    def to(self, variant: Variant) -> str:
        """Return what it wrote to one variant."""
        return self.texts[variant.edited.lever, _asked(variant)]
