"""The command that shows what changed in the weights: parse, make one call, print."""

from __future__ import annotations

from typing import Annotated

import typer

from unpact_tui.destination import put
from unpact_tui.guarded import guarded

app = typer.Typer(rich_markup_mode=None)


@app.command()
def diff(
    base: Annotated[str, typer.Argument(metavar="BASE", help="Folder of the original model.")],
    unlearned: Annotated[
        str,
        typer.Argument(
            metavar="UNLEARNED", help="Folder of the unlearned model, or a LoRA adapter."
        ),
    ],
    *,
    top: Annotated[int, typer.Option(metavar="N", help="List so many tensors.")] = 10,
    json: Annotated[bool, typer.Option("--json", help="As one JSON object, all tensors.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Show what changed in the weights, layer by module, without loading a model.

    Both sides are read once, tensor by tensor, in little memory. A LoRA adapter is read through its
    factors. Tensors that one side lacks, or has in another shape, are named.

    \b
    Examples:
      unpact-tui diff ./base ./unlearned
      unpact-tui diff ./base ./runs/npo/checkpoint-60 --top 3
      unpact-tui diff ./base ./lora-adapter --json | jq '.tensors[] | .name, .relative'

    \b
    Exit codes: 0 done, 2 usage, 3 a checkpoint, 130 Ctrl-C, 143 terminated.
    """
    with guarded():
        from unpact_tui import weight_report

        put(weight_report.diff(base, unlearned, top, json=json, quiet=quiet))
