"""Wrap each word in stars of its own: `**Basil** **Mahfouz**`. Ours.

Works with any model; one pass per reading, over two tokens more per word. Attached to a word, the
stars also change its tokens; the twins tell which of the two it was.
"""

from __future__ import annotations

from collections.abc import Sequence

from attribution.emphasis._edits import Edit, around
from attribution.types import Span

STRENGTHS = (1.0, 2.0)
"""Bold, and bold italic: `***`."""


def edit(text: str, spans: Sequence[Span], strength: float = 1.0) -> tuple[Edit, ...]:
    """Mark the words."""
    stars = "*" * (1 + int(strength))
    return around(spans, stars, stars)
