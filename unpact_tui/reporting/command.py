"""`report`: read results back, and put them on one page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from unpact_tui.destination import destination
from unpact_tui.errors import BadUsage, ExitCode, exit_code
from unpact_tui.findings.figures import Findings
from unpact_tui.headless import deliver
from unpact_tui.matrix.blocks import MatrixFindings
from unpact_tui.reporting import of_findings, of_track, of_triage, of_weights
from unpact_tui.reporting.as_html import as_html
from unpact_tui.reporting.as_markdown import as_markdown
from unpact_tui.reporting.blocks import Block, Whole
from unpact_tui.reporting.results import Result, WeightsResult, read
from unpact_tui.result_schema import Document
from unpact_tui.track.schema import Track

Form = Literal["html", "md"]


def report(results: Sequence[Path], form: Form, out: Path | None, title: str) -> ExitCode:
    """Write the page. Raises `BadUsage`, `BadResult`, `Unreadable`, `Unwritable`."""
    if not results:
        raise BadUsage("There is no result to report.", "Give what run, triage or track wrote.")
    place = None if out is None else destination(out)
    blocks = [block for path in results for block in _blocks(read(path).result)]
    page = as_html(blocks, title) if form == "html" else as_markdown(blocks)
    unwritten = deliver(page, place)
    return ExitCode.OK if unwritten is None else exit_code(unwritten)


def _blocks(result: Result) -> Iterator[Block]:
    match result:
        case Document():
            yield Whole(result)
        case Track():
            yield from of_track.blocks(result)
        case WeightsResult():
            yield from of_weights.blocks(result)
        case Findings():
            yield from of_findings.blocks(result)
        case MatrixFindings():
            yield from of_findings.of_matrix(result)
        case _:
            yield from of_triage.blocks(result)
