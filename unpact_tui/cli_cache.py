"""The commands about the cache: parse, make one call, print."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from unpact_tui.destination import put
from unpact_tui.errors import ExitCode
from unpact_tui.guarded import guarded

app = typer.Typer(rich_markup_mode=None)
cache_app = typer.Typer(
    rich_markup_mode=None,
    no_args_is_help=True,
    help="""Say what is kept of what models answered, and let go of it.

    What was asked of a model before is taken from there: opening a comparison again measures
    nothing. Weights that change are another model. `--no-cache`, UNPACT_CACHE=0 or `cache = false`
    measures everything anew, and `cache_mib` bounds what is kept.
    """,
)
app.add_typer(cache_app, name="cache")

Json = Annotated[bool, typer.Option("--json", help="As JSON.")]


@cache_app.command("info")
def cache_info(json: Json = False) -> None:
    """Say where the cache is, how much is in it, and whether it is used.

    \b
    Examples:
      unpact-tui cache info
      unpact-tui cache info --json
    """
    with guarded():
        from unpact_tui import cache_report

        facts = cache_report.facts(os.environ, Path())
        put(cache_report.as_json(facts) if json else cache_report.as_text(facts))


@cache_app.command("clear")
def cache_clear(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Let go of everything that models answered; it may be in use.

    Asks before, and without a terminal does nothing unless --yes is given.

    \b
    Examples:
      unpact-tui cache clear
      unpact-tui cache clear --yes
    """
    with guarded():
        from unpact_tui import cache_report

        if not yes:
            cache_report.require_terminal(_is_terminal())
            try:
                sure = typer.confirm(cache_report.question(), err=True)
            except typer.Abort as error:  # Ctrl-C, or the end of the input
                raise typer.Exit(ExitCode.INTERRUPTED) from error
            if not sure:
                return
        put(cache_report.clear())


@cache_app.command("path")
def cache_path() -> None:
    """Print the file that the cache is in, whether or not it is there.

    \b
    Example:
      du -h "$(unpact-tui cache path)"
    """
    with guarded():
        from unpact_tui import paths

        put(f"{paths.calls_file()}\n")


def _is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()
