"""What `unpact-tui diff` does: read two folders, tell how far it is, write what came out."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from unpact_tui.destination import destination
from unpact_tui.errors import BadUsage, ExitCode, exit_code
from unpact_tui.headless import deliver
from unpact_tui.output import narrate
from unpact_tui.weights import page, telling
from unpact_tui.weights.change import WeightChange
from unpact_tui.weights.sides import Side, base_side, second_side
from unpact_tui.weights.streaming import LEADING, stream

Format = Literal["table", "json", "html"]

_WIDTH = 100
"""Where standard output is no terminal."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What is written of a change."""

    form: Format = "table"
    top: int = 10
    """Tensors that are listed."""
    ranks: int = LEADING
    """Matrices whose ranks are measured."""


@dataclass(frozen=True, slots=True)
class _Percent:
    """How far the reading is: at most one step per hundredth, whatever the size."""

    stage: str
    done: int
    total: int = 100


def report(
    base: str | Path, unlearned: str | Path, shape: Shape, out: Path | None, *, quiet: bool
) -> ExitCode:
    """Write what changed, to standard output or a file. Raises `CheckpointError`s, `UsageError`s.

    What can be refused is refused before a tensor is read.
    """
    place = None if out is None else destination(out)
    unwritten = deliver(diff(base, unlearned, shape, file=place is not None, quiet=quiet), place)
    return ExitCode.OK if unwritten is None else exit_code(unwritten)


def diff(
    base: str | Path, unlearned: str | Path, shape: Shape, *, file: bool = False, quiet: bool
) -> str:
    """Return what changed, in the form that was asked for. Raises `CheckpointError`s."""
    for name, count in (("--top", shape.top), ("--ranks", shape.ranks)):
        if count < 0:
            raise BadUsage(f"{name} cannot be {count}.", "Give 0 or more.")
    if any(str(side).startswith(("http://", "https://")) for side in (base, unlearned)):
        raise BadUsage("A server shows no weights to compare.", "Give two folders.")
    sides = base_side(base), second_side(unlearned)
    change = narrate(_hundredths(stream(*sides, shape.ranks)), quiet=quiet)
    return _formed(change, sides, shape, file=file)


def _formed(change: WeightChange, sides: tuple[Side, Side], shape: Shape, *, file: bool) -> str:
    match shape.form:
        case "json":
            return telling.as_json(change, *sides)
        case "html":
            return page.as_html(change, *sides, shape.top)
        case "table":
            terminal = sys.stdout.isatty() and not file
            width = shutil.get_terminal_size((_WIDTH, 24)).columns if terminal else _WIDTH
            plain = not (file or _unicode())
            return telling.as_text(change, *sides, shape.top, width, plain=plain)


def _hundredths(
    steps: Generator[WeightChange, None, WeightChange],
) -> Generator[_Percent, None, WeightChange]:
    told, stage, every = -1, "", 1 if sys.stderr.isatty() else 10
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            return end.value
        percent = 100 if step.complete else min(99, 100 * step.done // max(1, step.total))
        if step.complete or percent >= told + every or (step.again and step.stage != stage):
            told, stage = percent, step.stage
            yield _Percent(step.stage, percent)


def _unicode() -> bool:
    try:
        "·░▒▓█".encode(sys.stdout.encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return False
    return True
