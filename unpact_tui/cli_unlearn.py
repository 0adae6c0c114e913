"""The command that changes weights, and the listing of the ways to: parse, make one call, print."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from unpact_tui.completion import methods_beginning
from unpact_tui.destination import put
from unpact_tui.guarded import guarded
from unpact_tui.unlearning.asked import Asked, additions_of, settle

app = typer.Typer(rich_markup_mode=None)

Json = Annotated[bool, typer.Option("--json", help="As one JSON object.")]


@app.command()
def unlearn(
    method: Annotated[
        str,
        typer.Argument(
            metavar="METHOD",
            help="One of `unpact-tui methods`, by any name.",
            autocompletion=methods_beginning,
        ),
    ],
    *,
    model: Annotated[str, typer.Option(metavar="DIR", help="Folder of the model to change.")],
    forget: Annotated[
        Path,
        typer.Option(
            metavar="FILE",
            help="What to forget: JSON lines with prompt and answer, question and answer, or text; "
            "or a plain text.",
        ),
    ],
    out: Annotated[
        Path, typer.Option(metavar="DIR", help="New folder for the checkpoint-N folders.")
    ],
    retain: Annotated[
        Path | None, typer.Option(metavar="FILE", help="What to keep, in the same form.")
    ] = None,
    alternatives: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Answers to give instead, one per line. [default: our own, 'I do not know.' ...]",
        ),
    ] = None,
    epochs: Annotated[
        float | None, typer.Option(help="Passes over what to forget. [default: the method's]")
    ] = None,
    lr: Annotated[float | None, typer.Option(help="Learning rate. [default: the method's]")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Examples per process and pass.")] = None,
    grad_accum: Annotated[int | None, typer.Option(help="Passes per step.")] = None,
    max_length: Annotated[int | None, typer.Option(help="Tokens of a row.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of everything random.")] = None,
    save_every: Annotated[
        int | None,
        typer.Option(
            metavar="STEPS",
            help="Steps between two checkpoints; 0 keeps the last alone. [default: an epoch]",
        ),
    ] = None,
    pairs: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            "-s",
            metavar="NAME=VALUE",
            help="Change an option; repeats. `unpact-tui methods METHOD` lists them.",
        ),
    ] = None,
    lora: Annotated[bool, typer.Option("--lora", help="Train low-rank additions only.")] = False,
    lora_rank: Annotated[
        int | None, typer.Option(help="Rank of the additions. [default: 8]")
    ] = None,
    lora_alpha: Annotated[
        float | None, typer.Option(help="They are scaled by alpha / rank. [default: 16.0]")
    ] = None,
    lora_dropout: Annotated[
        float | None, typer.Option(help="Share of their inputs dropped. [default: 0.0]")
    ] = None,
    lora_targets: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="Matrices to add to, by comma. [default: what peft takes for the architecture]",
        ),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")] = "auto",
    chat: Annotated[
        bool | None,
        typer.Option("--chat/--no-chat", help="Use the chat template. [default: if there is one]"),
    ] = None,
    trust_remote_code: Annotated[
        bool, typer.Option("--trust-remote-code", help="Run Python code that the model brings.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the run in --out after a break.")
    ] = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run", help="Say what would run, what it needs, and what of a row is learned."
        ),
    ] = False,
    json: Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Unlearn: train a model to forget, into checkpoints that `compare` and `run` open.

    Prints the last checkpoint's folder. A run that was killed goes on with --resume and ends in the
    same weights. For several GPUs or nodes: accelerate launch -m unpact_tui unlearn ...
    Exit codes: 0 done, 2 usage, 3 the model, 4 the computation (out of memory, diverged), 130
    Ctrl-C, 143 terminated.

    \b
    Examples:
      unpact-tui unlearn npo_gdr --model base/ --forget f.jsonl --retain r.jsonl --out run/
      unpact-tui unlearn grad_diff --lora --model base/ --forget f.jsonl --out adapter/
      unpact-tui unlearn rmu --model base/ --forget f.jsonl --retain r.jsonl --out run/ --dry-run
      unpact-tui unlearn npo_gdr --model base/ --forget f.jsonl --retain r.jsonl --out run/ --resume
    """
    with guarded():
        from unpact_tui.unlearning import command

        names = ("epochs", "learning_rate", "batch_size", "grad_accum", "max_length", "seed")
        values = zip(names, (epochs, lr, batch_size, grad_accum, max_length, seed), strict=True)
        additions = additions_of(lora_rank, lora_alpha, lora_targets, lora_dropout, lora=lora)
        asked = Asked(
            method=method,
            model=model,
            forget=forget,
            out=out,
            retain=retain,
            alternatives=alternatives,
            training={name: value for name, value in values if value is not None},
            lora=additions,
            pairs=tuple(pairs or ()),
            save_every=save_every,
            device=device,
            chat=chat,
            trust_remote_code=trust_remote_code,
            resume=resume,
        )
        plan = settle(asked)
        act = command.preview if dry_run else command.unlearn
        put(act(plan, json=json, quiet=quiet))


@app.command("methods")
def list_methods(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            help="One method, by any of its names.",
            autocompletion=methods_beginning,
        ),
    ] = None,
    *,
    json: Json = False,
) -> None:
    """List the unlearning methods; of one, its options, defaults and source.

    \b
    Examples:
      unpact-tui methods
      unpact-tui methods NPO_GDR
      unpact-tui methods rmu --json
    """
    with guarded():
        from unpact_tui.unlearning import listing

        found = listing.every() if name is None else listing.one(name)
        put(listing.as_json(found) if json else listing.as_text(found))
