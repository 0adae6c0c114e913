"""Wrap each word in double quotes of its own: `"Basil" "Mahfouz"`. Ours."""

from __future__ import annotations

from collections.abc import Sequence

from attribution.emphasis._edits import Edit, around
from attribution.types import Span


def edit(text: str, spans: Sequence[Span]) -> tuple[Edit, ...]:
    """Mark the words."""
    return around(spans, '"', '"')
