"""Say each run of adjacent words twice: `Basil Mahfouz Basil Mahfouz`. Ours."""

from __future__ import annotations

from collections.abc import Sequence

from attribution.emphasis._edits import Edit, insert, runs
from attribution.types import Span


def edit(text: str, spans: Sequence[Span]) -> tuple[Edit, ...]:
    """Insert a copy behind each run."""
    return tuple(insert(s.end, f" {text[s.start : s.end]}") for s in runs(text, spans))
