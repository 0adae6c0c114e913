"""The commands that say what there is to choose from: parse, make one call, print."""

from __future__ import annotations

import typer

from attribution import emphasis, estimators
from unpact_tui.destination import put
from unpact_tui.guarded import guarded

app = typer.Typer(rich_markup_mode=None)


@app.command()
def strategies() -> None:
    """List the ways to emphasise words of a prompt.

    \b
    Example:
      unpact-tui strategies
    """
    _list("attribution.emphasis", emphasis.names())


@app.command("estimators")
def list_estimators() -> None:
    """List the ways to measure contributions.

    \b
    Example:
      unpact-tui estimators
    """
    _list("attribution.estimators", estimators.names())


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


def _list(package: str, names: tuple[str, ...]) -> None:
    from unpact_tui.catalogue import summaries

    lines = (f"{name:<16} {summary}\n" for name, summary in summaries(package, names))
    with guarded():
        put("".join(lines))
