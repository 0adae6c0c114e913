"""What the tour says is on a picture is on that picture, and its pictures are small and offline."""

from __future__ import annotations

import html
import re
from collections import defaultdict
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "tour.md").read_text("utf-8")
PICTURE = re.compile(r"!\[[^]]*]\((tour/[\w-]+\.svg)\)")
TEXT = re.compile(r'<text[^>]*? x="([\d.]+)" y="([\d.]+)"[^>]*>([^<]*)</text>')
LARGEST = 150_000


def sections() -> dict[str, str]:
    parts = re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]
    return {found[1]: part for part in parts if (found := PICTURE.search(part))}


def said(picture: Path) -> str:
    """Return what stands on a picture, row by row, with single spaces between."""
    rows: defaultdict[float, list[tuple[float, str]]] = defaultdict(list)
    for across, down, text in TEXT.findall(picture.read_text("utf-8")):
        rows[float(down)].append((float(across), html.unescape(text)))
    joined = ("".join(text for _, text in sorted(row)) for _, row in sorted(rows.items()))
    return " ".join(" ".join(joined).split())


def test_every_picture_is_on_the_page() -> None:
    there = {path.relative_to(DOCS).as_posix() for path in (DOCS / "tour").iterdir()}
    assert set(sections()) == there


@pytest.mark.parametrize("name", sections())
def test_what_is_quoted_is_on_the_picture(name: str) -> None:
    plain = sections()[name].replace("\\*", "*")  # a star that Markdown is to leave alone
    quoted = [" ".join(words.split()) for words in re.findall(r'"([^"]+)"', plain)]
    shown = said(DOCS / name)
    assert quoted
    assert [words for words in quoted if words not in shown] == []


@pytest.mark.parametrize("name", sections())
def test_a_picture_is_small_and_fetches_nothing(name: str) -> None:
    picture = (DOCS / name).read_text("utf-8")
    assert len(picture.encode()) <= LARGEST
    assert not re.search(r"url\([\"']?https?:", picture)
