"""The commands that follow one run, and that show what was kept: parse, make one call, print."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from unpact_tui.cli_types import (
    Ascii,
    Base,
    Budget,
    Chat,
    Device,
    DtypeName,
    Estimator,
    Mouse,
    NoCache,
    Quiet,
    Reference,
    RemoteCode,
    Set,
    Theme,
    TopK,
)
from unpact_tui.completion import verdicts_beginning
from unpact_tui.config import configured, find
from unpact_tui.guarded import guarded
from unpact_tui.options import measuring_pairs

app = typer.Typer(rich_markup_mode=None)


@app.command()
def track(
    base: Base,
    run: Annotated[
        str, typer.Argument(metavar="RUN_DIR", help="Folder with the checkpoint-N of one run.")
    ],
    *,
    prompts: Annotated[
        str,
        typer.Option(
            "--prompts",
            metavar="FILE",
            help="What was to be forgotten, as for run; - is standard input.",
        ),
    ],
    retain: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Prompts whose answers were to be kept."),
    ] = None,
    reference: Reference = None,
    steps: Annotated[
        str, typer.Option(metavar="LIST", help="Of these steps alone, by comma. [default: all]")
    ] = "",
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Keep every step there as it comes, as JSON lines; `board` shows them.",
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Measure what --out does not hold yet.")
    ] = False,
    retain_bound: Annotated[
        float,
        typer.Option(
            metavar="NATS", help="What answers that are to be kept may lose, per token. Ours."
        ),
    ] = 0.1,
    fail_on: Annotated[
        str | None,
        typer.Option(
            metavar="VERDICT",
            autocompletion=verdicts_beginning,
            help="Exit with 1 when the last checkpoint has it, or with the code of its failure.",
        ),
    ] = None,
    weights: Annotated[
        bool, typer.Option("--weights/--no-weights", help="Compare the weights too.")
    ] = True,
    device: Device = None,
    dtype: DtypeName = None,
    chat: Chat = None,
    trust_remote_code: RemoteCode = False,
    estimator: Estimator = None,
    top_k: TopK = None,
    budget: Budget = None,
    no_cache: NoCache = False,
    pairs: Set = None,
    ascii_only: Ascii = None,
    json: Annotated[bool, typer.Option("--json", help="As one JSON object, all steps.")] = False,
    quiet: Quiet = False,
) -> None:
    """Follow one run over its checkpoints: contributions, focus, recovery, penalty.

    The base stays loaded. Says at which step answers were forgotten, hidden, or the model broke,
    and when answers that are to be kept lost more than --retain-bound. A checkpoint that cannot be
    measured is listed, and the rest go on.

    \b
    Examples:
      unpact-tui track base/ runs/npo --prompts forget.jsonl --retain retain.jsonl --out npo.jsonl
      unpact-tui track base/ runs/npo --prompts forget.jsonl --out npo.jsonl --resume
      unpact-tui board npo.jsonl

    \b
    Exit codes: 0 done, 1 what --fail-on names, 2 usage, 3 a checkpoint, 4 the computation, 130
    Ctrl-C, 143 terminated.
    """
    with guarded():
        from unpact_tui.track.command import Asked, report

        said = [*measuring_pairs(estimator, top_k, budget), *(pairs or [])]
        trusted = trust_remote_code
        found, settled = configured(device, dtype, chat, said, trusted=trusted, no_cache=no_cache)
        asked = Asked(
            base=base,
            run=run,
            settings=settled,
            prompts=prompts,
            retain=retain,
            reference=reference,
            steps=steps,
            out=out,
            resume=resume,
            retain_bound=retain_bound,
            fail_on=fail_on,
            weights=weights,
            ascii=found.config.ascii if ascii_only is None else ascii_only,
            json=json,
            quiet=quiet,
        )
        raise typer.Exit(report(asked))


@app.command()
def board(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="What `triage --out` or `track --out` wrote.")
    ],
    *,
    theme: Theme = None,
    ascii_only: Ascii = None,
    mouse: Mouse = None,
) -> None:
    """Open the checkpoints of a triage as a table, or those of a run over its steps.

    Needs no model. The file is read again while it grows. Enter opens a checkpoint in the
    inspector, and leaving that comes back here.

    \b
    Examples:
      unpact-tui board triage.jsonl
      unpact-tui board npo.jsonl --ascii
    """
    with guarded():
        from unpact_tui.boards import show

        found = find(os.environ, Path()).with_flags(theme=theme, ascii=ascii_only, mouse=mouse)
        raise typer.Exit(show(file, found))
