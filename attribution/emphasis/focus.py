"""Name the words before the line they are in: `Focus on: Basil Mahfouz, born. ...` Ours.

Works with any model; one pass per reading, over the words' tokens once more. The words themselves
keep their tokens, but for one that began the prompt.
"""

from __future__ import annotations

from collections.abc import Sequence

from attribution.emphasis._edits import Edit, insert, line_around, listed
from attribution.types import Span


def edit(text: str, spans: Sequence[Span]) -> tuple[Edit, ...]:
    """Insert the request at the start of the first word's line."""
    start = line_around(text, spans[0]).start
    return (insert(start, f"Focus on: {listed(text, spans)}. "),)
