"""Shows a ranking on the terminal.

Takes plain values. Text of paths and errors is hostile: it reaches the terminal through
`display_text` and as plain text, never as markup.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from io import StringIO

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table as Grid
from rich.text import Text

from attribution.types import Interval
from unpact_tui.display import display_text
from unpact_tui.summary import CAVEAT, between, number
from unpact_tui.triage.ranking import Ranked, Table

MARK = "*"
"""Of what is on the front."""
_COLUMNS = ("forget", "keep", "focus", "recov.", "control", "loss", "weights")
_ROOMY = 100
"""From so many columns on there is space between those of the table."""

_METRICS = (
    "model_utility", "forget_quality_log10", "forget_truth_ratio", "forget_Q_A_Prob",
    "forget_Q_A_ROUGE", "extraction_strength", "knowmem_f", "verbmem_f", "privleak", "wmdp/acc",
    "indiscriminateness", "gibberish",
)  # fmt: skip
"""Those that are shown where they exist; all of them are in the JSON."""

LEGEND = (
    "Worst first: COLLAPSED is broken, RETAINED still answers, SUPPRESSED answers when asked"
    " otherwise, UNKNOWN is not settled, UNRECOVERED gave nothing back. {mark} is on the front of"
    " forget against keep: no other is better in one and as good in the other. forget: 1 less"
    " ROUGE-L of what is said to the prompts, plainly or by emphasis; keep: {keep}. focus: share of"
    " the base's positive contributions at its KeyTokens that is left. recov.: share of the lost"
    " log-probability that emphasis brings back; control: the same by random words. loss: nats per"
    " token lost on neutral text. weights: relative change. All ours; intervals are 95 %."
)
_KEEP = {
    "model_utility": "model utility",
    "retain_match": "ROUGE-L of what is said to the prompts to retain",
}


def as_text(table: Table, console: Console | None = None) -> str:
    """Return the ranking, and beneath it each checkpoint with its reasons, as wide as the terminal.

    With colour where standard output is a terminal.
    """
    screen = console or Console()
    with screen.capture() as capture:
        _print_grid(table, screen)
        for row in table.checkpoints:
            _print_row(row, screen)
        screen.print()
        screen.print(_plain(legend(table), "dim"))
        for words in _missing(table):
            screen.print(_plain(words, "dim"))
        screen.print(_plain(CAVEAT, "dim"))
    return capture.get()


def legend(table: Table) -> str:
    """Say what the columns and the order mean."""
    return LEGEND.format(mark=MARK, keep=_KEEP[table.utility])


def plain_text(table: Table, width: int = 100) -> str:
    """Return the same without colour."""
    return as_text(table, Console(file=StringIO(), width=width, color_system=None))


def _plain(text: str, style: str = "") -> Text:
    return Text(display_text(text), style)


# ---------------------------------------------------------------- the table


def _print_grid(table: Table, console: Console) -> None:
    roomy = console.width >= _ROOMY
    grid = Grid(
        box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True, padding=(0, 1 if roomy else 0)
    )
    grid.add_column("", no_wrap=True, justify="right")
    grid.add_column("checkpoint", overflow="fold")
    grid.add_column("verdict", no_wrap=True)
    for name in _COLUMNS:
        grid.add_column(name, justify="right", no_wrap=True)
    for row in table.checkpoints:
        place = f"{MARK if row.front else ''}{row.rank}"
        verdict = Text(row.verdict, "bold") if row.verdict else Text("not measured", "bold red")
        grid.add_row(place, _plain(row.name), verdict, *_numbers(row))
    console.print(grid)


def _numbers(row: Ranked) -> Iterator[str]:
    yield from (_number(row.forget), _number(row.utility), _number(row.evidence.get("focus_kept")))
    yield from (_share(row.evidence.get(name)) for name in ("recovered", "control"))
    yield _number(row.evidence.get("neutral_loss"))
    relative = None if row.weights is None else row.weights.relative
    yield "-" if relative is None else f"{100 * relative:.2g} %"


def _number(found: Interval | None) -> str:
    return "-" if found is None else number(found.estimate)


def _share(found: Interval | None) -> str:
    return "-" if found is None else f"{100 * found.estimate:z.0f} %"


# ---------------------------------------------------------------- a row


def _print_row(row: Ranked, console: Console) -> None:
    console.print()
    verdict = row.verdict or "not measured"
    method = f"  ({row.method})" if row.method else ""
    console.print(_plain(f"{row.rank} {row.name}  {verdict}{method}", "bold"), soft_wrap=True)
    for words in _said(row):
        console.print(Padding(_plain(words), (0, 0, 0, 2), expand=False))
    # On one line, however long, so that it can be copied.
    console.print(_plain(f"  {shlex.join(row.compare)}", "dim"), soft_wrap=True)


def _said(row: Ranked) -> Iterator[str]:
    if row.error:
        yield row.error
    yield from (f"warning: {warning}" for warning in row.warnings)
    yield from row.reasons
    named = {"forget": row.forget, "keep": row.utility}
    named |= {
        words: row.evidence[name]
        for name, words in (
            ("retain_loss", "lost on what was to be kept, in nats per token"),
            ("neutral_loss", "on neutral text"),
        )
        if name in row.evidence
    }
    if known := [_known(words, found) for words, found in named.items() if found is not None]:
        yield f"{', '.join(known)}."
    metrics = [_known(name, row.metrics[name]) for name in _METRICS if name in row.metrics]
    if metrics:
        yield f"Metrics: {', '.join(metrics)}."
    if row.weights is not None:
        yield f"Weights: {row.weights.sentence}"
    yield from (f"left out: {words}" for words in row.left_out)


def _known(words: str, found: Interval) -> str:
    return f"{words} {number(found.estimate)} ({between(found)})"


def _missing(table: Table) -> Iterator[str]:
    """Say what cannot be on the front because a number is missing."""
    measured = [row for row in table.checkpoints if row.verdict is not None]
    for what, rows in (
        ("forget", [row for row in measured if row.forget is None]),
        ("keep", [row for row in measured if row.utility is None]),
    ):
        if rows:
            names = "every checkpoint" if len(rows) == len(measured) else _names(rows)
            yield f"Without {what}, and so on no front: {names}.{_HOW[what]}"


_HOW = {
    "forget": "",
    "keep": " Give --retain with prompts to be kept, or a --benchmark with model utility.",
}


def _names(rows: Sequence[Ranked]) -> str:
    return ", ".join(row.name for row in rows)
