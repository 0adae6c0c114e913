"""List the words behind the line they are in: `... Keywords: Basil Mahfouz, born.` Ours.

Works with any model; one pass per reading, over the words' tokens once more. The words themselves
keep their tokens.
"""

from __future__ import annotations

from collections.abc import Sequence

from attribution.emphasis._edits import Edit, asking_around, insert, listed
from attribution.types import Span

STRENGTHS = (1.0, 2.0, 3.0)
"""How many times the list is said."""


def edit(text: str, spans: Sequence[Span], strength: float = 1.0) -> tuple[Edit, ...]:
    """Insert the list at the end of the last word's line, so that a closing "Answer:" stays
    last."""
    end = asking_around(text, spans).end
    return (insert(end, f" Keywords: {listed(text, spans)}." * int(strength)),)
