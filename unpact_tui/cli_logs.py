"""The command that reads published evaluation logs back: parse, make one call, print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from unpact_tui.destination import put
from unpact_tui.guarded import guarded

app = typer.Typer(rich_markup_mode=None)


@app.command()
def logs(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Evaluation logs.")],
    *,
    reference: Annotated[
        Path | None,
        typer.Option(
            "--reference",
            metavar="FILE",
            help="Log of the model that never saw the forget set, for forget quality and PrivLeak.",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="As one JSON object.")] = False,
) -> None:
    """Compute the numbers of published evaluation logs again, from their rows.

    Reads the *_EVAL.json and *_SUMMARY.json of open-unlearning, the eval_log*.json of TOFU's own
    evaluation and the outputs of MUSE (log.json or history.json, auc.json, agg.json or out.json).
    Each number stands beside the published one, with its interval over items. No model is needed.

    \b
    Examples:
      unpact-tui logs saves/eval/npo/TOFU_EVAL.json --reference saves/eval/retain/TOFU_EVAL.json
      unpact-tui logs runs/*/TOFU_SUMMARY.json
      unpact-tui logs eval_log_aggregated.json --json | jq .metrics.model_utility

    \b
    Exit codes: 0 done, 2 usage or a file that is no log, 130 Ctrl-C, 143 terminated.
    """
    with guarded():
        from unpact_tui.logs.report import report

        put(report(files, reference, json=json))
