"""Ask again behind the question: `Who is Basil? In other words, about Basil: Who is Basil?` Ours.

After re-reading (RE2, arXiv 2309.06275), which asks twice without naming a word. Works with any
model; one pass per reading, over a question twice as long.
"""

from __future__ import annotations

from collections.abc import Sequence

from attribution.emphasis._edits import Edit, asking_around, insert, listed
from attribution.types import Span


def edit(text: str, spans: Sequence[Span]) -> tuple[Edit, ...]:
    """Insert the question again at its end, so that a closing "Answer:" stays last."""
    asking = asking_around(text, spans)
    said = text[asking.start : asking.end]
    ended = said[-1:] in tuple(".?!…。？！")
    again = f" In other words, about {listed(text, spans)}: {said}"
    return (insert(asking.end, again if ended else f"...{again}"),)
