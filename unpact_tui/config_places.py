"""Where configuration is looked for: the current folder, then the person's own folder.

Knows which files there are to read and how a TOML file is opened, not what they may say. A file in
the current folder may be anybody's, so it is opened as one: a regular file, and not a large one.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from unpact_tui import paths
from unpact_tui.errors import BadConfig, Unreadable
from unpact_tui.regular_files import is_there, opened

VARIABLE = "UNPACT_CONFIG"
"""Names a file to read instead of the person's own."""

_PROJECT = ".unpact.toml"
_PYPROJECT = "pyproject.toml"
_TABLE = "unpact-tui"
"""Of pyproject.toml: [tool.unpact-tui]."""

_LIMIT = 1_000_000
"""Bytes; a configuration has a few hundred, the largest pyproject.toml some thousands."""

State = Literal["read", "absent", "unused"]


@dataclass(frozen=True, slots=True)
class Place:
    """A file that configuration may be in."""

    path: Path
    state: State
    table: tuple[str, ...] = ()
    """The table in it that is ours; all of it when empty."""
    note: str = ""
    """Why it is not used."""


def places(environ: Mapping[str, str], folder: Path) -> tuple[Place, ...]:
    """Return every file that is looked at, the strongest first. Raises `BadConfig`."""
    project = folder / _PROJECT
    return (
        Place(project, "read" if is_there(project) else "absent"),
        _pyproject(folder / _PYPROJECT, behind=project),
        _own(environ),
    )


def _pyproject(path: Path, behind: Path) -> Place:
    table = ("tool", _TABLE)
    if not is_there(path):
        return Place(path, "absent", table)
    if is_there(behind):
        return Place(path, "unused", table, f"{_PROJECT} comes first")
    # It is there for other programs: where it does not name us, we need not be able to read it.
    if _TABLE.encode() not in _bytes(path) or _within(toml(path), table) is None:
        return Place(path, "unused", table, f"it has no [tool.{_TABLE}]")
    return Place(path, "read", table)


def _own(environ: Mapping[str, str]) -> Place:
    named = environ.get(VARIABLE)
    path = Path(named) if named else paths.config_file()
    if is_there(path):
        return Place(path, "read")
    if named:
        raise BadConfig(VARIABLE, f"there is no file {path}", "Name a file, or unset it.")
    return Place(path, "absent")


def table_of(path: Path, table: tuple[str, ...]) -> dict[str, object]:
    """Return what a file says to us. Raises `BadConfig`."""
    return _within(toml(path), table) or {}


def toml(path: Path) -> dict[str, object]:
    """Return what a TOML file holds. Raises `BadConfig`."""
    try:
        return tomllib.loads(_bytes(path).decode())
    except UnicodeDecodeError as error:
        raise BadConfig(str(path), "it is not UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise _not_toml(path, str(error)) from error
    except (ValueError, RecursionError) as error:
        # A number of thousands of digits, or brackets within brackets without end.
        raise BadConfig(str(path), "no configuration needs what it holds") from error


def _not_toml(path: Path, message: str) -> BadConfig:
    """Name the line as other errors do; the parser says it in its last words."""
    why, _, place = message.rpartition(" (at ")
    line = re.match(r"line (\d+)", place)
    where = f"{path}, line {line[1]}" if line else f"{path}, at the end"
    return BadConfig(where, f"{why[:1].lower()}{why[1:]}", "It has to be TOML: name = value.")


def _bytes(path: Path) -> bytes:
    if path == Path(os.devnull):  # what people name to have nothing read
        return b""
    try:
        with opened(path) as file:
            raw = file.read(_LIMIT + 1)
    except Unreadable as error:
        raise BadConfig(str(path), f"it cannot be read: {error.why}", error.hint) from error
    if len(raw) > _LIMIT:
        raise BadConfig(str(path), f"it has more than {_LIMIT} bytes")
    return raw


def _within(found: dict[str, object], table: tuple[str, ...]) -> dict[str, object] | None:
    """Return a table of tables; None where there is no such."""
    for name in table:
        below = found.get(name)
        if not isinstance(below, dict):
            return None
        found = cast("dict[str, object]", below)
    return found
