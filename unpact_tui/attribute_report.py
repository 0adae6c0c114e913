"""`attribute`: measure, narrate on standard error, put the result where it was asked for."""

from __future__ import annotations

from pathlib import Path

from unpact_tui import output
from unpact_tui.attribute_document import AttributionDocument, encode
from unpact_tui.attributing import Asked, attribute
from unpact_tui.destination import destination
from unpact_tui.errors import ExitCode, exit_code
from unpact_tui.headless import deliver
from unpact_tui.unattended import ended_by_signals, quiet_libraries


def report(asked: Asked, out: Path | None, *, json: bool, quiet: bool) -> ExitCode:
    """Measure every case, print the result and return the exit code.

    A place that cannot be written to is refused before a model is loaded. Raises what `attribute`
    raises.
    """
    place = None if out is None else destination(out)
    with ended_by_signals():
        with quiet_libraries():
            document = output.narrate(attribute(asked), quiet=quiet)
        output.print_left_out(document)
        unwritten = deliver(_formed(document, json=json, file=place is not None), place)
    return ExitCode.OK if unwritten is None else exit_code(unwritten)


def _formed(document: AttributionDocument, *, json: bool, file: bool) -> str:
    if json:
        return encode(document)
    return output.plain_attribution(document) if file else output.as_attribution(document)
