"""Wrap each run of adjacent words in stars: `**Basil Mahfouz**`. Markdown's bold; ours.

Works with any model; one pass per reading, over two tokens more per run. Attached to a word, the
stars also change its tokens; the twins tell which of the two it was.
"""

from __future__ import annotations

from collections.abc import Sequence

from attribution.emphasis._edits import Edit, around, runs
from attribution.types import Span

STRENGTHS = (1.0, 2.0)
"""Bold, and bold italic: `***`."""


def edit(text: str, spans: Sequence[Span], strength: float = 1.0) -> tuple[Edit, ...]:
    """Mark the runs."""
    stars = "*" * (1 + int(strength))
    return around(runs(text, spans), stars, stars)
