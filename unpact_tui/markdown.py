"""A result as a report in GitHub's Markdown.

Text from models, prompts and paths is hostile: it is quoted as code, and control characters are
made visible. Knows nothing of how a result is made.
"""

from __future__ import annotations

from collections.abc import Iterator

from unpact_tui import caveats, shared_words, strategy_lines
from unpact_tui.markdown_parts import code, prose, rows
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
    yield from (f"- {prose(reason)}" for reason in document.reasons)
    yield from (f"- **Warning:** {prose(warning)}" for warning in document.warnings)
    yield ""
    yield disclaimer(document)
    yield "\n## Checkpoints\n"
    yield from rows(
        ("role", "name", "path", "fingerprint"),
        (
            (role, code(found.name), code(found.path), code(found.fingerprint))
            for role, found in checkpoints(document)
        ),
    )
    yield from (f"\n{prose(words)}" for words in shared_words.sentences(checkpoints(document)))
    yield from _evidence(document)
    yield "\n## Cases\n"
    yield from rows(
        COLUMNS, ((code(case.id), case.verdict, *numbers(case)) for case in document.cases)
    )
    yield f"\n{LEGEND}"
    yield from (f"\n{prose(caveat)}" for caveat in caveats.of_document(document))
    yield from _strategies(document)
    for case in document.cases:
        yield f"\n### {code(case.id)}: {case.verdict}\n"
        yield from (f"- {prose(reason)}" for reason in case.reasons)
        yield from (f"- {prose(what)}: {code(text)}" for what, text in said(case))
    if document.failures:
        yield "\n## Left out\n"
        yield from (f"- {code(lost.id)}: {prose(lost.reason)}" for lost in document.failures)
    yield "\n## Settings\n"
    yield from _settings(document)


def _evidence(document: Document) -> Iterator[str]:
    yield "\n## Evidence\n"
    yield from rows(
        ("number", "estimate", "interval", "n"),
        (
            (code(name), number(found.estimate), between(found), str(found.n))
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
        columns, found = strategy_lines.whole_table(document)
        yield from rows(columns, ((code(row[0]), *row[1:]) for row in found))
        yield f"\n{strategy_lines.MEANING}"
    yield from (f"\n{prose(words)}" for words in told)


def _settings(document: Document) -> Iterator[str]:
    settings = document.settings
    for name in settings.__struct_fields__:
        yield f"- {name}: {code(str(getattr(settings, name)))}"
