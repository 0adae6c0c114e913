"""Write each word in upper case: `BASIL`. Ours.

Works with any model that can read capitals, which the base's own answer shows; one pass per
reading. It replaces the words, so there are no twins to tell emphasis from other tokens.
"""

from __future__ import annotations

from collections.abc import Sequence

from attribution.emphasis._edits import Edit
from attribution.types import Span


def edit(text: str, spans: Sequence[Span]) -> tuple[Edit, ...]:
    """Replace the words by themselves in upper case."""
    return tuple(Edit(s.start, s.end, text[s.start : s.end].upper()) for s in spans)
