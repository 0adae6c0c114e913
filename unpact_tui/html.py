"""A result as one HTML page: no script, nothing loaded from elsewhere, to be sent and printed.

Text from models, prompts and paths is hostile: control characters are made visible, and the rest is
escaped. Knows nothing of how a result is made.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from unpact_tui import caveats, shared_words, strategy_lines
from unpact_tui.html_case import ATTEMPTS, case_html
from unpact_tui.html_parts import items, page, table, text
from unpact_tui.html_tokens import (
    MEANING,
    MEANING_OF_GUESSES,
    guess_rules,
    legend_html,
    rules,
)
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
)

OPEN = 20
"""Cases that are shown; later ones are behind a line that opens them."""

_CHECKPOINT = ("name", "method", "path", "fingerprint", "dtype", "device")


def as_html(document: Document) -> str:
    """Return the whole page."""
    names = f"{document.unlearned.name} against {document.base.name}"
    title = f"{document.verdict}: {names}"
    return "\n".join(page(title, style([document]), document_html(document))) + "\n"


def style(documents: Iterable[Document]) -> tuple[str, ...]:
    """Return the rules that `document_html` needs besides those of every page."""
    guesses = guess_rules() if any(map(caveats.guessed, documents)) else ()
    return (*rules(), *guesses)


def document_html(document: Document, prefix: str = "") -> Iterator[str]:
    """Yield one result; `prefix` sets its targets of links apart from those of others."""
    names = f"{document.unlearned.name} against {document.base.name}"
    yield f"<h1>{text(document.verdict)}</h1>\n<p>{text(names)}</p>"
    yield from items(document.reasons)
    yield from (f'<p class="warning">Warning: {text(each)}</p>' for each in document.warnings)
    yield f"<p><strong>{text(disclaimer(document))}</strong></p>"
    yield from _checkpoints(document)
    yield from _evidence(document)
    yield from _overview(document, prefix)
    yield from _strategies(document)
    yield f'<h2>Case by case</h2>\n{legend_html()}\n<p class="quiet">{MEANING}</p>'
    if caveats.guessed(document):
        yield f'<p class="quiet">{MEANING_OF_GUESSES}</p>'
    yield f'<p class="quiet">{ATTEMPTS}</p>'
    for place, case in enumerate(document.cases, start=1):
        yield from case_html(case, f"{prefix}{place}", closed=place > OPEN)
    if document.failures:
        yield "<h2>Left out</h2>"
        yield from items(f"{lost.id}: {lost.reason}" for lost in document.failures)
    yield from _settings(document)


# ---------------------------------------------------------------- all cases together


def _checkpoints(document: Document) -> Iterator[str]:
    yield "<h2>Checkpoints</h2>"
    yield from table(
        ("role", *_CHECKPOINT),
        (
            (role, *(text(str(getattr(found, name) or "-")) for name in _CHECKPOINT))
            for role, found in checkpoints(document)
        ),
    )
    for words in shared_words.sentences(checkpoints(document)):
        yield f'<p class="quiet">{text(words)}</p>'


def _evidence(document: Document) -> Iterator[str]:
    yield "<h2>Evidence</h2>"
    yield from table(
        ("number", "estimate", "interval", "n"),
        (
            (text(name), number(found.estimate), between(found), str(found.n))
            for name, found in document.evidence.items()
        ),
        right=1,
    )
    yield f'<p class="quiet">{INTERVALS}</p>'


def _overview(document: Document, prefix: str) -> Iterator[str]:
    yield "<h2>Cases</h2>"
    rows = (
        (f'<a href="#case-{prefix}{place}">{text(case.id)}</a>', text(case.verdict), *numbers(case))
        for place, case in enumerate(document.cases, start=1)
    )
    yield from table(COLUMNS, rows, right=2)
    yield f'<p class="quiet">{LEGEND}</p>'
    yield from (f'<p class="quiet">{text(caveat)}</p>' for caveat in caveats.of_document(document))


def _strategies(document: Document) -> Iterator[str]:
    told = tuple(strategy_lines.sentences(document))
    if not document.strategies and not told:
        return
    yield "<h2>Strategies</h2>"
    if document.strategies:
        columns, rows = strategy_lines.whole_table(document)
        numbers = range(1, len(columns) - 1)
        whole = ([_whole(cell, i in numbers) for i, cell in enumerate(row)] for row in rows)
        yield from table(columns, whole, right=numbers.start, until=numbers.stop)
        yield f'<p class="quiet">{strategy_lines.MEANING}</p>'
    yield from (f'<p class="quiet">{text(words)}</p>' for words in told)


def _whole(cell: str, number: bool) -> str:
    """A number is not broken from its interval."""
    return text(cell).replace(" ", "&nbsp;") if number else text(cell)


def _settings(document: Document) -> Iterator[str]:
    settings = document.settings
    names = settings.__struct_fields__
    yield "<h2>Settings</h2>"
    yield from table(
        ("setting", "value"), ((name, text(str(getattr(settings, name)))) for name in names)
    )
