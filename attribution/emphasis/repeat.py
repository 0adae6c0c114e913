"""Say each run of adjacent words twice: `Basil Mahfouz Basil Mahfouz`. Ours.

Works with any model; one pass per reading, over each word's tokens once more. The words themselves
keep their tokens.
"""

from __future__ import annotations

from collections.abc import Sequence

from attribution.emphasis._edits import Edit, insert, runs
from attribution.types import Span

STRENGTHS = (1.0, 2.0, 3.0, 4.0)
"""How many more times."""


def edit(text: str, spans: Sequence[Span], strength: float = 1.0) -> tuple[Edit, ...]:
    """Insert copies behind each run."""
    more = int(strength)
    return tuple(insert(s.end, f" {text[s.start : s.end]}" * more) for s in runs(text, spans))
