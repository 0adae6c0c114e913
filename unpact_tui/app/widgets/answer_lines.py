"""What an answer view has to draw: an answer in lines, each of runs with the names of their looks.

Pure: it knows neither colours nor Textual. `answer_view.py` turns looks into styles and says which
lines to repaint.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from rich.cells import cell_len

from unpact_tui.app.layout import LONGEST, piece
from unpact_tui.app.worddiff import Run, key

Look = tuple[str, ...]
"""Component classes that make up one style, the later over the earlier."""
Line = tuple[tuple[str, Look], ...]
"""Runs of text and their looks."""

MATCH = "answer-view--match"
SAME = "answer-view--same"
MISSING = "answer-view--missing"

_PARTS = re.compile(rf"\n| +|[^ \n]{{1,{LONGEST}}}")
_SHORTEST_MATCH = 4
"""Shorter words are in every sentence; numbers count whatever their length."""


_MOST = 20_000
"""Characters of an answer that are drawn; no person reads on, and a model seldom says so much."""


def drawn(raw: str) -> str:
    """Return as much of an answer as is drawn, and how much more there is."""
    more = len(raw) - _MOST
    return raw if more <= 0 else f"{raw[:_MOST]}\n[{more} more characters: y copies them all]"


def words_of(text: str) -> frozenset[str]:
    """Return the words of `text` worth recognising, without case and punctuation."""
    keys = (key(word) for word in text.split())
    return frozenset(key for key in keys if len(key) >= _SHORTEST_MATCH or key.isdigit())


def wrapped(
    runs: Sequence[Run],
    width: int,
    reference: frozenset[str] = frozenset(),
    *,
    plain: bool = False,
) -> list[Line]:
    """Return an answer, made safe to show, in lines of at most `width` cells.

    Breaks at newlines and between words, and within a word where it is wider than a line. `plain`
    writes our own signs in ASCII.
    """
    parts = list(_looked(_spaced(runs), reference, plain=plain))
    while parts and parts[-1][0] == "\n":
        parts.pop()
    if not parts:
        return []
    lines: list[list[tuple[str, Look]]] = [[]]
    room = width
    for text, look in parts:
        if text == "\n":
            lines.append([])
            room = width
            continue
        if text.isspace():
            text = text[:room]  # blanks at the end of a line need no line of their own
        elif cell_len(text) > room < width:
            lines.append([])
            room = width
        chunks = [text] if cell_len(text) <= room else _chopped(text, width)
        lines[-1].append((chunks[0], look))
        lines += [[(chunk, look)] for chunk in chunks[1:]]
        room = max(0, (room if len(chunks) == 1 else width) - cell_len(chunks[-1]))
    return [_joined(line) for line in lines]


def _spaced(runs: Sequence[Run]) -> Iterator[Run]:
    """Put the words that are missing in brackets, off from what stands around them."""
    blank = True
    after_missing = False
    for run in runs:
        missing = run.kind == "missing"
        space = "" if blank or (after_missing and run.text[:1] in " \n") else " "
        text = f"[-{run.text}-]" if missing else run.text
        if space and (missing or after_missing):
            yield Run(space, "new")
        yield Run(text, run.kind)
        after_missing, blank = missing, text[-1:] in ("", " ", "\n")


def _looked(
    runs: Iterable[Run], reference: frozenset[str], *, plain: bool
) -> Iterator[tuple[str, Look]]:
    """Yield newlines, blanks and words, safe to show, with what is said of each."""
    for run in runs:
        of_run: Look = {"same": (SAME,), "new": (), "missing": (MISSING,)}[run.kind]
        for part in _PARTS.findall(run.text):
            if part == "\n":
                yield part, ()
                continue
            said = run.kind != "missing" and key(part) in reference
            yield piece(part, plain=plain).text, (*of_run, MATCH) if said else of_run


def _chopped(text: str, width: int) -> list[str]:
    """Cut a word into pieces of at most `width` cells, or of one character where that is wider."""
    chunks, used = [""], 0
    for character in text:
        cells = cell_len(character)
        if used and used + cells > width:
            chunks.append("")
            used = 0
        chunks[-1] += character
        used += cells
    return chunks


def _joined(runs: Iterable[tuple[str, Look]]) -> Line:
    joined: list[tuple[str, Look]] = []
    for text, look in runs:
        if joined and joined[-1][1] == look:
            text = joined.pop()[0] + text
        joined.append((text, look))
    return tuple(joined)
