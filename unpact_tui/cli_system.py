"""The commands about the program itself, config, keys and doctor: parse, make one call, print."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from unpact_tui.destination import put
from unpact_tui.guarded import guarded

app = typer.Typer(rich_markup_mode=None)
config_app = typer.Typer(
    rich_markup_mode=None,
    no_args_is_help=True,
    help="""Say what is configured, where, and what can be.

    A flag comes before the environment, that before the project's file, that before your own.

    \b
    The environment: UNPACT_THEME, UNPACT_ASCII, UNPACT_MOUSE, UNPACT_LANE, UNPACT_KEYMAP,
    UNPACT_CACHE, UNPACT_CACHE_MIB, UNPACT_SET="name=value name=value", and UNPACT_CONFIG, which
    names another file of your own.

    \b
    Examples of a file:
      theme = "unpact-light"
      keymap = "plain"
      [keys]
      help = "?,f1"
      [settings]
      alpha = 0.2
    """,
)
app.add_typer(config_app, name="config")

Json = Annotated[bool, typer.Option("--json", help="As JSON.")]

_HERE = Path()
"""Only the current folder is looked at, not those above it."""


@config_app.command("path")
def config_path() -> None:
    """List the files that are looked at, the strongest first, and which of them are read.

    \b
    Examples:
      unpact-tui config path
      UNPACT_CONFIG=plain.toml unpact-tui config path
    """
    with guarded():
        from unpact_tui import config_listing

        put(config_listing.paths_text(os.environ, _HERE))


@config_app.command("show")
def config_show(json: Json = False) -> None:
    """Print each value and the file or the variable that it came from.

    \b
    Examples:
      unpact-tui config show
      UNPACT_SET="alpha=0.3 draws=5" unpact-tui config show --json
    """
    with guarded():
        from unpact_tui import config_listing

        show = config_listing.shown_json if json else config_listing.shown_text
        put(show(os.environ, _HERE))


@config_app.command("schema")
def config_schema() -> None:
    """Print the JSON Schema of a configuration file, for an editor that checks while one types.

    \b
    Examples:
      unpact-tui config schema > unpact.schema.json
    """
    with guarded():
        from unpact_tui import config_schema

        put(config_schema.text())


@app.command("keys")
def list_keys(json: Json = False) -> None:
    """Print the keys as they are now; what is printed can be copied into a configuration file.

    \b
    Examples:
      unpact-tui keys
      UNPACT_KEYMAP=plain unpact-tui keys --json
    """
    with guarded():
        from unpact_tui.app import keymap
        from unpact_tui.config import find

        found = find(os.environ, _HERE)
        changed = keymap.keymap(found.config.keymap, found.config.keys, found.key_origins)
        entries = keymap.listing(changed)
        put(keymap.as_json(entries) if json else keymap.as_text(entries))


@app.command()
def doctor(json: Json = False) -> None:
    """Look at the terminal, the machine and the configuration, and say what is wrong or slow.

    Opens no model. Exit codes: 0 no problem, 1 a problem.

    \b
    Examples:
      unpact-tui doctor
      ssh -t gpu-box unpact-tui doctor
      unpact-tui doctor --json > report.json
    """
    with guarded():
        from unpact_tui import doctor as looking

        findings = looking.examine(os.environ, _HERE)
        put(looking.as_json(findings) if json else looking.as_text(findings))
        raise typer.Exit(looking.exit_code(findings))
