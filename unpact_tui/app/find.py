"""Where a text stands in a prompt or an answer: as characters, and as tokens.

Pure. What is searched is what one sees: a control character is found by the sign that stands for
it. Without an upper-case letter in the needle case does not matter, by Unicode's full case folding,
which may lengthen a character ("ß" is "ss"): a match begins and ends at whole characters of the
text.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate

from attribution.types import Prompt, Span
from unpact_tui.display import display_text


def minds_case(needle: str) -> bool:
    """Tell whether upper and lower case differ: as soon as somebody took the trouble to write an
    upper-case letter."""
    return any(character.isupper() or character.istitle() for character in needle)


def folded(text: str, *, case: bool) -> str:
    """Return text as it is compared: as it is seen, and without case unless that matters."""
    seen = display_text(text)
    return seen if case else seen.casefold()


def answer_hits(text: str, needle: str) -> tuple[Span, ...]:
    """Return where `needle` stands in `text`, from left to right and never overlapping."""
    case = minds_case(needle)
    wanted = folded(needle, case=case)
    return tuple(_spans(text, wanted, case)) if wanted else ()


def hits(prompt: Prompt, needle: str) -> tuple[tuple[int, ...], ...]:
    """Return, for each place where `needle` stands, the tokens that have a character in it."""
    ends = [token.end for token in prompt.tokens]
    return tuple(
        tuple(_overlapping(prompt, ends, span)) for span in answer_hits(prompt.text, needle)
    )


def _spans(text: str, wanted: str, case: bool) -> Iterator[Span]:
    parts = [folded(character, case=case) for character in text]
    whole = "".join(parts)
    edges = [0, *accumulate(map(len, parts))]
    place_of = {edge: place for place, edge in enumerate(edges)}
    at = whole.find(wanted)
    while at >= 0:
        start, end = place_of.get(at), place_of.get(at + len(wanted))
        if start is None or end is None:
            at = whole.find(wanted, at + 1)
            continue
        yield Span(start, end)
        at = whole.find(wanted, at + len(wanted))


def _overlapping(prompt: Prompt, ends: list[int], span: Span) -> Iterator[int]:
    """Yield the tokens of a span; one without text of its own is in no match."""
    for position in range(bisect_right(ends, span.start), len(ends)):
        token = prompt.tokens[position]
        if token.start >= span.end:
            return
        if token.start < token.end:
            yield position
