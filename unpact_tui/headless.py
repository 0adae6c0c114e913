"""`run`: measure, narrate on standard error, put the result on standard output or in a file."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from pathlib import Path
from typing import Literal

from unpact_tui import output
from unpact_tui.errors import BadUsage, ExitCode
from unpact_tui.options import Chosen
from unpact_tui.result_schema import Document
from unpact_tui.run import Progress, run
from unpact_tui.settings import Settings

Format = Literal["table", "json", "md"]


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
    if out is not None and not out.absolute().parent.is_dir():
        raise BadUsage(f"There is no folder {out.absolute().parent} to write {out.name} into.")
    steps: Generator[Progress, None, Document] = run(chosen, settings)
    document = output.narrate(steps, quiet=quiet)
    match form:
        case "json":
            text = output.as_json(document)
        case "md":
            text = output.as_markdown(document)
        case "table":
            text = output.as_table(document) if out is None else output.plain_table(document)
    if out is None:
        sys.stdout.write(text)
    else:
        write_whole(out, text)
    failed = fail_on is not None and output.fail_on(document, fail_on)
    return ExitCode.CONDITION if failed else ExitCode.OK


def write_whole(path: Path, text: str) -> None:
    """Write a file so that it is there whole or not at all. Raises `BadUsage`."""
    try:
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        with temporary.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        raise BadUsage(f"{path} cannot be written: {error.strerror or error}.") from error
