"""One checkpoint measured: probes, metrics and weights, put into a row.

The engine stays open between checkpoints, so what does not change is not loaded again. Knows
neither who asks nor where rows are kept.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from time import perf_counter
from typing import TypeVar

from attribution.errors import AttributionError
from attribution.types import Case, Interval
from unpact_tui.benchmarks._item import Item
from unpact_tui.engine import Engine
from unpact_tui.errors import UnpactError
from unpact_tui.metrics import take
from unpact_tui.output import Step
from unpact_tui.result_schema import CaseEntry, Document
from unpact_tui.run import Progress, Task, run_tasks
from unpact_tui.triage.question import Question
from unpact_tui.triage.readings import Kept, Readings, Telling, read
from unpact_tui.triage.row import SCHEMA, CaseBrief, Row, WeightsEntry
from unpact_tui.weights.change import WeightChange
from unpact_tui.weights.diagnosis import in_words
from unpact_tui.weights.streaming import changes
from unpact_tui.worker.events import Role
from unpact_tui.worker.protocol import Open

Outcome = TypeVar("Outcome")

_ROOM = 8
"""Tokens that a model may write beyond the length of the answer."""


@dataclass(slots=True)
class _Found:
    """What was measured besides the probes, and what could not be."""

    left_out: list[str]
    remarks: list[str] = field(default_factory=list[str])
    metrics: dict[str, Interval] = field(default_factory=dict[str, Interval])
    absent: dict[str, str] = field(default_factory=dict[str, str])
    weights: WeightsEntry | None = None


def measure(
    engine: Engine, question: Question, candidate: str, key: str, kept: Kept | None = None
) -> Generator[Step, None, tuple[Row, Document]]:
    """Measure one checkpoint and return its row, with the result document it is made from.

    Whatever can be measured is in the row; what cannot is named in `left_out`. Metrics of the
    prompts and those of the benchmarks are taken apart; of two with one name, the benchmark's is
    shown. Raises what opening raises, and `AttributionError` when no case could be measured.
    """
    began = perf_counter()
    order = Open(question.base, candidate, question.reference, question.settings)
    document = yield from run_tasks(order, [Task(case) for case in question.cases], engine)
    found = _Found([f"case {failure.id}: {failure.reason}" for failure in document.failures])
    kept = kept or Kept()
    for items in (_items(question.cases, document), question.items):
        if items:
            asking = read(engine.models, _fingerprints(document), items, kept)
            yield from _take(asking, question.settings.seed, found)
    if question.weights:
        yield from _weigh(document, found)
    return _row(question, candidate, key, document, found, perf_counter() - began), document


def compare_words(question: Question, candidate: str) -> tuple[str, ...]:
    """Return the words of the command that opens a checkpoint in the inspector."""
    return ("unpact-tui", "compare", question.base, candidate, *question.compare)


# ---------------------------------------------------------------- metrics


def _items(cases: Sequence[Case], document: Document) -> tuple[Item, ...]:
    """Return the prompts as a benchmark of their own; without an answer, the base's is asked."""
    known = {case.id: case.answer for case in document.cases}
    found: list[Item] = []
    for case in cases:
        text, limit = case.answer, document.settings.max_new_tokens
        if case.id in known:
            text = known[case.id].text
            limit = max(limit, len(known[case.id].ids) + _ROOM)
        found.append(Item(replace(case, answer=text), case.split, limit=limit))
    return tuple(found)


def _fingerprints(document: Document) -> dict[Role, str]:
    """Return those of the models that stay the same."""
    found: dict[Role, str] = {"base": document.base.fingerprint}
    if document.reference is not None:
        found["reference"] = document.reference.fingerprint
    return found


def _take(asking: Telling[Readings], seed: int, found: _Found) -> Telling[None]:
    """Add every metric of some items."""
    try:
        readings = yield from asking
    except (AttributionError, UnpactError) as error:
        found.left_out.append(f"metrics: {error}")
        return
    taken = take(readings.sides, seed)
    found.metrics |= taken.metrics
    found.absent |= taken.absent
    found.left_out += [f"metrics: {why}" for why in readings.left_out]
    found.remarks += readings.remarks


def _told(steps: Generator[Step, None, Outcome], stage: str) -> Telling[Outcome]:
    """Hand on how far something is, under another name."""
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            return end.value
        yield Progress(stage, step.done, step.total)


# ---------------------------------------------------------------- weights


def _weigh(document: Document, found: _Found) -> Telling[None]:
    """Add what changed in the weights."""
    try:
        reading = changes(Path(document.base.path), Path(document.unlearned.path))
        change = yield from _told(reading, "weights")
    except UnpactError as error:
        found.left_out.append(f"weights: {error}")
        return
    found.weights = WeightsEntry(relative(change), in_words(change))


def relative(change: WeightChange) -> float | None:
    """Return ||W' - W|| / ||W|| over all tensors that could be compared."""
    norm = sum(tensor.norm * tensor.norm for tensor in change.tensors)
    return math.sqrt(change.squared / norm) if norm > 0 else None


# ---------------------------------------------------------------- the row


def _row(
    question: Question,
    candidate: str,
    key: str,
    document: Document,
    found: _Found,
    seconds: float,
) -> Row:
    metrics = _finite(found.metrics)
    absent = dict.fromkeys(found.metrics, "it came out as no finite number") | found.absent
    return Row(
        schema=SCHEMA,
        key=key,
        name=document.unlearned.name,
        path=document.unlearned.path,
        verdict=document.verdict,
        reasons=document.reasons,
        evidence=_finite(document.evidence),
        metrics=metrics,
        absent={name: why for name, why in absent.items() if name not in metrics},
        fingerprint=document.unlearned.fingerprint,
        method=document.unlearned.method,
        weights=found.weights,
        cases=tuple(map(_brief, document.cases)),
        left_out=tuple(found.left_out),
        warnings=(*document.warnings, *found.remarks),
        compare=compare_words(question, candidate),
        seconds=seconds,
    )


def _finite(intervals: Mapping[str, Interval]) -> dict[str, Interval]:
    """Leave out what JSON has no number for: a line with it could not be read back."""
    return {
        name: found
        for name, found in intervals.items()
        if all(map(math.isfinite, (found.estimate, found.lower, found.upper)))
    }


def _brief(case: CaseEntry) -> CaseBrief:
    def estimate(name: str) -> float | None:
        return case.evidence[name].estimate if name in case.evidence else None

    return CaseBrief(case.id, case.split, case.verdict, estimate("recovered"), estimate("control"))
