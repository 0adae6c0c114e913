"""Results that strangers wrote, on a page and in Markdown: every word of theirs stays text."""

from __future__ import annotations

from collections import Counter
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Literal

import pytest
from hostile_results import spoilt_file
from hostile_texts import HOSTILE, TOGETHER
from markdown_it import MarkdownIt

from unpact_tui.display import display_text
from unpact_tui.reporting.command import report

KINDS = ("run", "triage", "track", "weights", "findings", "matrix")
PLAIN = "plain"


class Shape(HTMLParser):
    """Tags with the names of their attributes, in order; a line's end is none of interest."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.comments: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "br":
            self.tags.append((tag, tuple(name for name, _ in attrs)))

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


def page_of(file: Path, form: Literal["html", "md"], title: str) -> str:
    out = file.with_suffix(".out")
    assert report([file], form, out, title) == 0
    return out.read_text("utf-8")


@cache
def shape_of_plain(folder: Path, kind: str) -> Counter[tuple[str, tuple[str, ...]]]:
    return Counter(Shape(page_of(spoilt_file(folder, kind, PLAIN)[0], "html", PLAIN)).tags)


@cache
def markdown_of_plain(folder: Path, kind: str) -> Counter[str]:
    return parts(page_of(spoilt_file(folder, kind, PLAIN)[0], "md", PLAIN))


def parts(text: str) -> Counter[str]:
    """Count what a reader of Markdown finds, but for text, and code, which is text as well."""
    reader = MarkdownIt("commonmark").enable("table").enable("strikethrough")
    found = reader.parse(text)
    inside = (child.type for token in found for child in token.children or ())
    counts = Counter([*(token.type for token in found), *inside])
    for kind in ("text", "text_special", "code_inline"):
        counts.pop(kind, None)
    return counts


@pytest.fixture(scope="module")
def plain_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("plain")


_HEAVY = {"run": pytest.mark.slow, "findings": pytest.mark.soak, "matrix": pytest.mark.soak}


@pytest.mark.parametrize("kind", [pytest.param(kind, marks=_HEAVY.get(kind, ())) for kind in KINDS])
@pytest.mark.parametrize(
    "text",
    [
        pytest.param(TOGETHER, id="together"),
        *(pytest.param(text, marks=pytest.mark.soak, id=name) for name, text in HOSTILE.items()),
    ],
)
def test_every_word_stays_text(text: str, kind: str, tmp_path: Path, plain_folder: Path) -> None:
    file, count = spoilt_file(tmp_path, kind, text)
    assert count >= 4
    html, markdown = page_of(file, "html", text), page_of(file, "md", text)
    assert Counter(Shape(html).tags) == shape_of_plain(plain_folder, kind)
    assert Shape(html).comments == []
    assert parts(markdown) == markdown_of_plain(plain_folder, kind)
    for form in (html, markdown):
        lines = form.replace("\n", "")
        assert display_text(lines) == lines
