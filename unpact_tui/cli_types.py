"""The arguments and options that several commands have in common, with what --help says of them."""

from __future__ import annotations

from typing import Annotated

import typer

from unpact_tui.settings import Dtype

Base = Annotated[str, typer.Argument(metavar="BASE", help="Folder of the original model.")]
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
Device = Annotated[str, typer.Option(help="auto, cpu, cuda, cuda:N or mps.")]
DtypeName = Annotated[Dtype, typer.Option("--dtype", help="auto is the checkpoint's own.")]
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
    ),
]
Ascii = Annotated[bool, typer.Option("--ascii", help="Draw with ASCII characters only.")]
NoMouse = Annotated[bool, typer.Option("--no-mouse", help="Leave the mouse to the terminal.")]
