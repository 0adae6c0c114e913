"""Changing a text while keeping track of the words in it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from attribution.types import Span

_LABEL = re.compile(r"\w+:[ \t]+(?=\S)")
"""What a question begins with: "Question: "."""
_OPEN = re.compile(r"(?<=\S)[ \t]+\w+:$")
"""What waits for an answer on the same line: " Answer:"."""


@dataclass(frozen=True, slots=True)
class Edit:
    """Put `replacement` in place of `text[start:end]`; with start == end it is an insertion."""

    start: int
    end: int
    replacement: str

    @property
    def growth(self) -> int:
        return len(self.replacement) - (self.end - self.start)


def insert(at: int, text: str) -> Edit:
    """Return the edit that inserts `text` before character `at`."""
    return Edit(at, at, text)


def around(spans: Sequence[Span], left: str, right: str) -> tuple[Edit, ...]:
    """Put a mark on both sides of each span."""
    return tuple(
        edit for span in spans for edit in (insert(span.start, left), insert(span.end, right))
    )


def runs(text: str, spans: Sequence[Span]) -> tuple[Span, ...]:
    """Join spans with nothing but white space between them, so that a name of three words is
    one."""
    joined: list[Span] = []
    for span in spans:
        if joined and not text[joined[-1].end : span.start].strip():
            joined[-1] = Span(joined[-1].start, span.end)
        else:
            joined.append(span)
    return tuple(joined)


def listed(text: str, spans: Sequence[Span]) -> str:
    """Return the runs as a list: "a, b c, d"; what is repeated is named once."""
    return ", ".join(dict.fromkeys(text[s.start : s.end] for s in runs(text, spans)))


def line_around(text: str, span: Span) -> Span:
    """Return the line that `span` is in, without the white space at its ends."""
    start = text.rfind("\n", 0, span.start) + 1
    end = text.find("\n", span.end)
    end = len(text) if end < 0 else end
    line = text[start:end]
    return Span(start + len(line) - len(line.lstrip()), end - len(line) + len(line.rstrip()))


def last_line_around(text: str, spans: Sequence[Span]) -> Span:
    """Return the line of the last span that is not on a line waiting for an answer ("Answer:")."""
    lines = [line_around(text, span) for span in spans]
    open_ended = [line for line in lines if not text[line.start : line.end].endswith(":")]
    return (open_ended or lines)[-1]


def asking_around(text: str, spans: Sequence[Span]) -> Span:
    """Return the part of that line which asks: not "Question:" before it nor "Answer:" behind.

    The whole line where one of `spans` is in what would be left out.
    """
    line = last_line_around(text, spans)
    return unlabelled(text, line, [s for s in spans if line.start <= s.start and s.end <= line.end])


def unlabelled(text: str, line: Span, keeping: Sequence[Span] = ()) -> Span:
    """Return a line of `text` without the labels at its ends that hold none of `keeping`."""
    said = text[line.start : line.end]
    before, behind = _LABEL.match(said), _OPEN.search(said)
    start = line.start + (before.end() if before else 0)
    end = line.start + behind.start() if behind else line.end
    if start >= end:
        return line
    first = min((span.start for span in keeping), default=start)
    last = max((span.end for span in keeping), default=end)
    return Span(start if start <= first else line.start, end if last <= end else line.end)


def apply(text: str, edits: Sequence[Edit]) -> str:
    """Return the text with all edits made. They are in order and do not overlap."""
    out: list[str] = []
    at = 0
    for edit in edits:
        out += (text[at : edit.start], edit.replacement)
        at = edit.end
    return "".join((*out, text[at:]))


def moved(span: Span, edits: Sequence[Edit]) -> Span:
    """Return where `span` is after the edits; what is inserted at its ends stays outside."""
    before = sum(edit.growth for edit in edits if edit.end <= span.start)
    inside = sum(edit.growth for edit in edits if span.start <= edit.start < span.end)
    inside -= sum(edit.growth for edit in edits if edit.start == edit.end == span.start)
    return Span(span.start + before, span.end + before + inside)
