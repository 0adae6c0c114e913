"""The arguments and options that several commands have in common, with what --help says of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from attribution.effort import Effort
from unpact_tui.completion import estimators_beginning, settings_beginning
from unpact_tui.settings import Dtype

Base = Annotated[str, typer.Argument(metavar="BASE", help="Folder of the original model.")]
OptionalBase = Annotated[
    str | None, typer.Argument(metavar="BASE", help="Folder of the original model.")
]
Unlearned = Annotated[
    str | None,
    typer.Argument(
        metavar="UNLEARNED",
        help="Folder of the unlearned model, or a LoRA adapter. Left out with --whp and "
        "--endpoint.",
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
Endpoint = Annotated[
    str | None,
    typer.Option(
        metavar="URL",
        help="A completions server, as vLLM's or llama.cpp's, in the place of a folder; its key is "
        "taken from UNPACT_API_KEY or OPENAI_API_KEY.",
    ),
]
ModelName = Annotated[
    str | None,
    typer.Option("--model", metavar="NAME", help="What the model is called on the server."),
]
BaseModelName = Annotated[
    str | None,
    typer.Option(
        "--base-model",
        metavar="NAME",
        help="What the base is called on the server; then BASE needs a tokenizer only.",
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
Estimator = Annotated[
    str | None,
    typer.Option(
        "--estimator",
        metavar="NAME",
        help="How contributions are measured; `unpact-tui estimators` lists the ways. "
        "[default: leave_one_out, which is exact]",
        autocompletion=estimators_beginning,
    ),
]
TopK = Annotated[
    int | None,
    typer.Option(
        "--top-k",
        metavar="N",
        help="Of an estimator that screens: measure the N most promising exactly. "
        f"[default: {Effort().top_k}]",
    ),
]
Budget = Annotated[
    float | None,
    typer.Option(
        "--budget",
        metavar="SECONDS",
        help="Choose the estimator, and how far it goes, so that the contributions of one prompt "
        "take about so long, all models together. Not with --estimator. [default: no limit]",
    ),
]
OneAtATime = Annotated[
    bool,
    typer.Option(
        "--one-at-a-time",
        help="Hold one model in memory at a time, for two that do not fit together; far slower.",
    ),
]
NoCache = Annotated[
    bool,
    typer.Option(
        "--no-cache", help="Neither take contributions from the cache folder nor keep them there."
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")]
OutFile = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="FILE",
        help="Write the result there instead: whole or not at all, following links.",
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
