"""The inspector's headless twin: all cases through one engine, into one result document."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass

from attribution.attempts import Selection
from attribution.cells import Cell, cells
from attribution.errors import AttributionError
from attribution.held_out import held_out
from attribution.standing import HeldOut
from attribution.types import Case
from unpact_tui import shared_words
from unpact_tui.document import Document, case_document, document, gist_of
from unpact_tui.engine import Engine
from unpact_tui.errors import BadUsage
from unpact_tui.gist import Gist, Together
from unpact_tui.options import Chosen
from unpact_tui.remote import required
from unpact_tui.result_schema import CaseEntry
from unpact_tui.settings import Settings
from unpact_tui.worker.events import (
    Contributions,
    Edited,
    Encoded,
    Ladder,
    Loading,
    Opened,
    Step,
    Tried,
)
from unpact_tui.worker.protocol import Analyse, Open, Recover, Try


@dataclass(frozen=True, slots=True)
class Measured:
    """What of a case is kept until the end: of ten thousand, what was read is a gigabyte."""

    entry: CaseEntry
    gist: Gist
    also: Mapping[Selection, Mapping[str, Cell]]
    """On other choices of words."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is."""

    stage: str
    """In words."""
    done: int
    total: int
    failure: AttributionError | None = None
    """Why a case was left out, when this is about that."""


@dataclass(frozen=True, slots=True)
class Task:
    """A case, and what was asked about it beyond the usual."""

    case: Case
    positions: tuple[int, ...] = ()
    """What every strategy is run on; the KeyTokens when empty."""
    tries: tuple[Try, ...] = ()


Failures = list[tuple[Case, AttributionError]]


def order_of(chosen: Chosen, settings: Settings) -> Open:
    """Return what to open. Raises `BadUsage` where there is no second side, `BadEndpoint`."""
    endpoint = required(chosen.endpoint, chosen.model, chosen.base_model)
    if chosen.unlearned is None and chosen.whp is None and endpoint is None:
        raise BadUsage("There is nothing to compare BASE with.", "Give UNLEARNED, or --whp.")
    return Open(
        chosen.base,
        chosen.unlearned,
        chosen.reference,
        settings,
        whp=chosen.whp,
        endpoint=endpoint,
        model=chosen.model,
        base_model=chosen.base_model,
    )


def run_tasks(
    order: Open, tasks: Sequence[Task], engine: Engine | None = None
) -> Generator[Progress, None, Document]:
    """Yield progress and return the document.

    With an engine of one's own, checkpoints that are open in it are not loaded again, and stay open
    afterwards. A case that fails is left out and listed in the document; the rest go on. Raises
    `UsageError`, `CheckpointError`, `ComputeError`, and `AttributionError` when every case failed.
    """
    if not tasks:
        raise BadUsage("There is no prompt to run.", "Give --prompt TEXT, a file, or - for stdin.")
    engine = engine or Engine(order.settings)
    opened = yield from _open(engine, order)
    measured: list[Measured] = []
    failures: Failures = []
    for done, task in enumerate(tasks):
        case, tried = task.case, list[Tried]()
        also: dict[Selection, Mapping[str, Cell]] = {}
        try:
            for step in _measure(engine, task, also):
                if isinstance(step, Tried):
                    tried.append(step)
                yield Progress(_say(case, step), done, len(tasks))
        except AttributionError as error:
            failures.append((case, error))
            yield Progress(f"{case.id}: left out", done, len(tasks), error)
        else:
            state = engine.state(case)
            measured.append(Measured(case_document(state, tried), gist_of(state), also))
    if not measured:
        raise failures[0][1]
    yield Progress("judging", len(tasks), len(tasks))
    return _document(opened, order.settings, measured, failures)


def _open(engine: Engine, order: Open) -> Generator[Progress, None, Opened]:
    opened: Opened | None = None
    for step in engine.open(order):
        if isinstance(step, Loading):
            yield Progress(f"{step.name}: {step.stage}", step.done, step.total)
        elif isinstance(step, Opened):
            opened = step
            yield from _shared(step)
    assert opened is not None
    return opened


def _shared(opened: Opened) -> Iterator[Progress]:
    for loaded in opened.checkpoints:
        if words := shared_words.sentence(shared_words.entry(loaded)):
            yield Progress(f"{loaded.name} {words}", 1, 1)


def _measure(
    engine: Engine, task: Task, also: dict[Selection, Mapping[str, Cell]]
) -> Iterator[Step]:
    granularity = engine.settings.granularity
    yield from engine.analyse(Analyse(task.case, granularity))
    yield from engine.recover(Recover(task.case, task.positions, granularity))
    for selection in engine.settings.also:
        found = yield from engine.elsewhere(task.case, granularity, selection)
        if found is not None:
            also[selection] = cells(found)
    for order in task.tries:
        yield from engine.attempt(order)


def _say(case: Case, step: Step) -> str:
    match step:
        case Encoded():
            return f"{case.id}: reading"
        case Ladder():
            return f"{case.id}: trying every strategy"
        case Edited(strategy):
            return f"{case.id}: trying {strategy}"
        case Contributions(values=values, complete=False):
            known = sum(value is not None for value in values)
            return f"{case.id}: measuring, {known} of {len(values)} tokens"
        case _:
            return f"{case.id}: measuring"


def _document(
    opened: Opened, settings: Settings, measured: Sequence[Measured], failures: Failures
) -> Document:
    """Put all cases and their common verdict together."""
    together = Together([one.gist for one in measured], settings.seed)
    evidence, verdict = together.judged(settings.thresholds)
    return document(
        opened,
        settings,
        [one.entry for one in measured],
        evidence,
        verdict,
        failures=failures,
        strategies=together.standing(settings.thresholds),
        held_out=_held_out(measured, settings),
    )


def _held_out(measured: Sequence[Measured], settings: Settings) -> HeldOut | None:
    """Choose on half of the prompts, and read on the other half."""
    known = [one for one in measured if one.gist.is_known(settings.thresholds)]
    found: dict[Selection, Sequence[Mapping[str, Cell]]] = {
        settings.selection: [one.gist.cells for one in known]
    }
    for selection in settings.also:
        these = [one.also[selection] for one in known if selection in one.also]
        if len(these) == len(known):
            found[selection] = these
    return held_out(found, seed=settings.seed)
