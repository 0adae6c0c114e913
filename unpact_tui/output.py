"""Results, progress and errors on the terminal; the one door to every form of a result.

The only place outside the inspector that draws with rich, which honours NO_COLOR. Knows nothing
of how a result is made. Text from models, prompts and paths is hostile: it reaches the terminal
through `display_text` and as plain text, never as markup.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from io import StringIO
from typing import Protocol, TypeVar, overload

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from attribution.types import Interval, Label
from attribution.verdict import LABELS
from unpact_tui import attribute_lines, caveats, shared_words, strategy_lines
from unpact_tui.attribute_document import AttributedCase, AttributionDocument
from unpact_tui.display import display_text
from unpact_tui.document import Document
from unpact_tui.errors import BadUsage, Failure
from unpact_tui.markdown import as_markdown as as_markdown
from unpact_tui.summary import (
    COLUMNS,
    INTERVALS,
    LEGEND,
    between,
    checkpoints,
    disclaimer,
    in_brief,
    number,
    numbers,
    said,
)

Outcome = TypeVar("Outcome")

_IN_DETAIL = 3
"""With up to this many cases the table also shows what was asked and said."""

_ROOMY = 100
"""From so many columns on there is space between those of the widest table."""


def label(name: str) -> Label:
    """Return the verdict called `name`, in any case of letters. Raises `BadUsage`."""
    for known in LABELS:
        if name.upper() == known:
            return known
    raise BadUsage(f"There is no verdict {name!r}.", f"There are: {', '.join(LABELS)}.")


def fail_on(document: Document, name: str) -> bool:
    """Tell whether all cases together, or any forget case, have the verdict called `name`.

    Cases that were to be kept do not count: RETAINED is what they should be. Raises `BadUsage`.
    """
    cases = (case.verdict for case in document.cases if case.split == "forget")
    return label(name) in (document.verdict, *cases)


def print_error(error: Failure, console: Console | None = None) -> None:
    """Say on stderr what went wrong and, where there is a hint, what to do next."""
    to = console or Console(stderr=True)
    to.print(_plain(f"unpact-tui: {error}"), soft_wrap=True)
    if error.hint:
        to.print(_plain(f"  {error.hint}"), soft_wrap=True)


def print_left_out(
    document: Document | AttributionDocument, console: Console | None = None
) -> None:
    """Say on stderr, if so, that the result is not about every case."""
    if not document.failures:
        return
    first, count = document.failures[0], len(document.failures)
    some = f"{count} of {count + len(document.cases)} cases could not be measured"
    text = f"unpact-tui: warning: {some}; case {first.id}: {first.reason}"
    (console or Console(stderr=True)).print(_plain(text), soft_wrap=True)


# ---------------------------------------------------------------- progress


class Step(Protocol):
    """How far something is."""

    @property
    def stage(self) -> str:
        """In words."""
        ...

    @property
    def done(self) -> int:
        """Of `total`."""
        ...

    @property
    def total(self) -> int:
        """0 while it is not known."""
        ...


@overload
def narrate(
    steps: Generator[Step, None, Outcome], *, quiet: bool, console: Console | None = None
) -> Outcome: ...
@overload
def narrate(steps: Iterator[Step], *, quiet: bool, console: Console | None = None) -> object: ...
def narrate(steps: Iterator[Step], *, quiet: bool, console: Console | None = None) -> object:
    """Take all steps, tell about them on stderr unless `quiet`, and return what comes of them.

    A bar that goes away on a terminal; elsewhere one line whenever something is done.
    """
    to = console or Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TimeElapsedColumn(),
        console=to,
        transient=True,
        disable=quiet or not to.is_terminal,
    )
    told = None
    with bar:
        task = bar.add_task("", total=None)
        while True:
            try:
                step = next(steps)
            except StopIteration as end:
                return end.value
            stage = display_text(step.stage)
            bar.update(task, description=stage, completed=step.done, total=step.total or None)
            if not (quiet or to.is_terminal or (step.done, step.total) == told):
                told = (step.done, step.total)
                to.print(Text(f"{step.done}/{step.total} {stage}"), soft_wrap=True)


# ---------------------------------------------------------------- terminal


def as_table(document: Document, console: Console | None = None) -> str:
    """Return a table of every case, the evidence and the verdict, as wide as the terminal.

    With colour where standard output is a terminal; `plain_table` is for files.
    """
    screen = console or Console()
    with screen.capture() as capture:
        _print(document, screen)
    return capture.get()


def plain_table(document: Document) -> str:
    """Return the same for a file: no colour, a hundred columns."""
    return as_table(document, Console(file=StringIO(), width=100, color_system=None))


def _print(document: Document, console: Console) -> None:
    for role, checkpoint in checkpoints(document):
        console.print(_plain(f"{role:10} {checkpoint.name}  {checkpoint.path}"), soft_wrap=True)
    for words in shared_words.sentences(checkpoints(document)):
        console.print(_plain(words, "dim"))
    for warning in document.warnings:
        console.print(_plain(f"warning: {warning}", "bold"))
    if len(document.cases) <= _IN_DETAIL:
        for case in document.cases:
            console.print()
            for what, text in (*said(case), *(("verdict", reason) for reason in case.reasons)):
                console.print(Text.assemble(f"{what:15} ", _plain(text)))
    _print_cases(document, console)
    _print_strategies(document, console)
    _print_evidence(in_brief(document), console)
    for failure in document.failures:
        console.print(_plain(f"case {failure.id} was left out: {failure.reason}"))
    console.print()
    console.print(Text(document.verdict, "bold"))
    for reason in document.reasons:
        console.print(_plain(reason))
    console.print(Text(disclaimer(document), "dim"))


def _plain(text: str, style: str = "") -> Text:
    return Text(display_text(text), style)


def _print_cases(document: Document, console: Console) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    table.add_column(COLUMNS[0], overflow="fold")
    table.add_column(COLUMNS[1], no_wrap=True)
    for name in COLUMNS[2:]:
        table.add_column(name, justify="right", no_wrap=True)
    for case in document.cases:
        name = case.id if case.split == "forget" else f"{case.id} ({case.split})"
        table.add_row(_plain(name), Text(case.verdict, "bold"), *numbers(case))
    console.print(table)
    console.print(Text(LEGEND, "dim"))
    for caveat in caveats.of_document(document):
        console.print(_plain(caveat, "dim"))


def _print_strategies(document: Document, console: Console) -> None:
    if document.strategies:
        columns, rows = strategy_lines.brief_table(document)
        _print_rows(columns, rows, console, right=1)
        console.print(Text(strategy_lines.MEANING, "dim"))
    for words in (*strategy_lines.causes(document), *strategy_lines.sentences(document)):
        console.print(_plain(words, "dim"))


def _print_evidence(evidence: Mapping[str, Interval], console: Console) -> None:
    if not evidence:
        return
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("evidence")
    for name in ("estimate", "interval", "n"):
        table.add_column(name, justify="right", no_wrap=True)
    for name, found in evidence.items():
        table.add_row(_plain(name), number(found.estimate), between(found), str(found.n))
    console.print(table)
    console.print(Text(INTERVALS, "dim"))


# ---------------------------------------------------------------- one model's contributions


def as_attribution(document: AttributionDocument, console: Console | None = None) -> str:
    """Return what each prompt token contributes, case by case, as wide as the terminal."""
    screen = console or Console()
    with screen.capture() as capture:
        found = document.model
        screen.print(_plain(f"{found.name}  {found.path}"), soft_wrap=True)
        for warning in document.warnings:
            screen.print(_plain(f"warning: {warning}", "bold"))
        for case in document.cases:
            _print_attributed(case, screen, document.settings.budget)
        for failure in document.failures:
            screen.print(_plain(f"case {failure.id} was left out: {failure.reason}"))
        legend = attribute_lines.COLOURS if _coloured(screen) else attribute_lines.MARKS
        screen.print(Text(f"{legend} {attribute_lines.UNIT}", "dim"))
    return capture.get()


def plain_attribution(document: AttributionDocument) -> str:
    """Return the same for a file: no colour, a hundred columns."""
    return as_attribution(document, Console(file=StringIO(), width=100, color_system=None))


def _coloured(console: Console) -> bool:
    return console.color_system is not None and not console.no_color


def _print_attributed(case: AttributedCase, console: Console, budget: float) -> None:
    console.print()
    console.print(_plain(f"case {case.id} ({case.split})", "bold"))
    marks = tuple(attribute_lines.marks(case))
    if _coloured(console):
        console.print(Text.assemble(*((mark.shown("▸"), mark.look) for mark in marks)))
    else:
        for line in attribute_lines.lanes(marks, console.width, cell_len):
            console.print(Text(line), soft_wrap=True)
    said = f"answer ({case.answer.source}, LP {case.logprob:z.3f})  {case.answer.text.strip()}"
    console.print(_plain(said))
    _print_rows(attribute_lines.key_columns(case), attribute_lines.key_rows(case), console)
    if more := attribute_lines.more_keys(case):
        console.print(Text(more, "dim"))
    if case.by_answer_token:
        columns = ("answer token", "log p", "most from")
        _print_rows(columns, list(attribute_lines.answer_rows(case)), console)
    console.print(_plain(attribute_lines.told(case, budget)))


def _print_rows(
    columns: Sequence[str], rows: Sequence[Sequence[str]], console: Console, right: int = 99
) -> None:
    """Print a table; the columns from `right` on are narrow numbers."""
    if not rows:
        return
    tight = right < len(columns)
    padding = (0, 0 if tight and console.width < _ROOMY else 1)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=padding, collapse_padding=tight)
    for place, name in enumerate(columns):
        number = place >= right
        justify = "right" if number else "left"
        table.add_column(name, overflow="fold", justify=justify, no_wrap=number)
    for row in rows:
        table.add_row(*map(_plain, row))
    console.print(table)
