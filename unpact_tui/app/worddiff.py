"""Two answers word by word: what both say, what only the one says, what it leaves out.

Pure: it knows neither models nor screens. Words are compared without case and punctuation; a word
that is nothing else is compared as it is. What both say is their longest common subsequence, found
in bit vectors: difflib takes seconds over a model that says one word for ever, and streams.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal["same", "new", "missing"]

_WORD = re.compile(r"[^ \n]+")


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of text that is all of one kind; raw, as the model wrote it."""

    text: str
    kind: Kind


def key(word: str) -> str:
    """Return what a word is recognised by: its letters and digits, in one case."""
    return "".join(character for character in word.casefold() if character.isalnum())


def diff(shown: str, base: str, *, whole: bool = True) -> tuple[Run, ...]:
    """Return the runs of `shown` with, where both are `whole`, those of `base` that it lacks.

    The runs that are not missing make up `shown`. A missing run is words with single spaces
    between, none around, and stands before the words that are said in its place.
    """
    words = [match.span() for match in _WORD.finditer(shown)]
    others = _WORD.findall(base)
    pairs = common(
        [_recognised(shown[start:end]) for start, end in words],
        [_recognised(other) for other in others],
    )
    runs: list[Run] = []
    said = left = at = 0
    for word, other in [*pairs, (len(words), len(others))]:
        if other > left and whole:
            runs.append(Run(" ".join(others[left:other]), "missing"))
        steps: tuple[tuple[int, Kind], ...] = ((word, "new"), (word + 1, "same"))
        for upto, kind in steps:
            # The space after the last word is left over: words missing there stand before it.
            if said < upto <= len(words):
                end = words[upto][0] if upto < len(words) else words[-1][1]
                runs.append(Run(shown[at:end], kind))
                said, at = upto, end
        left = other + 1
    return _joined([*runs, Run(shown[at:], "new")] if at < len(shown) else runs)


def common(first: Sequence[str], second: Sequence[str]) -> list[tuple[int, int]]:
    """Return the places of a longest common subsequence in both, in order.

    As in Hyyrö (2004): a bit that is not set says that the subsequence grows at this word.
    """
    at: dict[str, int] = {}
    for j, word in enumerate(second):
        at[word] = at.get(word, 0) | 1 << j
    everything = (1 << len(second)) - 1
    rows = [everything]
    for word in first:
        row, here = rows[-1], rows[-1] & at.get(word, 0)
        rows.append((row + here | row - here) & everything)
    pairs: list[tuple[int, int]] = []
    i, j = len(first), len(second)
    while i and j:
        if rows[i] >> j - 1 & 1:
            j -= 1
        elif not rows[i - 1] >> j - 1 & 1:
            i -= 1
        else:
            i, j = i - 1, j - 1
            pairs.append((i, j))
    return pairs[::-1]


def _recognised(word: str) -> str:
    return key(word) or word


def _joined(runs: Sequence[Run]) -> tuple[Run, ...]:
    joined: list[Run] = []
    for run in runs:
        if joined and joined[-1].kind == run.kind != "missing":
            run = Run(joined.pop().text + run.text, run.kind)
        joined.append(run)
    return tuple(joined)
