"""Wrap each word in double quotes of its own: `"Basil" "Mahfouz"`. Ours.

Works with any model; one pass per reading, over two tokens more per word. Attached to a word, the
quotes also change its tokens; the twins tell which of the two it was.
"""

from __future__ import annotations

from collections.abc import Sequence

from attribution.emphasis._edits import Edit, around
from attribution.types import Span


def edit(text: str, spans: Sequence[Span]) -> tuple[Edit, ...]:
    """Mark the words."""
    return around(spans, '"', '"')
