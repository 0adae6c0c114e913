"""What the command line says about the configuration: where it is, what it is, what it may be.

Everything here comes out as text; a file's own words reach it through `display_text`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

from unpact_tui.config import Config, Found, find
from unpact_tui.config_places import Place, places
from unpact_tui.display import display_text
from unpact_tui.json_text import printed


def paths_text(environ: Mapping[str, str], folder: Path) -> str:
    """List the files that are looked at, the strongest first. Raises `BadConfig`."""
    return "".join(_line(place) for place in places(environ, folder))


def _line(place: Place) -> str:
    table = f" [{'.'.join(place.table)}]" if place.table else ""
    note = f" ({place.note})" if place.note else ""
    return f"{place.state:<8}{display_text(str(place.path))}{table}{note}\n"


def shown_text(environ: Mapping[str, str], folder: Path) -> str:
    """Return each value and where it came from. Raises `BadConfig`."""
    rows = list(_rows(find(environ, folder)))
    wide = max(len(display_text(name)) for name, _, _ in rows)
    return "".join(
        f"{display_text(name):<{wide}}  {display_text(_word(value)):<16}  {display_text(source)}\n"
        for name, value, source in rows
    )


def shown_json(environ: Mapping[str, str], folder: Path) -> str:
    """Return the same as JSON, text as it is. Raises `BadConfig`."""
    rows = [
        {"name": name, "value": value, "source": _encodable(source)}
        for name, value, source in _rows(find(environ, folder))
    ]
    return printed(rows)


def _rows(found: Found) -> Iterator[tuple[str, object, str]]:
    for field in dataclasses.fields(Config):
        value: object = getattr(found.config, field.name)
        if isinstance(value, Mapping):
            for key, below in cast("Mapping[str, str]", value).items():
                name = f"{field.name}.{key}"
                yield name, below, found.origin(name)
        else:
            yield field.name, value, found.origin(field.name)


def _word(value: object) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return str(value).lower()
        case _:
            return str(value)


def _encodable(path: str) -> str:
    """Return a path as JSON can hold it: a file's name may be any bytes."""
    return path.encode(errors="backslashreplace").decode()
