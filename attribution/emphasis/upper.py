"""Write each word in upper case: `BASIL`. Ours."""

from __future__ import annotations

from collections.abc import Sequence

from attribution.emphasis._edits import Edit
from attribution.types import Span


def edit(text: str, spans: Sequence[Span]) -> tuple[Edit, ...]:
    """Replace the words by themselves in upper case."""
    return tuple(Edit(s.start, s.end, text[s.start : s.end].upper()) for s in spans)
