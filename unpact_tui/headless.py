"""`run`: measure, narrate on standard error, put the result on standard output or in a file."""

from __future__ import annotations

import logging
import signal
import sys
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Literal

from attribution.errors import AttributionError
from unpact_tui import output
from unpact_tui.destination import Destination, destination, put
from unpact_tui.errors import ExitCode, Unwritable, exit_code
from unpact_tui.options import Chosen
from unpact_tui.result_schema import Document
from unpact_tui.run import Progress, run
from unpact_tui.settings import Settings

Format = Literal["table", "json", "md"]
Failures = list[AttributionError]


def report(
    chosen: Chosen,
    settings: Settings,
    form: Format,
    out: Path | None,
    fail_on: str | None,
    *,
    quiet: bool,
) -> ExitCode:
    """Run all cases, print the document and return the exit code.

    Everything that can be refused is refused before a model is loaded. Raises what `run` raises.
    """
    if fail_on is not None:
        output.label(fail_on)
    place = None if out is None else destination(out)
    failures: Failures = []
    with _ended_by_signals():
        with _quiet_libraries():
            steps = _watched(run(chosen, settings), failures)
            document = output.narrate(steps, quiet=quiet)
        output.print_left_out(document)
        unwritten = _deliver(_formed(document, form, file=place is not None), place)
    if unwritten is not None:
        return exit_code(unwritten)
    return _gate(document, fail_on, failures)


def _watched(
    steps: Generator[Progress, None, Document], failures: Failures
) -> Generator[Progress, None, Document]:
    """Hand on all steps and note what went wrong; a document has the sentences alone."""
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            return end.value
        if step.failure is not None:
            failures.append(step.failure)
        yield step


def _formed(document: Document, form: Format, *, file: bool) -> str:
    match form:
        case "json":
            return output.as_json(document)
        case "md":
            return output.as_markdown(document)
        case "table":
            return output.plain_table(document) if file else output.as_table(document)


def _deliver(text: str, place: Destination | None) -> Unwritable | None:
    """Write the result; when its file does not take it, to standard output, and return why.

    Raises `Unwritable` when that does not take it either.
    """
    if place is None:
        put(text)
        return None
    try:
        place.write(text)
    except Unwritable as error:
        error.hint = "The result follows on standard output, so that it is not lost."
        output.print_error(error)
        put(text)
        return error
    return None


def _gate(document: Document, fail_on: str | None, failures: Failures) -> ExitCode:
    """Return the exit code: a gate does not pass over what could not be measured."""
    if fail_on is None:
        return ExitCode.OK
    if output.fail_on(document, fail_on):
        return ExitCode.CONDITION
    return exit_code(failures[0]) if failures else ExitCode.OK


@contextmanager
def _quiet_libraries() -> Generator[None]:
    """Keep libraries from writing anything but errors to the terminal."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


@contextmanager
def _ended_by_signals() -> Generator[None]:
    """End in good order on SIGTERM and SIGHUP: the cursor comes back, no file is left half.

    One that is ignored, as under nohup, stays ignored.
    """
    numbers = [
        number
        for number in (signal.SIGTERM, signal.SIGHUP)
        if signal.getsignal(number) == signal.SIG_DFL
    ]
    for number in numbers:
        signal.signal(number, _leave)
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)


def _leave(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)
