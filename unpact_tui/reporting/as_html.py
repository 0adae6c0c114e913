"""Blocks as HTML: escaped, without a script, plots as SVG in the page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from unpact_tui.html import document_html, style
from unpact_tui.html_parts import items, page, table, text
from unpact_tui.html_tokens import MEANING, joint_scale, legend_html, rules, tokens_html
from unpact_tui.reporting import svg
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
)

_STYLE = ("td,td:first-child{overflow-wrap:break-word}",)
"""A verdict is not cut in two for a narrow table's sake: it scrolls."""


def as_html(blocks: Sequence[Block], title: str) -> str:
    """Return the whole page."""
    documents = [block.document for block in blocks if isinstance(block, Whole)]
    looks = tuple(dict.fromkeys((*svg.STYLE, *_STYLE, *rules(), *style(documents))))
    return "\n".join(page(title, looks, _body(blocks, title))) + "\n"


def _body(blocks: Sequence[Block], title: str) -> Iterator[str]:
    begins = {place: block for place, block in enumerate(blocks) if _begins(block)}
    if len(begins) > 1:
        yield f"<nav><h1>{text(title)}</h1><ul>"
        for place, block in begins.items():
            yield f'<li><a href="#part-{place}">{text(_name(block))}</a></li>'
        yield "</ul></nav>"
    told = False
    for place, block in enumerate(blocks):
        if isinstance(block, Coloured) and not told:
            told = True
            yield f'{legend_html()}\n<p class="quiet">{MEANING}</p>'
        if place in begins:
            yield f'<div id="part-{place}"></div>'
        yield from _block(block, f"{place}-")


def _begins(block: Block) -> bool:
    return isinstance(block, Whole) or (isinstance(block, Heading) and block.level == 1)


def _name(block: Block) -> str:
    if isinstance(block, Whole):
        found = block.document
        return f"{found.unlearned.name} against {found.base.name}: {found.verdict}"
    return block.text if isinstance(block, Heading) else ""


def _block(block: Block, prefix: str) -> Iterator[str]:
    match block:
        case Heading(level, words):
            yield f"<h{level}>{text(words)}</h{level}>"
        case Words(words, quiet):
            yield f'<p class="quiet">{text(words)}</p>' if quiet else f"<p>{text(words)}</p>"
        case Bullets(texts):
            yield from items(texts)
        case Grid(head, rows, numbers):
            cells = (map(partial(_cell, numbers), enumerate(row)) for row in rows)
            yield from table([text(name) for name in head], cells, right=numbers)
        case Whiskers(title, rows, limits):
            yield from svg.whiskers(rows, title, limits)
            yield f'<p class="quiet">{text(title)}</p>' if rows else ""
        case Plane(title, x, y, dots):
            yield from svg.scatter(dots, title, x, y)
            yield f'<p class="quiet">{text(title)}</p>' if dots else ""
        case Courses(steps, rows):
            for row in rows:
                yield from svg.course(row, steps, row.label)
        case Coloured():
            yield from _coloured(block)
        case Whole(document):
            yield from document_html(document, prefix)


def _cell(numbers: int, placed: tuple[int, str]) -> str:
    """A number is not broken from its interval."""
    place, words = placed
    return text(words).replace(" ", "&nbsp;") if place >= numbers else text(words)


def _coloured(block: Coloured) -> Iterator[str]:
    scale = joint_scale(*(values for _, values in block.rows))
    for words, values in block.rows:
        yield f'<p class="quiet">{text(words)}; scale ±{scale:.2f} nats per answer token</p>'
        yield f'<p class="tokens">{tokens_html(block.tokens, values, block.keys, scale)}</p>'
