"""`run`: measure, narrate on standard error, put the result on standard output or in a file."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import Literal

from attribution.errors import AttributionError
from unpact_tui import output
from unpact_tui.destination import Destination, Text, destination, put
from unpact_tui.document import Written
from unpact_tui.errors import ExitCode, Unwritable, exit_code
from unpact_tui.html import as_html
from unpact_tui.result_schema import Document
from unpact_tui.run import Progress, run_tasks
from unpact_tui.tasks import Asked
from unpact_tui.unattended import ended_by_signals, quiet_libraries

Format = Literal["table", "json", "md", "html"]
Failures = list[AttributionError]


def report(
    asked: Asked,
    form: Format,
    out: Path | None,
    fail_on: str | None,
    *,
    quiet: bool,
) -> ExitCode:
    """Run all cases, print the document and return the exit code.

    Everything that can be refused is refused before a model is loaded. Raises what `run_tasks`
    raises.
    """
    if fail_on is not None:
        output.label(fail_on)
    place = None if out is None else destination(out)
    failures: Failures = []
    with ended_by_signals():
        with quiet_libraries():
            steps = _watched(run_tasks(asked.order, asked.tasks), failures)
            document = output.narrate(steps, quiet=quiet)
        output.print_left_out(document)
        unwritten = deliver(_formed(document, form, file=place is not None), place)
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


def _formed(document: Document, form: Format, *, file: bool) -> Text:
    match form:
        case "json":
            return Written(document)
        case "md":
            return output.as_markdown(document)
        case "html":
            return as_html(document)
        case "table":
            return output.plain_table(document) if file else output.as_table(document)


def deliver(text: Text, place: Destination | None) -> Unwritable | None:
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
