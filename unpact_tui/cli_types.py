"""The arguments and options that several commands have in common, with what --help says of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from unpact_tui.completion import settings_beginning
from unpact_tui.settings import Dtype

Base = Annotated[str, typer.Argument(metavar="BASE", help="Folder of the original model.")]
OptionalBase = Annotated[
    str | None, typer.Argument(metavar="BASE", help="Folder of the original model.")
]
Unlearned = Annotated[
    str | None,
    typer.Argument(
        metavar="UNLEARNED",
        help="Folder of the unlearned model, or a LoRA adapter. Left out with --whp.",
    ),
]
Prompts = Annotated[
    str | None,
    typer.Argument(
        metavar="PROMPTS",
        help='A file of prompts, one JSON object per line: {"prompt": ..., "answer": ...}; '
        "- is standard input.",
    ),
]
PromptFile = Annotated[
    str | None, typer.Option("--prompts", metavar="FILE", help="The same, as an option.")
]
Reference = Annotated[
    str | None,
    typer.Option(metavar="DIR", help="Folder of a model retrained without the forget set."),
]
Reinforced = Annotated[
    str | None,
    typer.Option(
        metavar="DIR",
        help="Folder of a model reinforced on the forget set: the unlearned side is WHP at "
        "decoding time, from BASE and it.",
    ),
]
PromptText = Annotated[
    str | None, typer.Option("--prompt", "-p", metavar="TEXT", help="One prompt.")
]
AnswerText = Annotated[
    str | None,
    typer.Option(
        "--answer", "-a", metavar="TEXT", help="Its answer. [default: what the base says]"
    ),
]
Device = Annotated[
    str | None, typer.Option(help="auto, cpu, cuda, cuda:N or mps.  [default: auto]")
]
DtypeName = Annotated[
    Dtype | None,
    typer.Option("--dtype", help="auto is the checkpoint's own.  [default: auto]"),
]
Chat = Annotated[
    bool | None,
    typer.Option("--chat/--no-chat", help="Use the chat template. [default: if there is one]"),
]
RemoteCode = Annotated[
    bool,
    typer.Option("--trust-remote-code", help="Run Python code that a checkpoint brings along."),
]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        "-s",
        metavar="NAME=VALUE",
        help="Change a setting; repeats. `unpact-tui settings` lists them.",
        autocompletion=settings_beginning,
    ),
]
Ascii = Annotated[
    bool | None, typer.Option("--ascii/--no-ascii", help="Draw with ASCII characters only.")
]
Mouse = Annotated[
    bool | None,
    typer.Option(
        "--mouse/--no-mouse", help="Take the mouse, or leave it to the terminal. [default: mouse]"
    ),
]
Theme = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Colours of the frame: unpact-dark, unpact-light, ansi-dark, ansi-light (the "
        "terminal's own), or another of Textual's.",
    ),
]
ReadSession = Annotated[
    Path | None,
    typer.Option(
        "--session",
        metavar="FILE",
        help="Measure again what a session did, on its checkpoints: prompts as they were edited, "
        "thresholds as they were moved, and every emphasis that was tried.",
    ),
]
SessionFile = Annotated[
    Path | None,
    typer.Option(
        "--session",
        metavar="FILE",
        help="Keep everything that is done and measured in FILE; `unpact-tui open FILE` shows it "
        "again without a model. A file that is there goes on. [default: the last ten are kept in "
        "the state folder, unless `keep = false` is configured]",
    ),
]
