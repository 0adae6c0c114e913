"""The command that measures many models at once: parse, make one call, print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from unpact_tui.cli_types import Quiet, Set
from unpact_tui.guarded import guarded

app = typer.Typer(rich_markup_mode=None)


@app.command()
def bench(
    *,
    findings: Annotated[
        bool,
        typer.Option(
            "--findings",
            help="On the demo's checkpoints: focus on KeyTokens, what emphasis brings back, and "
            "which tokens are penalised.",
        ),
    ] = False,
    seeds: Annotated[
        str,
        typer.Option(metavar="LIST", help="Which worlds, such as 0-4,7.  [default: 0-4]"),
    ] = "",
    members: Annotated[
        str,
        typer.Option(
            metavar="NAMES",
            help="Which checkpoints, by comma; `unpact-tui demo --list` names them. [default: all]",
        ),
    ] = "",
    forget: Annotated[
        int | None,
        typer.Option(
            "--forget",
            metavar="N",
            min=1,
            help="Of each kind of prompt, so many at most: for a quick look. [default: all]",
        ),
    ] = None,
    pairs: Set = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR",
            help="Folder of results: one file per model, and the page. [default: in the cache "
            "folder]",
        ),
    ] = None,
    page: Annotated[
        Path | None,
        typer.Option(
            "--page",
            metavar="FILE",
            help="Write the page there as well, its pictures into a folder `findings` beside it.",
        ),
    ] = None,
    jobs: Annotated[
        int, typer.Option("--jobs", "-j", metavar="N", help="So many processes at once.")
    ] = 1,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Measure anew what was measured before.")
    ] = False,
    report_only: Annotated[
        bool, typer.Option("--report-only", help="Measure nothing: of what is there.")
    ] = False,
    zoo: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where the demo's checkpoints are.", hidden=True),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON.")] = False,
    quiet: Quiet = False,
) -> None:
    """Measure many unlearned models, and say what they show together, with intervals.

    Every model is kept in a file of its own, so a command that was broken off goes on where it was;
    one that cannot be measured is listed, and the rest go on. A checkpoint of the demo takes about
    a minute of one core; all 75 take an hour and a quarter, and half an hour more where they must
    be built. --jobs divides that. The pictures need `pip install 'unpact-tui[plots]'`.

    \b
    Examples:
      unpact-tui bench --findings --seeds 0 --members rmu,ga --forget 4
      unpact-tui bench --findings --jobs 4 --out results/
      unpact-tui bench --findings --report-only --out results/ --page docs/findings.md
    """
    with guarded():
        from unpact_tui.errors import BadUsage
        from unpact_tui.findings.command import Asked
        from unpact_tui.findings.command import findings as measured

        if not findings:
            raise BadUsage("There is nothing to measure.", "Say what: --findings.")
        asked = Asked(
            seeds=seeds,
            members=members,
            prompts=forget,
            pairs=tuple(pairs or ()),
            out=out,
            page=page,
            zoo=zoo,
            jobs=jobs,
            fresh=fresh,
            report_only=report_only,
            json=json,
            quiet=quiet,
        )
        raise typer.Exit(measured(asked))
