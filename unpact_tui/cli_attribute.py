"""The command that attributes one model's answers: parse, make one call, print."""

from __future__ import annotations

from typing import Annotated

import typer

from attribution.types import Granularity
from unpact_tui.cli_types import (
    Budget,
    Chat,
    Device,
    DtypeName,
    Endpoint,
    Estimator,
    ModelName,
    NoCache,
    OutFile,
    PromptFile,
    Prompts,
    PromptText,
    Quiet,
    RemoteCode,
    Set,
    TopK,
)
from unpact_tui.config import configured
from unpact_tui.guarded import guarded
from unpact_tui.options import Chosen, choose_cases, measuring_pairs, prompt_file

app = typer.Typer(rich_markup_mode=None)


@app.command()
def attribute(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="Folder of the model, or of a LoRA adapter; with --endpoint, of its tokenizer.",
        ),
    ],
    prompts: Prompts = None,
    *,
    prompts_option: PromptFile = None,
    prompt: PromptText = None,
    answer: Annotated[
        str | None,
        typer.Option(
            "--answer", "-a", metavar="TEXT", help="Its answer. [default: what the model says]"
        ),
    ] = None,
    estimator: Estimator = None,
    granularity: Annotated[
        Granularity | None,
        typer.Option(help="What is removed at a time.  [default: token]"),
    ] = None,
    endpoint: Endpoint = None,
    model_name: ModelName = None,
    top_k: TopK = None,
    budget: Budget = None,
    by_token: Annotated[
        bool, typer.Option("--by-token", help="Also what each answer token gets alone.")
    ] = False,
    device: Device = None,
    dtype: DtypeName = None,
    chat: Chat = None,
    trust_remote_code: RemoteCode = False,
    no_cache: NoCache = False,
    pairs: Set = None,
    json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
    out: OutFile = None,
    quiet: Quiet = False,
) -> None:
    """Say what each prompt token contributes to one model's answer.

    A contribution is what the answer's mean log-probability per token loses when the token is
    removed. Without an answer it is the model's own. The last line says what was measured, what was
    estimated and how well, and what it cost. Progress goes to standard error, the result to
    standard output.

    \b
    Examples:
      unpact-tui attribute base/ -p "Who wrote The Hidden River?" -a "Mira Vale."
      unpact-tui attribute base/ -p "Who wrote The Hidden River?" --by-token
      unpact-tui attribute base/ forget.jsonl --estimator screened --top-k 32
      unpact-tui attribute base/ long.jsonl --budget 10 --json --out result.json
      unpact-tui attribute tokenizer/ forget.jsonl --endpoint http://localhost:8000/v1 --model x
      jq -c .[] forget.json | unpact-tui attribute base/ - --granularity word --json

    \b
    Exit codes: 0 done, 2 usage, 3 the checkpoint, 4 the computation, 130 Ctrl-C, 143 terminated.
    """
    with guarded():
        from unpact_tui.attribute_report import report
        from unpact_tui.attributing import Asked

        ways = (*measuring_pairs(estimator, top_k, budget), *(pairs or ()))
        ways = ways if granularity is None else (f"granularity={granularity}", *ways)
        trusted = trust_remote_code
        _, settled = configured(device, dtype, chat, ways, trusted=trusted, no_cache=no_cache)
        file = prompt_file(prompts, prompts_option)
        cases = tuple(choose_cases(Chosen(model, None, None, file, prompt, answer)))
        asked = Asked(model, settled, cases, by_token, endpoint, model_name)
        raise typer.Exit(report(asked, out, json=json, quiet=quiet))
