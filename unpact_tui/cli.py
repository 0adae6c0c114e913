"""The command line: parse, make one call, print. No logic, and nothing heavy at import."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal

import typer

from unpact_tui import (
    cli_attribute,
    cli_bench,
    cli_benchmarks,
    cli_cache,
    cli_demo,
    cli_diff,
    cli_listings,
    cli_logs,
    cli_report,
    cli_serve,
    cli_system,
    cli_track,
    cli_triage,
    cli_unlearn,
)
from unpact_tui.cache_switch import use_cache
from unpact_tui.cli_types import (
    AnswerText,
    Ascii,
    Base,
    BaseModelName,
    Budget,
    Chat,
    Device,
    DtypeName,
    Endpoint,
    Estimator,
    ModelName,
    Mouse,
    NoCache,
    OneAtATime,
    OptionalBase,
    OutFile,
    PromptFile,
    Prompts,
    PromptText,
    Quiet,
    ReadSession,
    Reference,
    Reinforced,
    RemoteCode,
    SessionFile,
    Set,
    Theme,
    TopK,
    Unlearned,
)
from unpact_tui.completion import verdicts_beginning
from unpact_tui.config import configured, find, flag_pairs
from unpact_tui.destination import put
from unpact_tui.guarded import guarded
from unpact_tui.options import Chosen, measuring_pairs, prompt_file, second_side

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
    endpoint: Endpoint = None,
    model: ModelName = None,
    base_model: BaseModelName = None,
    session: SessionFile = None,
    device: Device = None,
    dtype: DtypeName = None,
    chat: Chat = None,
    trust_remote_code: RemoteCode = False,
    estimator: Estimator = None,
    top_k: TopK = None,
    budget: Budget = None,
    one_at_a_time: OneAtATime = False,
    no_cache: NoCache = False,
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
      unpact-tui compare base/ forget.jsonl --endpoint http://localhost:8000/v1 --model unlearned
      unpact-tui compare base/ unlearned/ forget.jsonl --session friday.jsonl
      jq -c .[] forget.json | unpact-tui compare base/ unlearned/ -
    """
    with guarded():
        from unpact_tui.launch import inspect

        ways = measuring_pairs(estimator, top_k, budget, one_at_a_time=one_at_a_time)
        said, trusted = [*ways, *(pairs or [])], trust_remote_code
        found, settled = configured(device, dtype, chat, said, trusted=trusted, no_cache=no_cache)
        unlearned, prompts = second_side(unlearned, prompts, whp, endpoint)
        file = prompt_file(prompts, prompts_option)
        chosen = Chosen(
            base, unlearned, reference, file, prompt, answer, whp, endpoint, model, base_model
        )
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
    endpoint: Endpoint = None,
    model: ModelName = None,
    base_model: BaseModelName = None,
    session: ReadSession = None,
    device: Device = None,
    dtype: DtypeName = None,
    chat: Chat = None,
    trust_remote_code: RemoteCode = False,
    estimator: Estimator = None,
    top_k: TopK = None,
    budget: Budget = None,
    one_at_a_time: OneAtATime = False,
    no_cache: NoCache = False,
    pairs: Set = None,
    form: Annotated[Format, typer.Option("--format", help="Of the result.")] = "table",
    json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    out: OutFile = None,
    fail_on: Annotated[
        str | None,
        typer.Option(
            metavar="VERDICT",
            autocompletion=verdicts_beginning,
            help="Exit with 1 when a case or the set has it; if not, but a case could not be "
            "measured, with the code of that failure.",
        ),
    ] = None,
    quiet: Quiet = False,
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
      unpact-tui run base/ forget.jsonl --endpoint http://localhost:8000/v1 --model unlearned
      unpact-tui run --session friday.jsonl --json
    """
    with guarded():
        from unpact_tui.headless import report
        from unpact_tui.tasks import asked_again, asked_of

        shape = "json" if json else form
        ways = measuring_pairs(estimator, top_k, budget, one_at_a_time=one_at_a_time)
        said = [*ways, *(pairs or [])]
        if session is None:
            unlearned, prompts = second_side(unlearned, prompts, whp, endpoint)
        file = prompt_file(prompts, prompts_option)
        base = base or ""
        chosen = Chosen(
            base, unlearned, reference, file, prompt, answer, whp, endpoint, model, base_model
        )
        if session is None:
            trusted = trust_remote_code
            _, settled = configured(device, dtype, chat, said, trusted=trusted, no_cache=no_cache)
            asked = asked_of(chosen, settled)
        else:
            use_cache(find(os.environ, Path()).config.cache and not no_cache)
            said = [*flag_pairs(device, dtype, chat), *said]
            asked = asked_again(session, chosen, said)
        raise typer.Exit(report(asked, shape, out, fail_on, quiet=quiet))


for commands in (
    cli_attribute,
    cli_triage,
    cli_track,
    cli_diff,
    cli_report,
    cli_logs,
    cli_benchmarks,
    cli_bench,
    cli_demo,
    cli_unlearn,
    cli_serve,
    cli_listings,
    cli_cache,
    cli_system,
):
    app.add_typer(commands.app)
