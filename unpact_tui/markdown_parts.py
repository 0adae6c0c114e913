"""Parts of a page in GitHub's Markdown: tables, prose and code, from text that is hostile.

Knows no result.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from unpact_tui.display import display_text

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&$])")
_MARKER = re.compile(r"[-+](?= |$|-|\+)|=|[0-9]{1,9}[.)](?= |$)")
_WORD = re.compile(r"[^ ]+")
_ADDRESS = re.compile(r"://|www\.|@|mailto:|xmpp:", re.IGNORECASE)


def rows(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table whose cells are Markdown."""
    for cells in (header, ["---"] * len(header), *rows):
        # A bar ends a cell even inside code.
        bare = (cell.replace("|", "\\|") for cell in cells)
        yield f"| {' | '.join(bare)} |"


def prose(text: str) -> str:
    """Escape what Markdown would read as more than text, at the beginning of a line too.

    What forges turn into a link or a mention whatever stands before it, an address, is code.
    """
    shown = display_text(text).lstrip(" ")
    # A list, a rule or the line under a heading begins with these.
    marker = _MARKER.match(shown)
    if marker is not None:
        place = marker.end() - 1
        return _words(shown[:place]) + "\\" + shown[place] + _words(shown[place + 1 :])
    return _words(shown)


def _words(shown: str) -> str:
    return _WORD.sub(_word, shown)


def _word(found: re.Match[str]) -> str:
    word = found.group()
    return code(word) if _ADDRESS.search(word) else _SPECIAL.sub(r"\\\1", word)


def code(text: str) -> str:
    """Quote `text` as code: nothing in it is a link, a mention, a tag or markup."""
    shown = display_text(text)
    if not shown.strip():
        return f"({len(shown)} spaces)" if shown else "(nothing)"
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return f"{fence}{pad}{shown}{pad}{fence}"
