"""The command that ranks many checkpoints: parse, make one call, print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from unpact_tui.cli_types import (
    Base,
    Chat,
    Device,
    DtypeName,
    NoCache,
    Quiet,
    Reference,
    RemoteCode,
    Set,
)
from unpact_tui.completion import verdicts_beginning
from unpact_tui.config import configured
from unpact_tui.guarded import guarded

app = typer.Typer(rich_markup_mode=None)

Candidates = Annotated[
    list[str],
    typer.Argument(
        metavar="CANDIDATE...",
        help="Folders of unlearned models, LoRA adapters, or folders that such lie in, as those "
        "of a sweep or the checkpoint-N of a run.",
    ),
]
ForgetPrompts = Annotated[
    str,
    typer.Option(
        "--prompts",
        metavar="FILE",
        help="What was to be forgotten, as for run; - is standard input.",
    ),
]
RetainPrompts = Annotated[
    str | None,
    typer.Option("--retain", metavar="FILE", help="Prompts whose answers were to be kept."),
]
Benchmarks = Annotated[
    list[str] | None,
    typer.Option(
        "--benchmark",
        metavar="NAME=PLACE",
        help="Take the metrics of a benchmark as well, such as tofu=./TOFU; repeats. "
        "`unpact-tui benchmarks` lists them.",
    ),
]
Rows = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="FILE",
        help="Append a JSON line per checkpoint as soon as it is measured.",
    ),
]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Go on from the rows in --out: what is there, by fingerprints, prompts and settings, "
        "is not measured again, but for what failed.",
    ),
]
FailOn = Annotated[
    str | None,
    typer.Option(
        metavar="VERDICT",
        autocompletion=verdicts_beginning,
        help="Exit with 1 when a checkpoint has it, base and reference aside; if none has, but "
        "something could not be measured, with the code of that failure.",
    ),
]
Documents = Annotated[
    Path | None,
    typer.Option(
        "--documents", metavar="DIR", help="Keep the whole result of each checkpoint there."
    ),
]
Weights = Annotated[
    bool, typer.Option("--weights/--no-weights", help="Compare the weights as well.")
]
Engine = Annotated[
    Literal["local", "ray"],
    typer.Option("--engine", help="Who measures: processes of this machine, or Ray."),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs",
        metavar="N",
        help="So many checkpoints at once. [default: 1; with Ray, as many as there is room for]",
    ),
]
Gpus = Annotated[
    float | None,
    typer.Option(
        "--gpus",
        metavar="SHARE",
        help="With Ray: the GPUs that each checkpoint has, such as 0.5. [default: 1, where there "
        "are any]",
    ),
]


@app.command()
def triage(
    base: Base,
    candidates: Candidates,
    *,
    prompts: ForgetPrompts,
    retain: RetainPrompts = None,
    benchmark: Benchmarks = None,
    reference: Reference = None,
    out: Rows = None,
    resume: Resume = False,
    json: Annotated[bool, typer.Option("--json", help="Print the ranking as JSON.")] = False,
    fail_on: FailOn = None,
    documents: Documents = None,
    weights: Weights = True,
    engine: Engine = "local",
    jobs: Jobs = None,
    gpus: Gpus = None,
    device: Device = None,
    dtype: DtypeName = None,
    chat: Chat = None,
    trust_remote_code: RemoteCode = False,
    no_cache: NoCache = False,
    pairs: Set = None,
    quiet: Quiet = False,
) -> None:
    """Rank many checkpoints beside one base, worst first, with reasons.

    Each gets a row: verdict, how much is forgotten and kept, focus, what emphasis brings back
    beside its control, signs of collapse, change of weights. One that cannot be measured is a row
    with the reason. Worst first is COLLAPSED, RETAINED, SUPPRESSED, UNKNOWN, UNRECOVERED, and then
    what could not be measured; a star marks what no other beats in both forgetting and keeping.
    `compare` opens any of them: the command stands beneath its reasons.

    \b
    Examples:
      unpact-tui triage base/ sweep/ --prompts forget.jsonl
      unpact-tui triage base/ runs/*/checkpoint-60 --prompts forget.jsonl --retain retain.jsonl
      unpact-tui triage base/ sweep/ --prompts forget.jsonl --out rows.jsonl --resume
      unpact-tui triage base/ sweep/ --prompts forget.jsonl --benchmark tofu=./TOFU --json
      unpact-tui triage base/ sweep/ --prompts forget.jsonl --engine ray --gpus 0.5
      unpact-tui triage base/ final/ --prompts forget.jsonl --fail-on suppressed -q

    \b
    Exit codes: 0 done, 1 what --fail-on names, 2 usage or an output that cannot be written, 3 a
    checkpoint, 4 the computation, 130 Ctrl-C, 143 terminated.
    """
    with guarded():
        from unpact_tui.triage.asking import Chosen
        from unpact_tui.triage.command import Way, hands, triage

        _, settled = configured(
            device, dtype, chat, pairs, trusted=trust_remote_code, no_cache=no_cache
        )
        found, marks = tuple(candidates), tuple(benchmark or ())
        chosen = Chosen(base, found, prompts, retain, marks, reference, documents, weights)
        who = hands(engine, jobs, gpus, settled)
        way = Way(out, resume, json, fail_on, who, quiet)
        raise typer.Exit(triage(chosen, settled, way))
