"""The command that measures many models at once: parse, make one call, print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from unpact_tui.cli_types import Quiet, Set
from unpact_tui.fleet.jobs import EngineName
from unpact_tui.guarded import guarded

app = typer.Typer(rich_markup_mode=None)


@app.command()
def bench(
    matrix: Annotated[
        Path | None,
        typer.Argument(
            metavar="MATRIX",
            help="A file of models, benchmarks and methods, or of checkpoints that are there; "
            "docs/matrices has examples.",
        ),
    ] = None,
    *,
    findings: Annotated[
        bool,
        typer.Option(
            "--findings",
            help="On the demo's checkpoints, instead of MATRIX: focus on KeyTokens, what emphasis "
            "brings back, and which tokens are penalised.",
        ),
    ] = False,
    seeds: Annotated[
        str,
        typer.Option(
            metavar="LIST", help="With --findings: which worlds, such as 0-4,7.  [default: 0-4]"
        ),
    ] = "",
    members: Annotated[
        str,
        typer.Option(
            metavar="NAMES",
            help="With --findings: which checkpoints, by comma; `unpact-tui demo --list` names "
            "them. [default: all]",
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
    path: Annotated[
        list[str] | None,
        typer.Option(
            "--path",
            metavar="NAME=DIR",
            help="What {NAME} stands for in the paths of MATRIX; repeats.",
        ),
    ] = None,
    pairs: Set = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR",
            help="Folder of results: checkpoints, one file per model, and the page. [default with "
            "--findings: in the cache folder]",
        ),
    ] = None,
    page: Annotated[
        Path | None,
        typer.Option(
            "--page",
            metavar="FILE",
            help="Write the page there as well, its pictures into a folder of its name.",
        ),
    ] = None,
    engine: Annotated[
        EngineName,
        typer.Option("--engine", help="Who measures: processes of this machine, or Ray."),
    ] = "local",
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs",
            "-j",
            metavar="N",
            help="So many models at once. [default: 1; with Ray, as many as there is room for]",
        ),
    ] = None,
    gpus: Annotated[
        float | None,
        typer.Option(
            "--gpus",
            metavar="SHARE",
            help="With Ray: the GPUs that each model has, such as 0.5. [default: 1, where there "
            "are any]",
        ),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Measure anew what was measured before.")
    ] = False,
    report_only: Annotated[
        bool, typer.Option("--report-only", help="Measure nothing: of what is there.")
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="List the checkpoints of MATRIX, what is there, and how much is to be unlearned.",
        ),
    ] = False,
    zoo: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Where the demo's checkpoints are.", hidden=True),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON.")] = False,
    quiet: Quiet = False,
) -> None:
    """Measure many unlearned models, and say what they show together, with intervals.

    MATRIX is the paper's: methods x models x benchmarks, unlearned first where no checkpoint is
    given. Every model is kept in a file of its own, so a command that was broken off goes on where
    it was; one that cannot be measured is listed, and the rest go on. All 75 checkpoints of the
    demo take an hour and a quarter of one core, and half an hour more where they must be built;
    --jobs divides that. The pictures need `pip install 'unpact-tui[plots]'`.

    \b
    Examples:
      unpact-tui bench --findings --seeds 0 --members rmu,ga --forget 4
      unpact-tui bench --findings --report-only --out results/ --page docs/findings.md
      unpact-tui bench docs/matrices/stories260k.toml --path family=DIR --out results/ --dry-run
      unpact-tui bench docs/matrices/llama2-7b-tofu.toml --out results/ --jobs 4
    """
    with guarded():
        from unpact_tui import benching
        from unpact_tui.findings.asked import Asked
        from unpact_tui.fleet import Fleet

        places, many = tuple(path or ()), (1 if engine == "local" else 0) if jobs is None else jobs
        asked = Asked(
            file=matrix,
            places=places,
            seeds=seeds,
            members=members,
            prompts=forget,
            pairs=tuple(pairs or ()),
            out=out,
            page=page,
            zoo=zoo,
            fleet=Fleet(engine, many, gpus),
            fresh=fresh,
            report_only=report_only,
            dry_run=dry_run,
            json=json,
            quiet=quiet,
        )
        raise typer.Exit(benching.bench(asked, findings=findings))
