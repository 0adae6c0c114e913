"""Values of a file that somebody else wrote, each looked at before it is used.

Knows no schema. A value that cannot be is not there; who reads says how many there were.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import cast

from unpact_tui import bounded_json
from unpact_tui.errors import BadLog, Unreadable
from unpact_tui.regular_files import read_whole

MOST_ROWS = 30_000
"""Of one metric; the largest public benchmark has half."""
_LARGEST = 1e12
_ROUNDING = 1e-3
"""A mean loss is never below 0 but for this."""

Fields = Mapping[str, object]


def read(path: Path) -> object:
    """Return the JSON value in a file. Raises `BadLog`."""
    try:
        # Not msgspec's reader, because logs hold NaN and Infinity.
        return bounded_json.loads(read_whole(path))
    except Unreadable as error:
        raise BadLog(str(path), error.why) from error
    except bounded_json.NotJson as error:
        raise BadLog(str(path), "it is not JSON") from error


def number(value: object, lowest: float = -_LARGEST, highest: float = _LARGEST) -> float | None:
    """Return a number that can be; None for anything else, NaN and infinity among it."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if lowest <= value <= highest else None


def loss(value: object) -> float | None:
    """Return a mean loss per token, not below 0."""
    found = number(value, -_ROUNDING)
    return None if found is None else max(found, 0.0)


def losses(value: object) -> tuple[float, ...]:
    """Return several, of which none is missing; nothing otherwise."""
    several = cast("list[object]", value) if isinstance(value, list) else [value]
    found = [loss(one) for one in several]
    known = tuple(one for one in found if one is not None)
    return known if len(known) == len(found) else ()


def text(value: object) -> str | None:
    """Return a text; None for anything else."""
    return value if isinstance(value, str) else None


def fields(value: object) -> Fields:
    """Return a JSON object; an empty one for anything else."""
    return cast("dict[str, object]", value) if isinstance(value, dict) else {}


def rows(value: object, file: str) -> Fields:
    """Return rows by their index, from an object or from a list. Raises `BadLog`."""
    if isinstance(value, list):
        several = cast("list[object]", value)
        found: Fields = {str(place): row for place, row in enumerate(several)}
    else:
        found = fields(value)
    if len(found) > MOST_ROWS:
        raise BadLog(file, f"a metric has {len(found)} rows, far more than any benchmark")
    return found


def known(values: Iterable[float | None]) -> tuple[float, ...]:
    """Return those that are there."""
    return tuple(value for value in values if value is not None)


def lacking(name: str, there: int, of: int) -> tuple[str, ...]:
    """Say how many rows of a metric had no value that can be; nothing when all have."""
    if there == of:
        return ()
    return (f"{of - there} of {of} rows of {name} have no number that can be and are left out",)
