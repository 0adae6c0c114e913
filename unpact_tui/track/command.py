"""`track`: look, measure what is missing, keep it, and print.

Importing this imports no torch. Everything that can be refused is refused before a model is loaded.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from attribution.types import Case, Label
from unpact_tui import cases, output
from unpact_tui.destination import put
from unpact_tui.document import encode
from unpact_tui.errors import BadUsage, ExitCode, exit_code
from unpact_tui.ledger import opened
from unpact_tui.options import command_words
from unpact_tui.settings import Settings
from unpact_tui.track.folders import places
from unpact_tui.track.happened import RETAIN_BOUND, events
from unpact_tui.track.measuring import Failures, track
from unpact_tui.track.schema import SCHEMA, STEPS, Track, TrackedStep
from unpact_tui.track.text import as_text
from unpact_tui.triage.question import Question
from unpact_tui.unattended import ended_by_signals, quiet_libraries

_STANDARD_INPUT = "-"


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line says."""

    base: str
    run: str
    settings: Settings
    prompts: str
    retain: str | None = None
    reference: str | None = None
    steps: str = ""
    """By comma; without any, all of them."""
    out: Path | None = None
    resume: bool = False
    retain_bound: float = RETAIN_BOUND
    fail_on: str | None = None
    weights: bool = True
    ascii: bool = False
    json: bool = False
    quiet: bool = False


def report(asked: Asked) -> ExitCode:
    """Do all of it and return the exit code. Raises `UsageError`, `CheckpointError`."""
    label = None if asked.fail_on is None else output.label(asked.fail_on)
    if not asked.retain_bound >= 0:
        raise BadUsage("--retain-bound is in nats per token, 0 or more.")
    if asked.resume and asked.out is None:
        raise BadUsage("There is nothing to resume.", "Give the file by --out.")
    found = places(asked.run, _numbers(asked.steps))
    question = question_of(asked)
    with ended_by_signals(), quiet_libraries():
        if asked.out is None:
            going = track(question, found, {}, _nowhere)
            steps, failures = output.narrate(going, quiet=asked.quiet)
        else:
            with opened(asked.out, STEPS, resume=asked.resume) as file:
                going = track(question, found, _measured(file.lines), file.add)
                steps, failures = output.narrate(going, quiet=asked.quiet)
    whole = Track(SCHEMA, asked.base, asked.run, steps, events(steps, asked.retain_bound))
    put(as_json(whole) if asked.json else as_text(whole, plain=asked.ascii or _plain()))
    return gate(steps, label, failures)


def question_of(asked: Asked) -> Question:
    """Return what is asked of every step. Raises `UsageError`."""
    words = [] if asked.prompts == _STANDARD_INPUT else [asked.prompts]
    words += ["--reference", asked.reference] if asked.reference else []
    return Question(
        base=asked.base,
        reference=asked.reference,
        settings=asked.settings,
        cases=cases_of(asked),
        weights=asked.weights,
        compare=(*words, *command_words(asked.settings)),
    )


def cases_of(asked: Asked) -> tuple[Case, ...]:
    """Return the prompts, those to keep last. Raises `UsageError`."""
    if asked.prompts == asked.retain == _STANDARD_INPUT:
        raise BadUsage("Standard input can be read once.", "Give --prompts or --retain a file.")
    forget = tuple(cases.read(asked.prompts))
    retain = () if asked.retain is None else tuple(cases.read(asked.retain, default_split="retain"))
    taken: set[str] = set()
    return tuple(_apart(case, taken) for case in chain(forget, retain))


def _apart(case: Case, taken: set[str]) -> Case:
    """Give a case an id that no other has: both files may count from 1."""
    name = case.id
    while name in taken:
        name = f"retain {name}"
    taken.add(name)
    return replace(case, id=name)


def as_json(whole: Track) -> str:
    """Return it as one JSON object, with a final newline; text stays raw."""
    return encode(whole, pretty=True).decode() + "\n"


def gate(steps: Sequence[TrackedStep], label: Label | None, failures: Failures) -> ExitCode:
    """Return the exit code: of the last step's verdict where one was asked for.

    A run of which nothing could be measured has failed, whatever was asked.
    """
    if steps and all(step.row.error for step in steps):
        return exit_code(failures[0])
    if label is None or not steps:
        return ExitCode.OK
    last = steps[-1].row
    if last.error:
        return ExitCode(last.error_code)
    return ExitCode.CONDITION if last.verdict == label else ExitCode.OK


def _measured(steps: Mapping[str, TrackedStep]) -> dict[str, TrackedStep]:
    """Return what need not be measured again: what failed is tried anew."""
    return {key: step for key, step in steps.items() if not step.row.error}


def _nowhere(_: TrackedStep) -> None: ...


def _plain() -> bool:
    """Tell whether standard output has no bytes for bars."""
    return not (sys.stdout.encoding or "").lower().startswith("utf")


def _numbers(text: str) -> frozenset[int]:
    words = [word.strip() for word in text.split(",") if word.strip()]
    if bad := next((word for word in words if not word.isdecimal()), None):
        raise BadUsage(f"{bad!r} is no step.", "Give them as in --steps 10,20,30.")
    if text and not words:
        raise BadUsage("--steps names no step.", "Give them as in --steps 10,20,30.")
    return frozenset(map(int, words))
