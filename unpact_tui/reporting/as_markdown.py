"""Blocks as GitHub's Markdown. A plot is left out: the table beside it has its numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from unpact_tui import markdown
from unpact_tui.markdown_parts import code, prose, rows
from unpact_tui.reporting.blocks import (
    Block,
    Bullets,
    Coloured,
    Courses,
    Grid,
    Heading,
    Plane,
    Whiskers,
    Whole,
    Words,
    largest,
)

_TOLD = 6
"""Tokens of a prompt that are told of."""


def as_markdown(blocks: Sequence[Block]) -> str:
    """Return the whole page."""
    return "\n".join(line for block in blocks for line in _block(block)) + "\n"


def _block(block: Block) -> Iterator[str]:
    match block:
        case Heading(level, words):
            yield f"\n{'#' * level} {prose(words)}\n"
        case Words(words):
            yield f"{prose(words)}\n"
        case Bullets(texts):
            yield from (f"- {prose(each)}" for each in texts)
            yield ""
        case Grid(head, found, numbers):
            yield from rows(head, (_cells(row, numbers) for row in found))
            yield ""
        case Coloured():
            yield from _coloured(block)
        case Whole(document):
            yield markdown.as_markdown(document)
        case Whiskers() | Plane() | Courses():
            pass


def _cells(row: Sequence[str], numbers: int) -> list[str]:
    return [prose(cell) if place >= numbers else code(cell) for place, cell in enumerate(row)]


def _coloured(block: Coloured) -> Iterator[str]:
    for words, values in block.rows:
        told = (f"{code(block.tokens[i].text)} {values[i]:+z.2f}" for i in largest(values, _TOLD))
        yield f"- {prose(words)}: {', '.join(told)}"
    yield ""
