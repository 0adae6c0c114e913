"""The checkpoints of a run, measured one after the other by one engine.

The engine stays open, so the base is loaded once. A checkpoint that cannot be measured is a step
with its error, and the rest go on. Knows neither files of results nor how they are shown.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from time import perf_counter
from typing import TypeVar

import msgspec

from attribution.errors import AttributionError
from unpact_tui import checkpoints
from unpact_tui.engine import Engine
from unpact_tui.errors import Failure, UnpactError
from unpact_tui.output import Step
from unpact_tui.run import Progress
from unpact_tui.track.folders import Place
from unpact_tui.track.schema import SCHEMA, TrackedStep
from unpact_tui.track.step import failed, step_of
from unpact_tui.triage.measuring import Kept, measure
from unpact_tui.triage.question import Question

Outcome = TypeVar("Outcome")
Keep = Callable[[TrackedStep], None]
Failures = list[Failure]


@dataclass(frozen=True, slots=True)
class Sides:
    """What is the same at every step, by fingerprint."""

    base: str
    reference: str | None


def sides(question: Question) -> Sides:
    """Look at base and reference before anything is measured. Raises `CheckpointError`."""
    trust = question.settings.trust_remote_code
    base = checkpoints.read(question.base, "base", trust_remote_code=trust)
    if question.reference is None:
        return Sides(base.fingerprint, None)
    reference = checkpoints.read(question.reference, "reference", trust_remote_code=trust)
    return Sides(base.fingerprint, reference.fingerprint)


def key(fingerprint: str, same: Sides, question: Question) -> str:
    """Return what changes whenever a step would come out otherwise."""
    asked = replace(question, base="", reference=None, documents=None, compare=())
    what = (SCHEMA, fingerprint, same.base, same.reference, asked)
    return hashlib.sha256(msgspec.json.encode(what)).hexdigest()[:32]


def track(
    question: Question, found: Sequence[Place], known: Mapping[str, TrackedStep], keep: Keep
) -> Generator[Step, None, tuple[tuple[TrackedStep, ...], Failures]]:
    """Measure every checkpoint that is not among the `known`, and return all steps in order.

    Each that is new is handed to `keep` as soon as it is there. Raises `CheckpointError` about base
    and reference, and what `keep` raises.
    """
    same = sides(question)
    engine, kept = Engine(question.settings), Kept()
    steps: list[TrackedStep] = []
    failures: Failures = []
    spent: list[float] = []
    for done, place in enumerate(found):
        began, name = perf_counter(), ""
        try:
            name = key(_fingerprint(question, place), same, question)
            if name in known:
                steps.append(known[name])
                continue
            measuring = measure(engine, question, str(place.path), name, kept)
            row, document = yield from _told(measuring, place, done, len(found))
        except (UnpactError, AttributionError) as error:
            failures.append(error)
            name = name or key(f"unreadable {place.path}", same, question)
            step = failed(place, name, error, perf_counter() - began)
        else:
            step = step_of(place, row, document)
        keep(step)
        steps.append(step)
        spent.append(perf_counter() - began)
        left = _left(spent, len(found) - done - 1)
        yield Progress(f"{place.name} is measured{left}", done + 1, len(found))
    return tuple(steps), failures


def _fingerprint(question: Question, place: Place) -> str:
    trust = question.settings.trust_remote_code
    return checkpoints.read(place.path, "unlearned", trust_remote_code=trust).fingerprint


def _told(
    steps: Generator[Step, None, Outcome], place: Place, done: int, total: int
) -> Generator[Step, None, Outcome]:
    """Hand on what is going on, as part of the whole."""
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            return end.value
        yield Progress(f"{place.name}: {step.stage}", done, total)


def _left(spent: Sequence[float], steps: int) -> str:
    """Say about how long the steps that are left take, from those that were measured."""
    if not spent or not steps:
        return ""
    seconds = sum(spent) / len(spent) * steps
    told = f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"
    return f", about {told} left"
