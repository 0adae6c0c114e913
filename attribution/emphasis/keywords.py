"""List the words behind the line they are in: `... Keywords: Basil Mahfouz, born.` Ours."""

from __future__ import annotations

from collections.abc import Sequence

from attribution.emphasis._edits import Edit, insert, last_line_around, listed
from attribution.types import Span

STRENGTHS = (1.0, 2.0, 3.0)
"""How many times the list is said."""


def edit(text: str, spans: Sequence[Span], strength: float = 1.0) -> tuple[Edit, ...]:
    """Insert the list at the end of the last word's line, so that a closing "Answer:" stays
    last."""
    end = last_line_around(text, spans).end
    return (insert(end, f" Keywords: {listed(text, spans)}." * int(strength)),)
