"""The command that shows what changed in the weights: parse, and make one call."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from unpact_tui.cli_types import OutFile, Quiet
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
    ranks: Annotated[
        int,
        typer.Option(
            metavar="N",
            help="Measure the directions of the N matrices that changed most, which are read "
            "again; 0 for none.",
        ),
    ] = 8,
    form: Annotated[
        Literal["table", "json", "html"], typer.Option("--format", help="Of the result.")
    ] = "table",
    json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    html: Annotated[bool, typer.Option("--html", help="The same as --format html.")] = False,
    out: OutFile = None,
    quiet: Quiet = False,
) -> None:
    """Show what changed in the weights, layer by module, without loading a model.

    Both sides are read once, tensor by tensor, in little memory, and the largest changes of
    matrices again for their directions. A LoRA adapter is read through its factors. Tensors that
    one side lacks, or has in another shape, are named. A sentence says what the change looks like,
    where it looks like something known.

    \b
    Examples:
      unpact-tui diff ./base ./unlearned
      unpact-tui diff ./base ./runs/npo/checkpoint-60 --top 3
      unpact-tui diff ./base ./unlearned --html --out weights.html
      unpact-tui diff ./base ./lora-adapter --json | jq '.tensors[] | .name, .relative'

    \b
    Exit codes: 0 done, 2 usage or an output that cannot be written, 3 a
    checkpoint, 130 Ctrl-C, 143 terminated.
    """
    with guarded():
        from unpact_tui.weight_report import Shape, report

        shape = Shape("json" if json else "html" if html else form, top, ranks)
        raise typer.Exit(report(base, unlearned, shape, out, quiet=quiet))
