"""The command that puts results on one page: parse, make one call, print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from unpact_tui.cli_types import OutFile
from unpact_tui.guarded import guarded

app = typer.Typer(rich_markup_mode=None)


@app.command()
def report(
    results: Annotated[
        list[Path],
        typer.Argument(
            metavar="RESULT...",
            help="What `run --json`, `triage --out`, `track --out` or `diff --json` wrote, or the "
            "folder of `bench`.",
        ),
    ],
    *,
    html: Annotated[
        bool, typer.Option("--html", help="One page of HTML: this is what is made anyway.")
    ] = False,
    md: Annotated[bool, typer.Option("--md", help="GitHub's Markdown instead.")] = False,
    title: Annotated[str, typer.Option(metavar="TEXT", help="Of the page.")] = "Unlearning",
    out: OutFile = None,
) -> None:
    """Put results on one page that needs nothing else: verdicts, evidence, prompts, plots.

    The page has no script and loads nothing; every number stands with its interval. No model is
    needed.

    \b
    Examples:
      unpact-tui report result.json --html --out result.html
      unpact-tui report sweep.jsonl track.jsonl --html --out sweep.html
      unpact-tui report sweep.jsonl --md
    """
    with guarded():
        from unpact_tui.errors import BadUsage
        from unpact_tui.reporting.command import report as written

        if html and md:
            raise BadUsage("Give --html or --md, not both.", "One call makes one page.")
        raise typer.Exit(written(results, "md" if md else "html", out, title))
