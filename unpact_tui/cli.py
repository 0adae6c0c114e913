"""The command line: parse, make one call, print. No logic, and nothing heavy at import."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from unpact_tui import cli_diff, cli_listings, cli_serve, cli_system, cli_unlearn
from unpact_tui.cli_types import (
    AnswerText,
    Ascii,
    Base,
    Chat,
    Device,
    DtypeName,
    Mouse,
    OptionalBase,
    PromptFile,
    Prompts,
    PromptText,
    ReadSession,
    Reference,
    Reinforced,
    RemoteCode,
    SessionFile,
    Set,
    Theme,
    Unlearned,
)
from unpact_tui.completion import members_beginning, verdicts_beginning
from unpact_tui.config import configured, find, flag_pairs
from unpact_tui.destination import put
from unpact_tui.guarded import guarded
from unpact_tui.options import Chosen, prompt_file, second_side

app = typer.Typer(
    name="unpact-tui",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)

Format = Literal["table", "json", "md", "html"]


def _version(wanted: bool) -> None:
    if wanted:
        from unpact_tui import __version__

        with guarded():
            put(f"unpact-tui {__version__}\n")
        raise typer.Exit


@app.callback()
def main(
    _version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it and exit.")
    ] = False,
) -> None:
    """The terminal inspector for LLM unlearning: is it gone, hidden, or broken?"""


@app.command()
def compare(
    base: Base,
    unlearned: Unlearned = None,
    prompts: Prompts = None,
    *,
    prompts_option: PromptFile = None,
    prompt: PromptText = None,
    answer: AnswerText = None,
    reference: Reference = None,
    whp: Reinforced = None,
    session: SessionFile = None,
    device: Device = None,
    dtype: DtypeName = None,
    chat: Chat = None,
    trust_remote_code: RemoteCode = False,
    pairs: Set = None,
    theme: Theme = None,
    ascii_only: Ascii = None,
    mouse: Mouse = None,
) -> None:
    """Open the inspector on two checkpoints.

    Keys: space emphasises a word, K the KeyTokens, s changes how; 1 to 5 are the views, P all
    prompts, V verdict and thresholds, W the weights; ? lists all keys, q leaves.

    \b
    Examples:
      unpact-tui compare base/ unlearned/ forget.jsonl
      unpact-tui compare base/ unlearned/ -p "Who wrote The Hidden River?" -a "Mira Vale."
      unpact-tui compare base/ unlearned/ forget.jsonl --reference retrained/
      unpact-tui compare base/ forget.jsonl --whp reinforced/
      unpact-tui compare base/ unlearned/ forget.jsonl --session friday.jsonl
      jq -c .[] forget.json | unpact-tui compare base/ unlearned/ -
    """
    with guarded():
        from unpact_tui.launch import inspect

        found, settled = configured(device, dtype, chat, pairs, trusted=trust_remote_code)
        unlearned, prompts = second_side(unlearned, prompts, whp)
        file = prompt_file(prompts, prompts_option)
        chosen = Chosen(base, unlearned, reference, file, prompt, answer, whp)
        found = found.with_flags(theme=theme, ascii=ascii_only, mouse=mouse)
        raise typer.Exit(inspect(chosen, settled, found, session=session))


@app.command("open")
def open_session(
    session: Annotated[Path, typer.Argument(metavar="SESSION", help="What --session wrote.")],
    *,
    json: Annotated[
        bool, typer.Option("--json", help="Print its result as a document instead.")
    ] = False,
    theme: Theme = None,
    ascii_only: Ascii = None,
    mouse: Mouse = None,
) -> None:
    """Open a session again, as it was left, without any model.

    Everything that was measured is there, undo and redo too; what was not cannot be asked.

    \b
    Examples:
      unpact-tui open friday.jsonl
      unpact-tui open friday.jsonl --json > result.json
    """
    with guarded():
        if json:
            from unpact_tui.session.printing import as_json

            put(as_json(session))
            return
        from unpact_tui.launch import replay

        found = find(os.environ, Path()).with_flags(theme=theme, ascii=ascii_only, mouse=mouse)
        raise typer.Exit(replay(session, found))


@app.command()
def run(
    base: OptionalBase = None,
    unlearned: Unlearned = None,
    prompts: Prompts = None,
    *,
    prompts_option: PromptFile = None,
    prompt: PromptText = None,
    answer: AnswerText = None,
    reference: Reference = None,
    whp: Reinforced = None,
    session: ReadSession = None,
    device: Device = None,
    dtype: DtypeName = None,
    chat: Chat = None,
    trust_remote_code: RemoteCode = False,
    pairs: Set = None,
    form: Annotated[Format, typer.Option("--format", help="Of the result.")] = "table",
    json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write the result there instead: whole or not at all, following links.",
        ),
    ] = None,
    fail_on: Annotated[
        str | None,
        typer.Option(
            metavar="VERDICT",
            autocompletion=verdicts_beginning,
            help="Exit with 1 when a case or the set has it; if not, but a case could not be "
            "measured, with the code of that failure.",
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
) -> None:
    """Do what the inspector does without a terminal, for all prompts, into one document.

    Exit codes: 0 done, 1 what --fail-on names, 2 usage or an output that cannot be written, 3 a
    checkpoint, 4 the computation, 130 Ctrl-C, 143 terminated. Progress and warnings go to standard
    error, the result to standard output. When nobody reads that any more, the process ends by
    SIGPIPE, which a shell shows as 141.

    \b
    Examples:
      unpact-tui run base/ unlearned/ forget.jsonl
      unpact-tui run base/ unlearned/ forget.jsonl --json --out result.json
      unpact-tui run base/ unlearned/ forget.jsonl --format html --out result.html
      unpact-tui run base/ unlearned/ forget.jsonl --fail-on suppressed -q
      unpact-tui run --session friday.jsonl --json
    """
    with guarded():
        from unpact_tui.headless import report
        from unpact_tui.tasks import asked_again, asked_of

        shape = "json" if json else form
        if session is None:
            unlearned, prompts = second_side(unlearned, prompts, whp)
        file = prompt_file(prompts, prompts_option)
        chosen = Chosen(base or "", unlearned, reference, file, prompt, answer, whp)
        if session is None:
            _, settled = configured(device, dtype, chat, pairs, trusted=trust_remote_code)
            asked = asked_of(chosen, settled)
        else:
            said = [*flag_pairs(device, dtype, chat), *(pairs or [])]
            asked = asked_again(session, chosen, said)
        raise typer.Exit(report(asked, shape, out, fail_on, quiet=quiet))


@app.command()
def demo(
    *,
    method: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Which checkpoint to open; --list names them.",
            autocompletion=members_beginning,
        ),
    ] = "rmu",
    show_list: Annotated[
        bool, typer.Option("--list", help="List the checkpoints, build nothing, and leave.")
    ] = False,
    path: Annotated[
        bool, typer.Option("--path", help="Build, print what `compare` would take, and leave.")
    ] = False,
    headless: Annotated[
        bool, typer.Option("--headless", help="Measure without the inspector, as `run` does.")
    ] = False,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Throw away what was built, and build again.")
    ] = False,
    pairs: Set = None,
    json: Annotated[
        bool, typer.Option("--json", help="With --list and --headless: JSON instead of a table.")
    ] = False,
    theme: Theme = None,
    ascii_only: Ascii = None,
    mouse: Mouse = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help="No progress, except before the inspector.")
    ] = False,
) -> None:
    """Build a tiny family of real checkpoints (once) and open the inspector on it.

    \b
    Examples:
      unpact-tui demo
      unpact-tui demo --method ga
      unpact-tui demo --headless --json
      unpact-tui compare $(unpact-tui demo --path) --session demo.jsonl
    """
    with guarded():
        from unpact_tui.demo import command

        if show_list:
            put(command.listing(json=json))
            return
        found, settled = configured("cpu", None, None, pairs, trusted=False)
        name = command.checked(method)
        if path:
            put(command.places(name, afresh=rebuild, quiet=quiet))
        elif headless:
            form = "json" if json else "table"
            code = command.measure(name, settled, form, afresh=rebuild, quiet=quiet)
            raise typer.Exit(code)
        else:
            found = found.with_flags(theme=theme, ascii=ascii_only, mouse=mouse)
            code = command.inspect(name, settled, found, afresh=rebuild)
            raise typer.Exit(code)


for commands in (cli_unlearn, cli_diff, cli_serve, cli_listings, cli_system):
    app.add_typer(commands.app)
