"""A result as a report in GitHub's Markdown.

Text from models, prompts and paths is hostile: it is quoted as code, and control characters are
made visible. Knows nothing of how a result is made.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from unpact_tui import caveats, shared_words, strategy_lines
from unpact_tui.display import display_text
from unpact_tui.result_schema import Document
from unpact_tui.summary import (
    COLUMNS,
    INTERVALS,
    LEGEND,
    between,
    checkpoints,
    disclaimer,
    number,
    numbers,
    said,
)


def as_markdown(document: Document) -> str:
    """Return a report in GitHub's Markdown."""
    return "\n".join(_markdown(document)) + "\n"


def _markdown(document: Document) -> Iterator[str]:
    yield f"# {document.verdict}"
    yield ""
    yield from (f"- {_prose(reason)}" for reason in document.reasons)
    yield from (f"- **Warning:** {_prose(warning)}" for warning in document.warnings)
    yield ""
    yield disclaimer(document)
    yield "\n## Checkpoints\n"
    yield from _rows(
        ("role", "name", "path", "fingerprint"),
        (
            (role, _code(found.name), _code(found.path), _code(found.fingerprint))
            for role, found in checkpoints(document)
        ),
    )
    yield from (f"\n{_prose(words)}" for words in shared_words.sentences(checkpoints(document)))
    yield from _evidence(document)
    yield "\n## Cases\n"
    yield from _rows(
        COLUMNS, ((_code(case.id), case.verdict, *numbers(case)) for case in document.cases)
    )
    yield f"\n{LEGEND}"
    yield from (f"\n{_prose(caveat)}" for caveat in caveats.of_document(document))
    yield from _strategies(document)
    for case in document.cases:
        yield f"\n### {_code(case.id)}: {case.verdict}\n"
        yield from (f"- {_prose(reason)}" for reason in case.reasons)
        yield from (f"- {_prose(what)}: {_code(text)}" for what, text in said(case))
    if document.failures:
        yield "\n## Left out\n"
        yield from (f"- {_code(lost.id)}: {_prose(lost.reason)}" for lost in document.failures)
    yield "\n## Settings\n"
    yield from _settings(document)


def _evidence(document: Document) -> Iterator[str]:
    yield "\n## Evidence\n"
    yield from _rows(
        ("number", "estimate", "interval", "n"),
        (
            (_code(name), number(found.estimate), between(found), str(found.n))
            for name, found in document.evidence.items()
        ),
    )
    yield f"\n{INTERVALS}"


def _strategies(document: Document) -> Iterator[str]:
    told = tuple(strategy_lines.sentences(document))
    if not document.strategies and not told:
        return
    yield "\n## Strategies\n"
    if document.strategies:
        columns, rows = strategy_lines.whole_table(document)
        yield from _rows(columns, ((_code(row[0]), *row[1:]) for row in rows))
        yield f"\n{strategy_lines.MEANING}"
    yield from (f"\n{_prose(words)}" for words in told)


def _settings(document: Document) -> Iterator[str]:
    settings = document.settings
    for name in settings.__struct_fields__:
        yield f"- {name}: {_code(str(getattr(settings, name)))}"


def _rows(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    for cells in (header, ["---"] * len(header), *rows):
        # A bar ends a cell even inside code.
        bare = (cell.replace("|", "\\|") for cell in cells)
        yield f"| {' | '.join(bare)} |"


def _prose(text: str) -> str:
    """Escape what Markdown would read as more than text."""
    return re.sub(r"([\\`*_{}\[\]<>#|~&$])", r"\\\1", display_text(text))


def _code(text: str) -> str:
    """Quote `text` as code: nothing in it is a link, a mention, a tag or markup."""
    shown = display_text(text)
    if not shown.strip():
        return f"({len(shown)} spaces)" if shown else "(nothing)"
    longest = max((len(run) for run in re.findall("`+", shown)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return f"{fence}{pad}{shown}{pad}{fence}"
