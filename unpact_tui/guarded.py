"""Turns a known failure of a command into one sentence, a hint and its exit code."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import typer

from attribution.errors import AttributionError
from methods.errors import MethodError
from unpact_tui import refusals
from unpact_tui.errors import UnpactError, exit_code


@contextmanager
def guarded() -> Generator[None]:
    """Let everything through but errors of ours; a bug stays a traceback."""
    try:
        with refusals.translated():
            yield
    except (UnpactError, AttributionError, MethodError) as error:
        from unpact_tui.output import print_error

        print_error(error)
        raise typer.Exit(exit_code(error)) from error
