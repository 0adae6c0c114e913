"""The same question in other words, without emphasis: the control for any edit at all. Ours."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attribution.emphasis._edits import unlabelled
from attribution.types import Span

_ASKS = ("?", "\uff1f", "\u061f")
_ASKING = ("Please answer this question. {}", "I have a question for you. {}", "{} Please answer.")
_OPEN = ("Here is the next one. {}", "Let us go on. {}", "Now to this one. {}")
"""Around what is no question and may have to be continued: nothing may come behind it."""


def rewordings(content: str, given: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the paraphrases that were given, as they are, or three frames around the prompt, which
    say nothing new and name no word.

    `content` is the prompt as a person wrote it, without the template. A frame goes into the line
    of the question, so that "Question:" stays first and "Answer:" last.
    """
    others = dict.fromkeys(text for text in given if text.split() != content.split())
    return tuple(others) or tuple(_framed(content))


def _framed(content: str) -> Iterator[str]:
    lines = [unlabelled(content, line) for line in _lines(content)]
    asking = [line for line in lines if content[line.start : line.end].endswith(_ASKS)]
    saying = [line for line in lines if not content[line.start : line.end].endswith(":")]
    for line in (asking or saying or lines)[-1:]:
        for frame in _ASKING if asking else _OPEN:
            before, _, behind = frame.partition("{}")
            said = content[line.start : line.end]
            yield content[: line.start] + before + said + behind + content[line.end :]


def _lines(content: str) -> Iterator[Span]:
    """Yield the lines that are not blank, without the white space at their ends."""
    at = 0
    for line in content.split("\n"):
        if line.strip():
            start = at + len(line) - len(line.lstrip())
            yield Span(start, at + len(line.rstrip()))
        at += len(line) + 1
