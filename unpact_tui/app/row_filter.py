"""A filter over rows: a text to find, and conditions such as is:suppressed.

Pure: it knows neither what a row is about nor where it is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import TypeVar

from unpact_tui.app.find import folded, minds_case

_CONDITION = "is:"
"""Begins a word of the filter that is about a row and not about its text."""

RowT = TypeVar("RowT")


def passing(
    rows: Sequence[RowT],
    wanted: str,
    names: Callable[[RowT], Iterable[str]],
    texts: Callable[[RowT], Iterable[str]],
) -> list[RowT]:
    """Return the rows of which every condition of `wanted` begins a name, and a text has its text.

    `names` says what is true of a row, `texts` what it says.
    """
    text, conditions = _read(wanted)
    case = minds_case(text)
    needle = folded(text, case=case)
    return [
        row
        for row in rows
        if all(any(name.startswith(word) for name in names(row)) for word in conditions)
        and (not needle or any(needle in _seen(said, case) for said in texts(row)))
    ]


def misread(wanted: str, names: Sequence[str]) -> str:
    """Return the first condition of a filter that begins none of `names`; empty without one."""
    _, conditions = _read(wanted)
    lost = (word for word in conditions if not any(name.startswith(word) for name in names))
    return next((_CONDITION + word for word in lost), "")


def _read(wanted: str) -> tuple[str, list[str]]:
    """Divide a filter into the text to find and the conditions."""
    words = wanted.split()
    conditions = [w[len(_CONDITION) :].lower() for w in words if w.lower().startswith(_CONDITION)]
    if not conditions:
        return wanted.strip(), []
    return " ".join(w for w in words if not w.lower().startswith(_CONDITION)), conditions


@lru_cache(maxsize=16_384)
def _seen(text: str, case: bool) -> str:
    """What does not change is folded once: the filter runs at every row that is read."""
    return folded(text, case=case)
