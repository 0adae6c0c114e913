"""The commands that say what there is to choose from: parse, make one call, print."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from attribution import estimators
from unpact_tui.completion import estimators_beginning, strategies_beginning
from unpact_tui.destination import put
from unpact_tui.guarded import guarded

app = typer.Typer(rich_markup_mode=None)

Strategy = Annotated[
    str | None,
    typer.Argument(
        metavar="NAME",
        help="Say everything about this one.",
        autocompletion=strategies_beginning,
    ),
]
Estimator = Annotated[
    str | None,
    typer.Argument(
        metavar="NAME",
        help="Say everything about this one.",
        autocompletion=estimators_beginning,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def strategies(name: Strategy = None, json: Json = False) -> None:
    """List the ways to emphasise words of a prompt, and your own templates.

    \b
    Examples:
      unpact-tui strategies
      unpact-tui strategies attention_bias
      unpact-tui strategies --json
    """
    with guarded():
        from unpact_tui import config, strategy_listing

        means = config.settled(config.read(os.environ, Path.cwd()), []).means
        if json:
            found = strategy_listing.rows(means)
            put(_json(found if name is None else strategy_listing.row(name, means)))
        elif name is None:
            put(strategy_listing.lines(means))
        else:
            put(strategy_listing.page(name, means))


@app.command("estimators")
def list_estimators(name: Estimator = None, json: Json = False) -> None:
    """List the ways to measure contributions.

    \b
    Examples:
      unpact-tui estimators
      unpact-tui estimators screened
    """
    with guarded():
        from unpact_tui.catalogue import docstring

        if name is not None:
            estimators.load(name)
        names = estimators.names() if name is None else (name,)
        whole = {each: docstring(f"attribution.estimators.{each}") for each in names}
        if json:
            rows = [
                {"name": each, "sentence": _first(words), "description": words}
                for each, words in whole.items()
            ]
            put(_json(rows if name is None else rows[0]))
        elif name is None:
            put("".join(f"{each:<16} {_first(words)}\n" for each, words in whole.items()))
        else:
            put(f"{name}\n\n{whole[name]}\n")


@app.command("settings")
def list_settings() -> None:
    """List what --set can change, with its default.

    \b
    Examples:
      unpact-tui settings
      unpact-tui run base/ unlearned/ forget.jsonl --set draws=10 --set alpha=0.2
    """
    from unpact_tui.catalogue import fields

    places = (
        ("unpact_tui.settings", "Settings"),
        ("attribution.effort", "Effort"),
        ("attribution.types", "KeyTokenRule"),
        ("attribution.thresholds", "Thresholds"),
    )
    found = [field for module, kind in places for field in fields(module, kind)]
    lines = (f"{field.name:<18} {field.default:<16} {field.sentence}\n" for field in found)
    with guarded():
        put("".join(lines))


def _first(words: str) -> str:
    return words.partition("\n")[0]


def _json(found: Sequence[Mapping[str, object]] | Mapping[str, object]) -> str:
    from unpact_tui.json_text import printed

    return printed(found)
