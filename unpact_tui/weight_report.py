"""What `unpact-tui diff` does: read two folders, tell how far it is, return the text to print."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from unpact_tui.errors import BadUsage
from unpact_tui.output import narrate
from unpact_tui.weights import telling
from unpact_tui.weights.change import WeightChange
from unpact_tui.weights.sides import base_side, second_side
from unpact_tui.weights.streaming import stream

_WIDTH = 100
"""Where standard output is no terminal."""


@dataclass(frozen=True, slots=True)
class _Percent:
    """How far the reading is: at most one step per hundredth, whatever the size."""

    stage: str
    done: int
    total: int = 100


def diff(base: str | Path, unlearned: str | Path, top: int, *, json: bool, quiet: bool) -> str:
    """Return what changed as text for a person, or as JSON. Raises `CheckpointError`s."""
    if top < 0:
        raise BadUsage(f"--top cannot be {top}.", "Give 0 or more.")
    if any(str(side).startswith(("http://", "https://")) for side in (base, unlearned)):
        raise BadUsage("A server shows no weights to compare.", "Give two folders.")
    sides = base_side(base), second_side(unlearned)
    change = narrate(_hundredths(stream(*sides)), quiet=quiet)
    if json:
        return telling.as_json(change, *sides)
    width = shutil.get_terminal_size((_WIDTH, 24)).columns if sys.stdout.isatty() else _WIDTH
    return telling.as_text(change, *sides, top, width, plain=not _unicode())


def _hundredths(
    steps: Generator[WeightChange, None, WeightChange],
) -> Generator[_Percent, None, WeightChange]:
    told, every = -1, 1 if sys.stderr.isatty() else 10
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            return end.value
        percent = 100 if step.complete else 100 * step.done // max(1, step.total)
        if percent == 100 or percent >= told + every:
            told = percent
            yield _Percent(step.stage, percent)


def _unicode() -> bool:
    try:
        "·░▒▓█".encode(sys.stdout.encoding or "ascii")
    except (LookupError, UnicodeEncodeError):
        return False
    return True
