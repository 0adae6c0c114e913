"""The command that serves a browser: parse, make one call."""

from __future__ import annotations

from typing import Annotated

import typer

from unpact_tui.cli_types import (
    AnswerText,
    Ascii,
    Base,
    Chat,
    Device,
    DtypeName,
    PromptFile,
    Prompts,
    PromptText,
    Reference,
    Reinforced,
    RemoteCode,
    Set,
    Theme,
    Unlearned,
)
from unpact_tui.config import configured
from unpact_tui.guarded import guarded
from unpact_tui.options import Chosen, prompt_file, second_side

app = typer.Typer(rich_markup_mode=None)


@app.command()
def serve(
    base: Base,
    unlearned: Unlearned = None,
    prompts: Prompts = None,
    *,
    prompts_option: PromptFile = None,
    prompt: PromptText = None,
    answer: AnswerText = None,
    reference: Reference = None,
    whp: Reinforced = None,
    device: Device = None,
    dtype: DtypeName = None,
    chat: Chat = None,
    trust_remote_code: RemoteCode = False,
    pairs: Set = None,
    theme: Theme = None,
    ascii_only: Ascii = None,
    host: Annotated[
        str, typer.Option(metavar="ADDRESS", help="127.0.0.1, localhost or ::1, and no other.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 is any free one.")] = 0,
) -> None:
    """Open the inspector in a browser: `compare`, for many tabs on one engine.

    Prints the address, which holds a secret: whoever has it sees and steers the inspector. It is
    served to this machine alone; from another one, go through ssh -L. Needs unpact-tui[serve].

    \b
    Examples:
      unpact-tui serve base/ unlearned/ forget.jsonl
      unpact-tui serve base/ unlearned/ forget.jsonl --port 8000
    """
    with guarded():
        from unpact_tui.serving.launch import serve as run

        found, settled = configured(device, dtype, chat, pairs, trusted=trust_remote_code)
        found = found.with_flags(theme=theme, ascii=ascii_only, mouse=None)
        unlearned, prompts = second_side(unlearned, prompts, whp)
        file = prompt_file(prompts, prompts_option)
        chosen = Chosen(base, unlearned, reference, file, prompt, answer, whp)
        raise typer.Exit(run(chosen, settled, found, host=host, port=port))
