"""The command that shows the inspector on checkpoints of its own: parse, make one call, print."""

from __future__ import annotations

from typing import Annotated

import typer

from unpact_tui.cli_types import Ascii, Mouse, Set, Theme
from unpact_tui.completion import members_beginning
from unpact_tui.config import configured
from unpact_tui.destination import put
from unpact_tui.guarded import guarded

app = typer.Typer(rich_markup_mode=None)


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
