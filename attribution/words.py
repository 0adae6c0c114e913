"""Which tokens make a word.

A word is a run of letters, digits and combining marks; an apostrophe or hyphen between two of them
joins, and an ideograph is a word of its own. Punctuation, white space and fixed tokens are in no
word.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from attribution.types import Prompt, Span

_JOINERS = "'’-‑"
_IDEOGRAPHIC = ("CJK", "HIRAGANA", "KATAKANA")


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a prompt and the positions of its tokens."""

    span: Span
    """In `Prompt.text`."""
    positions: tuple[int, ...]


def _letter(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character)[0] == "M"


def _ideograph(character: str) -> bool:
    return not character.isascii() and unicodedata.name(character, "").startswith(_IDEOGRAPHIC)


def _goes_on(text: str, i: int) -> bool:
    """Whether the word that ends before `i` goes on at `i`."""
    if text[i] in _JOINERS:
        return i + 1 < len(text) and _letter(text[i + 1]) and not _ideograph(text[i + 1])
    return _letter(text[i]) and not _ideograph(text[i])


def word_spans(text: str, start: int = 0, end: int | None = None) -> Iterator[Span]:
    """Yield the spans of the words in `text[start:end]`, in order."""
    stop = len(text) if end is None else end
    i = start
    while i < stop:
        first = i
        i += 1
        if not text[first].isalnum():
            continue
        if not _ideograph(text[first]):
            while i < stop and _goes_on(text, i):
                i += 1
        yield Span(first, i)


def positions_in(prompt: Prompt, span: Span) -> tuple[int, ...]:
    """Return the free tokens that overlap `span`, and the byte-level tokens that continue them."""
    tokens = prompt.tokens  # they tile the text, so those that overlap are found without a walk
    first = bisect_right(tokens, span.start, key=lambda token: token.end)
    behind = bisect_left(tokens, span.end, lo=first, key=lambda token: token.start)
    found = [i for i in range(first, behind) if not tokens[i].fixed]
    while found and found[-1] == behind - 1 and behind < len(tokens):
        token = tokens[behind]
        if token.fixed or token.start < token.end:
            break
        found.append(behind)
        behind += 1
    return tuple(found)


@lru_cache(maxsize=2)  # every strategy of a recovery asks, each of the same prompt
def find_words(prompt: Prompt) -> tuple[Word, ...]:
    """Return the words of the prompt's content; words that share a token are one."""
    waiting = deque(word_spans(prompt.text, prompt.content.start, prompt.content.end))
    found: list[tuple[Span, list[int]]] = []
    mine: list[int] | None = None
    for i, token in enumerate(prompt.tokens):
        if token.start < token.end:  # an empty one continues whatever came before
            mine = found[-1][1] if found and found[-1][0].end > token.start else None
            while waiting and waiting[0].start < token.end:
                span = waiting.popleft()
                if mine is None:
                    mine = []
                    found.append((span, mine))
                else:
                    found[-1] = (Span(found[-1][0].start, span.end), mine)
        if mine is not None and not token.fixed:
            mine.append(i)
    return tuple(Word(span, tuple(positions)) for span, positions in found if positions)


def words(prompt: Prompt) -> tuple[tuple[int, ...], ...]:
    """Return the positions of each word's tokens, in order of the text."""
    return tuple(word.positions for word in find_words(prompt))


def is_label(prompt: Prompt, word: Word) -> bool:
    """Tell whether a word is scaffolding: first on its line, with a colon, as in "Question:"."""
    line = prompt.text.rfind("\n", 0, word.span.start) + 1
    first = not prompt.text[max(line, prompt.content.start) : word.span.start].strip()
    return first and prompt.text[word.span.end : word.span.end + 1] == ":"


def touched(prompt: Prompt, positions: Iterable[int]) -> tuple[Word, ...]:
    """Return the words that hold at least one of `positions`."""
    wanted = frozenset(positions)
    return tuple(word for word in find_words(prompt) if wanted.intersection(word.positions))
