"""Results and errors as text: JSON, a table for the terminal, Markdown.

The only place outside the inspector that draws with rich, which honours NO_COLOR. Knows nothing
of how a result is made. Text from models, prompts and paths is hostile: it reaches the terminal
through `display_text` and as plain text, never as markup, and a Markdown file as code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import get_args

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from attribution.types import Interval, Label
from unpact_tui.display import display_text
from unpact_tui.document import Document, encode
from unpact_tui.errors import BadUsage, Failure
from unpact_tui.result_schema import CaseEntry, CheckpointEntry

CAVEAT = "Probes can show that knowledge is there; they cannot show that it is gone."

_COLUMNS = ("case", "verdict", "LP base", "LP unl.", "recov.", "control", "lift", "focus")
_INTERVALS = (
    "Intervals are 95 %, but a control's is from its least to its most draw, and a number measured"
    " once is a point."
)
_LEGEND = (
    "LP: mean log-probability per answer token, in nats. recov.: share of the lost log-probability"
    " that emphasis brings back; control: the same marks on random words; lift: their difference."
    " focus: share of the base's positive contributions at its KeyTokens that is left."
)
_IN_DETAIL = 3
"""With up to this many cases the table also shows what was asked and said."""


def as_json(document: Document, *, pretty: bool = True) -> str:
    """Return the document, with a final newline; text stays raw."""
    return encode(document, pretty=pretty).decode() + "\n"


def fail_on(document: Document, label: str) -> bool:
    """Tell whether the set's verdict is `label`, in any case of letters. Raises `BadUsage`."""
    labels: tuple[str, ...] = get_args(Label)
    if label.upper() not in labels:
        raise BadUsage(f"There is no verdict {label!r}.", f"There are: {', '.join(labels)}.")
    return document.verdict == label.upper()


def print_error(error: Failure, console: Console | None = None) -> None:
    """Say on stderr what went wrong and, where there is a hint, what to do next."""
    to = console or Console(stderr=True)
    to.print(_plain(f"unpact-tui: {error}"), soft_wrap=True)
    if error.hint:
        to.print(_plain(f"  {error.hint}"), soft_wrap=True)


# ---------------------------------------------------------------- terminal


def as_table(document: Document, console: Console) -> None:
    """Print every case, then the evidence, then the verdict on all of them."""
    for role, checkpoint in _checkpoints(document):
        console.print(_plain(f"{role:10} {checkpoint.name}  {checkpoint.path}"), soft_wrap=True)
    for warning in document.warnings:
        console.print(_plain(f"warning: {warning}", "bold"))
    if len(document.cases) <= _IN_DETAIL:
        for case in document.cases:
            console.print()
            for what, text in _said(case):
                console.print(Text.assemble(f"{what:15} ", _plain(text)))
    _print_cases(document, console)
    _print_evidence(document.evidence, console)
    for failure in document.failures:
        console.print(_plain(f"case {failure.id} was left out: {failure.reason}"))
    console.print()
    console.print(Text(document.verdict, "bold"))
    for reason in document.reasons:
        console.print(_plain(reason))
    console.print(Text(CAVEAT, "dim"))


def _plain(text: str, style: str = "") -> Text:
    return Text(display_text(text), style)


def _print_cases(document: Document, console: Console) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in _COLUMNS[:2]:
        table.add_column(name, overflow="fold")
    for name in _COLUMNS[2:]:
        table.add_column(name, justify="right", no_wrap=True)
    for case in document.cases:
        name = case.id if case.split == "forget" else f"{case.id} ({case.split})"
        table.add_row(_plain(name), Text(case.verdict, "bold"), *_numbers(case))
    console.print(table)
    console.print(Text(_LEGEND, "dim"))


def _print_evidence(evidence: Mapping[str, Interval], console: Console) -> None:
    if not evidence:
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("evidence")
    for name in ("estimate", "interval", "n"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, found in evidence.items():
        table.add_row(_plain(name), _number(found.estimate), _between(found), str(found.n))
    console.print(table)
    console.print(Text(_INTERVALS, "dim"))


# ---------------------------------------------------------------- both


def _checkpoints(document: Document) -> Iterator[tuple[str, CheckpointEntry]]:
    yield "base", document.base
    yield "unlearned", document.unlearned
    if document.reference is not None:
        yield "reference", document.reference


def _said(case: CaseEntry) -> Iterator[tuple[str, str]]:
    """Yield what was asked and what was said, raw."""
    content = case.prompt.content
    yield "prompt", case.prompt.text[content.start : content.end]
    yield f"answer ({case.answer.source})", case.answer.text
    yield "KeyTokens", " ".join(case.prompt.tokens[i].text.strip() for i in case.key_tokens)
    for who, reading in (
        ("base", case.recovery.base),
        ("unlearned", case.recovery.plain),
        ("reference", case.recovery.reference),
    ):
        if reading is not None and reading.generation is not None:
            yield f"{who} says", reading.generation
    best = case.recovery.best
    if best is not None:
        yield f"by {best.strategy}", best.prompt_text
        if best.generation is not None:
            yield "... it says", best.generation


def _numbers(case: CaseEntry) -> tuple[str, ...]:
    recovery = case.recovery
    shares = (
        None if recovery.best is None else recovery.best.recovered,
        recovery.control,
        recovery.lift,
        case.shift.focus_kept,
    )
    return (
        _number(case.base.logprob),
        _number(case.unlearned.logprob),
        *("-" if share is None else f"{100 * share:.0f} %" for share in shares),
    )


def _number(value: float) -> str:
    return f"{value:.2f}"


def _between(found: Interval) -> str:
    return f"{_number(found.lower)} to {_number(found.upper)}"


# ---------------------------------------------------------------- Markdown


def as_markdown(document: Document) -> str:
    """Return a report in GitHub's Markdown."""
    return "\n".join(_markdown(document)) + "\n"


def _markdown(document: Document) -> Iterator[str]:
    yield f"# {document.verdict}"
    yield ""
    yield from (f"- {_prose(reason)}" for reason in document.reasons)
    yield from (f"- **Warning:** {_prose(warning)}" for warning in document.warnings)
    yield ""
    yield CAVEAT
    yield "\n## Checkpoints\n"
    yield from _rows(
        ("role", "name", "path", "fingerprint"),
        (
            (role, _code(found.name), _code(found.path), _code(found.fingerprint))
            for role, found in _checkpoints(document)
        ),
    )
    yield "\n## Evidence\n"
    yield from _rows(
        ("number", "estimate", "interval", "n"),
        (
            (_code(name), _number(found.estimate), _between(found), str(found.n))
            for name, found in document.evidence.items()
        ),
    )
    yield f"\n{_INTERVALS}"
    yield "\n## Cases\n"
    yield from _rows(
        _COLUMNS, ((_code(case.id), case.verdict, *_numbers(case)) for case in document.cases)
    )
    yield f"\n{_LEGEND}"
    for case in document.cases:
        yield f"\n### {_code(case.id)}: {case.verdict}\n"
        yield from (f"- {_prose(reason)}" for reason in case.reasons)
        yield from (f"- {_prose(what)}: {_code(text)}" for what, text in _said(case))
    if document.failures:
        yield "\n## Left out\n"
        yield from (f"- {_code(lost.id)}: {_prose(lost.reason)}" for lost in document.failures)
    yield "\n## Settings\n"
    yield from _settings(document)


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
