"""`attribute`: one model, every prompt, and what each prompt token contributes to the answer.

A generator that yields progress and returns the document. torch is imported when the model is
loaded. Does not know how a result is shown.
"""

from __future__ import annotations

import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

from attribution import estimators
from attribution.effort import Effort
from attribution.errors import AttributionError, EmptyAnswer, UnknownName
from attribution.keytokens import belongs, key_tokens
from attribution.plan import forwards, measure_rate, plan
from attribution.removal import units
from attribution.scorer import Model
from attribution.types import Answer, Attribution, Case, Prompt
from attribution.units import Unit
from unpact_tui import checkpoints, loading, model_identity, remote
from unpact_tui.attribute_document import AttributedCase, AttributeSettings, AttributionDocument
from unpact_tui.comparable import wraps_in_chat
from unpact_tui.entries import approximation_entry, checkpoint_entry
from unpact_tui.errors import BadUsage
from unpact_tui.opening import calm_threads
from unpact_tui.remembered_model import RememberedModel
from unpact_tui.remembering import open_store
from unpact_tui.result_schema import SCHEMA, FailureEntry, PromptEntry
from unpact_tui.run import Progress
from unpact_tui.settings import Settings
from unpact_tui.time_left import Pace, time_left
from unpact_tui.worker.events import Loaded, Loading

if TYPE_CHECKING:
    from attribution.tokens import Tokenizer
    from unpact_tui.loading import LoadedModel


_LONG, _MUCH = 120.0, 1e7
"""Seconds, and token-forwards, that nobody waits for without being told."""
_LESS = "; less with --budget SECONDS"


class CountingModel(Model, Protocol):
    """A model that counts what it reads."""

    @property
    def tokens_read(self) -> int:
        """How many ids went through it so far."""
        ...


@dataclass(frozen=True, slots=True)
class Asked:
    """What to measure."""

    model: str
    """A checkpoint's folder; with `endpoint`, one with a tokenizer."""
    settings: Settings
    cases: tuple[Case, ...]
    by_token: bool = False
    """Keep what each answer token gets alone."""
    endpoint: str | None = None
    """A server, which has the model under the name `name`."""
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """A model that is open."""

    model: Model
    """Whom to ask: it may remember."""
    bare: CountingModel
    """The same without a memory: what reads, and takes time."""
    info: Loaded
    chat: bool
    warnings: list[str]
    """To be shown; may grow."""


def attribute(asked: Asked) -> Generator[Progress, None, AttributionDocument]:
    """Yield progress and return the document.

    A case that fails is left out and listed in it; the rest go on. Raises `BadUsage`,
    `CheckpointError`, `ComputeError`, and `AttributionError` when every case failed.
    """
    if not asked.cases:
        raise BadUsage(
            "There is no prompt to attribute.", "Give --prompt TEXT, a file, or - for stdin."
        )
    return (yield from attribute_with((yield from _open(asked)), asked))


def attribute_with(
    subject: Subject, asked: Asked
) -> Generator[Progress, None, AttributionDocument]:
    """Do the same with a model that is open. Raises `AttributionError` when every case failed."""
    measured: list[AttributedCase] = []
    failures: list[tuple[Case, AttributionError]] = []
    for done, case in enumerate(asked.cases):
        steps = attributed(subject, case, asked.settings, by_token=asked.by_token)
        try:
            while True:
                yield Progress(f"{case.id}: {next(steps)}", done, len(asked.cases))
        except StopIteration as end:
            measured.append(end.value)
        except AttributionError as error:
            failures.append((case, error))
            yield Progress(f"{case.id}: left out", done, len(asked.cases), error)
    if not measured:
        raise failures[0][1]
    yield Progress("done", len(asked.cases), len(asked.cases))
    return _document(subject, asked.settings, measured, failures)


def _open(asked: Asked) -> Generator[Progress, None, Subject]:
    settings = asked.settings
    endpoint = remote.required(asked.endpoint, asked.name)
    if endpoint is not None and asked.name is not None:
        yield Progress(f"{asked.name}: asking the server", 0, 0)
        door, info, notes = remote.alone(endpoint, asked.name, asked.model, settings)
        return Subject(door, door, info, door.chat, notes)
    trusted = settings.trust_remote_code
    checkpoint = checkpoints.read(asked.model, "base", trust_remote_code=trusted)
    foundation, _ = loading.foundation_of(checkpoint, None, settings)
    stamp = model_identity.stamp([checkpoint, foundation])
    loaded = yield from _load(loading.load(checkpoint, settings))
    chat = wraps_in_chat(settings, checkpoint, loaded.tokenizer)
    calm_threads([loaded.info])
    from attribution.hf import HFModel

    bare = HFModel(loaded.model, cast("Tokenizer", loaded.tokenizer), chat=chat)
    warnings = [f"{loaded.info.name}: {note}." for note in loaded.warnings]
    store = open_store(warnings.append)
    model: Model = bare
    if store is not None:
        identity = model_identity.identity([stamp], [loaded.info], ends=bare.end)
        model = RememberedModel(bare, store, identity)
    return Subject(model, bare, loaded.info, chat, warnings)


def _load(steps: Generator[Loading, None, LoadedModel]) -> Generator[Progress, None, LoadedModel]:
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            return end.value
        yield Progress(f"{step.name}: {step.stage}", step.done, step.total)


# ---------------------------------------------------------------- one case


def attributed(
    subject: Subject, case: Case, settings: Settings, *, by_token: bool
) -> Generator[str, None, AttributedCase]:
    """Yield how far it is, in words, and return what was measured. Raises `AttributionError`."""
    model = subject.model
    prompt = model.encode(case.prompt)
    answer = yield from _answer(model, case, prompt, settings)
    began, read = time.perf_counter(), subject.bare.tokens_read
    name, effort = _chosen(subject, prompt, answer, settings)
    found: Attribution | None = None
    pace = Pace(_needed(prompt, answer, name, effort, settings))
    if pace.whole > _MUCH:
        yield f"{pace.whole:,.0f} tokens to read{_LESS}"
    measure = estimators.load(name)
    for found in measure(model, prompt, answer, settings.granularity, effort, seed=settings.seed):
        known = sum(value is not None for value in found.contributions)
        late = _late(pace.left(subject.bare.tokens_read - read, time.perf_counter()))
        yield f"{known} of {len(prompt.removable)} tokens{late}"
    assert found is not None
    return AttributedCase(
        id=case.id,
        split=case.split,
        prompt=PromptEntry(prompt.text, prompt.tokens, prompt.content),
        answer=answer,
        answer_tokens=model.pieces(answer.ids),
        logprob=found.logprob,
        answer_logprobs=found.answer_logprobs,
        contributions=found.contributions,
        by_answer_token=(found.by_answer_token or None) if by_token else None,
        noise=found.noise,
        approximation=approximation_entry(found.approximation),
        key_tokens=key_tokens(found, settings.rule).positions,
        # Of an exact attribution it says no more than the KeyTokens.
        belongs=belongs(found, settings.rule) if found.approximation else (),
        estimator=found.estimator,
        granularity=found.granularity,
        token_forwards=subject.bare.tokens_read - read,
        limit_token_forwards=limit(prompt, answer, units(prompt, found.granularity)),
        seconds=time.perf_counter() - began,
    )


def _chosen(
    subject: Subject, prompt: Prompt, answer: Answer, settings: Settings
) -> tuple[str, Effort]:
    """Return the estimator and how far it goes: those of the settings, or what fits a budget."""
    if not settings.budget:
        return settings.estimator, settings.effort
    began = time.perf_counter()
    # Not of what remembers: that it is quick says nothing of what it has yet to read.
    rate = measure_rate(subject.bare, prompt, answer)
    left = max(0.0, settings.budget - (time.perf_counter() - began))
    found = plan(
        rate,
        prompt,
        answer,
        settings.granularity,
        settings.effort,
        left,
        models=1,
        rounded=subject.model.rounding(prompt.ids, answer) is not None,
    )
    return found.estimator, found.effort


def _late(left: float) -> str:
    return f", {time_left(left)}{_LESS}" if left > _LONG else ""


def _needed(prompt: Prompt, answer: Answer, name: str, effort: Effort, settings: Settings) -> float:
    """Return how many token-forwards that is, about; 0 where nobody knows."""
    try:
        return forwards(prompt, answer, settings.granularity, name, effort)
    except UnknownName:
        return 0.0


def _answer(
    model: Model, case: Case, prompt: Prompt, settings: Settings
) -> Generator[str, None, Answer]:
    """Return the answer that is given, or what the model writes by itself."""
    if case.answer is not None:
        return model.answer(case.answer, after=prompt)
    ids: tuple[int, ...] = ()
    for rows in model.write([prompt.ids], settings.max_new_tokens):
        (ids,) = rows
        yield "writing the answer"
    if not ids:
        raise EmptyAnswer
    # Its own ids: to tokenise its text again would be to score something else.
    return Answer(model.decode(ids), ids, "own")


def limit(prompt: Prompt, answer: Answer, removed: Sequence[Unit]) -> int:
    """Return how many ids exact leave-one-out has to read at least.

    The prompt and the answer once, and after each removal everything behind its first position
    again, or the token before it where nothing is behind. The last token of an answer is never
    read: nothing is predicted from it.
    """
    length, said = len(prompt.tokens), len(answer.ids) - 1
    behind = (max(1, length - unit[0] - len(unit)) for unit in removed)
    return length + said + sum(again + said for again in behind)


# ---------------------------------------------------------------- the document


def _document(
    subject: Subject,
    settings: Settings,
    measured: Sequence[AttributedCase],
    failures: Sequence[tuple[Case, AttributionError]],
) -> AttributionDocument:
    info = subject.info
    return AttributionDocument(
        schema=SCHEMA,
        kind="attribution",
        model=checkpoint_entry(info),
        settings=AttributeSettings(
            estimator=settings.estimator,
            granularity=settings.granularity,
            effort=settings.effort,
            budget=settings.budget,
            alpha=settings.rule.alpha,
            beta=settings.rule.beta,
            normalisation=settings.rule.normalisation,
            seed=settings.seed,
            dtype=info.dtype,
            device=info.device,
            chat=subject.chat,
            max_new_tokens=settings.max_new_tokens,
        ),
        cases=tuple(measured),
        failures=tuple(FailureEntry(case.id, case.split, str(why)) for case, why in failures),
        warnings=tuple(subject.warnings),
    )
