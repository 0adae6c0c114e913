"""Words from outside in Markdown: they begin no list, break no cell, and become no link."""

from __future__ import annotations

import pytest
from hostile_texts import HOSTILE, TOGETHER
from markdown_it import MarkdownIt

from unpact_tui.markdown_parts import code, prose, rows

_ALLOWED = {"text", "text_special", "code_inline", "softbreak"}
TEXTS = {name: text for name, text in HOSTILE.items() if len(text) < 5000} | {"all": TOGETHER}


def found(text: str) -> tuple[list[str], set[str]]:
    """Return the blocks, and what is inside lines."""
    reader = MarkdownIt("commonmark").enable("table").enable("strikethrough")
    tokens = reader.parse(text)
    inside = {child.type for token in tokens for child in token.children or ()}
    return [token.type for token in tokens], inside


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_it_stays_where_it_is_put(text: str) -> None:
    plain_line, _ = found("- plain\n\nplain\n")
    blocks, inside = found(f"- {prose(text)}\n\n{prose(text)}\n")
    assert blocks == plain_line
    assert inside <= _ALLOWED
    plain_row, _ = found("\n".join(rows(("a", "b"), [("x", "y")])))
    blocks, inside = found("\n".join(rows(("a", "b"), [(code(text), prose(text))])))
    assert blocks == plain_row
    assert inside <= _ALLOWED


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("see https://a.b/c_d and www.a.b", "see `https://a.b/c_d` and `www.a.b`"),
        ("ask @ana or ana@b.c", "ask `@ana` or `ana@b.c`"),
        ("- x", "\\- x"),
        ("12. x", "12\\. x"),
        ("-0.31 of it", "-0.31 of it"),
        ("===", "\\==="),
        ("    code", "code"),
        ("a*b", "a\\*b"),
    ],
)
def test_how_it_is_written(text: str, written: str) -> None:
    assert prose(text) == written


def test_a_word_of_a_megabyte_takes_a_moment() -> None:
    assert len(prose("x" * 1_000_000)) == 1_000_000
