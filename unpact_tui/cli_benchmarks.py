"""The command that says which benchmarks there are: parse, make one call, print."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import typer

from unpact_tui.destination import put
from unpact_tui.errors import BadUsage
from unpact_tui.guarded import guarded

app = typer.Typer(rich_markup_mode=None)


def benchmarks_beginning(word: str) -> list[str]:
    """Return the benchmarks whose names begin so."""
    from unpact_tui import benchmarks

    return [name for name in benchmarks.names() if name.startswith(word)]


Name = Annotated[
    str | None,
    typer.Argument(
        metavar="NAME",
        help="Say everything about this one.",
        autocompletion=benchmarks_beginning,
    ),
]
Check = Annotated[
    str | None,
    typer.Option(
        "--check",
        metavar="PLACE",
        help="Say what is there: in a file, a folder, a name on the hub, or `sample`.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command("benchmarks")
def list_benchmarks(name: Name = None, check: Check = None, json: Json = False) -> None:
    """List the benchmarks that --benchmark reads.

    \b
    Examples:
      unpact-tui benchmarks
      unpact-tui benchmarks tofu
      unpact-tui benchmarks tofu --check data/tofu
      unpact-tui benchmarks tofu:forget10 --check locuslab/TOFU
    """
    with guarded():
        from unpact_tui.benchmarks import _listing as listing

        if check is not None:
            if name is None:
                raise BadUsage("--check needs a NAME.", "unpact-tui benchmarks tofu --check PLACE")
            spec = f"{name}={check}"
            put(_json(listing.checked(spec)) if json else listing.check(spec))
        elif json:
            put(_json(listing.rows() if name is None else listing.row(name)))
        else:
            put(listing.lines() if name is None else listing.page(name))


def _json(found: Sequence[Mapping[str, object]] | Mapping[str, object]) -> str:
    from unpact_tui.json_text import printed

    return printed(found)
