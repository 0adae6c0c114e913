"""Which tokens make a sentence. The rule is ours.

A sentence ends behind . ! ? or … with what closes it (quotes, brackets, stars) where white space or
the end of the text follows, behind 。 ！ ？ whatever follows, and with a line. With . or … it ends
only before the end of the text, or before a letter that is not lower-case, quotes and brackets
aside; and a full stop behind a single letter (J. K., U.S.), an English title (Dr.) or the number
that a line begins with does not end it before anything on the same line. White space between two
sentences belongs to the second, a line break to the first.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

from attribution.types import Prompt, Span

_CLOSERS = r"[\"'”’»)\]}*_」』）】》]"
_END = re.compile(
    # Only from the first mark of a run, and without going back: a long run costs its length once.
    rf"(?:(?<![.!?…])[.!?…]++{_CLOSERS}*+(?=\s|\Z)|[。！？]++{_CLOSERS}*+|\n)(?:\s*\n)?"
)
_CERTAIN = frozenset("!?。！？\n")
"""Any of these ends a sentence; what has only . or … may not."""

_BEHIND = re.compile(r"\s*+[\"'“‘«(\[{*_¿¡「『（【《]*+(.?)")
_ABBREVIATED = re.compile(
    r"(?:(?<![^\W\d_])(?:[^\W\d_]|dr|mrs?|m[sx]|messrs|prof|rev|hon|st|mt|gen|col|maj|capt|lt|sgt|sen"
    r"|gov|pres)|(?:\A|\n)[ \t]*\d{1,3})\Z",
    re.IGNORECASE,
)
_FAR = 12
"""How far back an abbreviation is looked for, at least its length."""


def _ends(text: str, found: re.Match[str]) -> bool:
    """Tell whether what looks like the end of a sentence is one."""
    marks = found[0]
    if not _CERTAIN.isdisjoint(marks):
        return True
    behind = _BEHIND.match(text, found.end())
    following = behind[1] if behind else ""
    if following and not (following.isalpha() and not following.islower()):
        return False
    if not following or marks[:1] != "." or marks[:2] == "..":
        return True
    stop = found.start()
    return _ABBREVIATED.search(text, max(0, stop - _FAR), stop) is None


def sentence_spans(text: str) -> Iterator[Span]:
    """Yield the spans of the sentences of `text`, in order, without gap or overlap.

    None is white space alone; a text that is, has no sentence.
    """
    start = 0
    last: Span | None = None
    for found in _END.finditer(text):
        if not _ends(text, found) or text[start : found.end()].isspace():
            continue
        if last is not None:
            yield last
        last = Span(start, found.end())
        start = found.end()
    if text[start:].strip():
        if last is not None:
            yield last
        last = Span(start, len(text))
    if last is not None:
        yield Span(last.start, len(text))


def sentences(prompt: Prompt) -> tuple[tuple[int, ...], ...]:
    """Return the positions of each sentence's free tokens, in order of the text.

    A token is in the sentence that it begins in. The template is in none.
    """
    content = prompt.content
    ends = [content.start + span.end for span in sentence_spans(prompt.content_text)]
    found: list[list[int]] = [[] for _ in ends]
    place = len(ends)
    for i, token in enumerate(prompt.tokens):
        if token.start < token.end:  # an empty one continues whatever came before
            place = bisect_right(ends, token.start) if token.start >= content.start else len(ends)
        if not token.fixed and place < len(ends):
            found[place].append(i)
    return tuple(tuple(positions) for positions in found if positions)
