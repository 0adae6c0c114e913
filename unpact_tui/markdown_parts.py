"""Parts of a page in GitHub's Markdown: tables, prose and code, from text that is hostile.

Knows no result.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from unpact_tui.display import display_text


def rows(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table whose cells are Markdown."""
    for cells in (header, ["---"] * len(header), *rows):
        # A bar ends a cell even inside code.
        bare = (cell.replace("|", "\\|") for cell in cells)
        yield f"| {' | '.join(bare)} |"


def prose(text: str) -> str:
    """Escape what Markdown would read as more than text."""
    return re.sub(r"([\\`*_{}\[\]<>#|~&$])", r"\\\1", display_text(text))


def code(text: str) -> str:
    """Quote `text` as code: nothing in it is a link, a mention, a tag or markup."""
    shown = display_text(text)
    if not shown.strip():
        return f"({len(shown)} spaces)" if shown else "(nothing)"
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return f"{fence}{pad}{shown}{pad}{fence}"
