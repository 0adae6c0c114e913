"""What the maps of cells have in common: two rows of titles, and runs of text with their looks.

Pure: it knows neither colours nor Textual.
"""

from __future__ import annotations

from collections.abc import Iterable

Run = tuple[str, str]
"""A component class, "" for none, and a text."""

TITLE, CURSOR = "cell-map--title", "cell-map--cursor"

HEAD = 2
"""Rows above the cells."""


def more(seen: range, count: int) -> str:
    """Say on which sides there are columns that are not seen."""
    left, right = seen.start > 0, seen.stop < count
    return f"{'<' if left else ' '}more{'>' if right else ''}" if left or right else ""


def joined(runs: Iterable[Run]) -> list[Run]:
    """Join neighbours of one look: fewer bytes."""
    found: list[Run] = []
    for look, text in runs:
        if found and found[-1][0] == look:
            found[-1] = look, found[-1][1] + text
        else:
            found.append((look, text))
    return found
