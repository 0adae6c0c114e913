"""Name the words before the line they are in: `Focus on: Basil Mahfouz, born. ...` Ours."""

from __future__ import annotations

from collections.abc import Sequence

from attribution.emphasis._edits import Edit, insert, line_around, listed
from attribution.types import Span


def edit(text: str, spans: Sequence[Span]) -> tuple[Edit, ...]:
    """Insert the request at the start of the first word's line."""
    start = line_around(text, spans[0]).start
    return (insert(start, f"Focus on: {listed(text, spans)}. "),)
