"""One unlearned model measured: what the findings need of every prompt.

A generator of progress that returns a record. Drives the engine; knows neither families nor files.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version

from attribution.errors import AttributionError
from attribution.leakage import entities_of
from attribution.neutral import neutral_probes
from attribution.scorer import Model
from attribution.thresholds import Evidence
from attribution.types import Answer, Case, Prompt, Split
from attribution.words import find_words
from unpact_tui.case_reading import CaseState
from unpact_tui.engine import Engine
from unpact_tui.findings.family import Entry, Subject
from unpact_tui.findings.keeping import Plan
from unpact_tui.findings.record import SCHEMA, Answered, CaseRecord, Record, Text, Versions, bare
from unpact_tui.findings.scoring import take
from unpact_tui.findings.verdicts import label
from unpact_tui.output import Step
from unpact_tui.settings import Settings
from unpact_tui.worker.events import Role
from unpact_tui.worker.protocol import Analyse, Open, Recover


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a model is."""

    stage: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Measured:
    """All prompts of a model, and those that could not be read."""

    states: tuple[CaseState, ...]
    left_out: tuple[tuple[str, str], ...]


def measure(entry: Entry, subject: Subject, plan: Plan) -> Generator[Step, None, Record]:
    """Measure one model. Raises what the engine raises when none of it can be measured."""
    began = time.monotonic()
    settings = subject.settings or plan.settings
    engine = Engine(settings)
    yield Progress("opening the models", 0, 0)
    order = Open(subject.base, subject.unlearned, subject.reference, settings)
    for _ in engine.open(order):
        pass
    cases = (*subject.forget[: plan.prompts], *subject.retain[: plan.prompts])
    measured = yield from _cases(engine, cases)
    yield Progress("general and neutral text", len(cases), len(cases))
    texts = tuple(_texts(engine, subject.general))
    taken = yield from take(engine, _beside(subject), subject.items)
    judged: list[tuple[Split, Evidence]] = [
        (state.case.split, state.evidence) for state in measured.states
    ]
    return Record(
        schema=SCHEMA,
        seed=entry.seed,
        member=entry.member,
        method=entry.method,
        digest=plan.digest(entry),
        versions=versions(),
        seconds=time.monotonic() - began,
        cases=tuple(_case(engine, state, settings) for state in measured.states),
        texts=texts,
        verdict=label(judged, settings.thresholds),
        thresholds=settings.thresholds,
        left_out=(*measured.left_out, *taken.left_out),
        model=entry.model,
        benchmark=entry.benchmark,
        metrics=taken.metrics,
        absent=taken.absent,
        world=entry.world,
    )


def _beside(subject: Subject) -> dict[Role, str]:
    found: dict[Role, str] = {"base": subject.base}
    return found if subject.reference is None else {**found, "reference": subject.reference}


def versions() -> Versions:
    """Return what is at work here."""
    return Versions(
        version("unpact-tui"),
        platform.python_version(),
        version("torch"),
        version("transformers"),
    )


def _cases(engine: Engine, cases: Sequence[Case]) -> Generator[Progress, None, Measured]:
    states: list[CaseState] = []
    left_out: list[tuple[str, str]] = []
    failure: AttributionError | None = None
    granularity = engine.settings.granularity
    for done, case in enumerate(cases):
        yield Progress(case.id, done, len(cases))
        try:
            for _ in engine.analyse(Analyse(case, granularity)):
                pass
            for _ in engine.recover(Recover(case, (), granularity)):
                pass
        except AttributionError as error:
            failure = error
            left_out.append((case.id, str(error)))
        else:
            states.append(engine.state(case))
    if failure is not None and not states:
        raise failure
    for state in states:
        left_out += () if state.recovery is None else state.recovery.left_out
    return Measured(tuple(states), tuple(dict.fromkeys(left_out)))


def _case(engine: Engine, state: CaseState, settings: Settings) -> CaseRecord:
    assert state.keys is not None
    assert state.shift is not None
    assert state.recovery is not None
    base, unlearned = state.attributions["base"], state.attributions["unlearned"]
    entities = entities_of(state.case.prompt, state.answer.text, state.case.entities)
    text: Text = state.case.split
    return CaseRecord(
        answered=_answered(engine, state.case.id, text, state.prompt, state.answer, entities),
        base=base.contributions,
        unlearned=unlearned.contributions,
        keys=state.keys.positions,
        words=tuple(i for word in find_words(state.prompt) for i in word.positions),
        overlap=state.shift.overlap,
        focus_kept=state.shift.focus_kept,
        recovery=bare(state.recovery),
        evidence=state.evidence,
    )


def _texts(engine: Engine, general: Sequence[Case]) -> Iterator[Answered]:
    base = engine.models["base"]
    for case in general:
        if case.answer is not None:
            prompt = base.encode(case.prompt)
            answer = base.answer(case.answer, after=prompt)
            yield _answered(engine, case.id, "general", prompt, answer, case.entities)
    for number, (prompt, answer) in enumerate(neutral_probes(base)):
        yield _answered(engine, f"neutral-{number}", "neutral", prompt, answer, ())


def _answered(
    engine: Engine,
    name: str,
    text: Text,
    prompt: Prompt,
    answer: Answer,
    entities: tuple[str, ...],
) -> Answered:
    models = engine.models
    reference = models.get("reference")
    return Answered(
        id=name,
        text=text,
        pieces=models["base"].pieces(answer.ids),
        entities=entities,
        base=_logprobs(models["base"], prompt, answer),
        unlearned=_logprobs(models["unlearned"], prompt, answer),
        reference=() if reference is None else _logprobs(reference, prompt, answer),
    )


def _logprobs(model: Model, prompt: Prompt, answer: Answer) -> tuple[float, ...]:
    ((found,),) = model.score([prompt.ids], answer)
    return found
