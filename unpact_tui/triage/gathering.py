"""Gives checkpoints out and gathers their rows as they come, in whatever order.

Knows neither processes nor screens, and reads no prompt.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from time import monotonic

import msgspec

from unpact_tui.errors import ExitCode, Unwritable
from unpact_tui.fleet.jobs import Done, Event, Lost, Said
from unpact_tui.time_left import time_left
from unpact_tui.triage.question import Question
from unpact_tui.triage.row import Row
from unpact_tui.triage.worker import CheckpointJob, failed

HandOut = Callable[[Sequence[CheckpointJob]], Generator[Event]]
"""Has jobs done, and tells what is heard of them."""
Keep = Callable[[Row], None]
"""Keeps a row where it cannot be lost. Raises `Unwritable`."""


_MANY = 100_000
"""More than these are bytes, and are told as a share."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How many checkpoints are done, and what goes on."""

    stage: str
    done: int
    total: int


@dataclass(slots=True)
class Gathered:
    """Rows by key, and what went wrong with keeping them."""

    rows: dict[str, Row] = field(default_factory=dict[str, Row])
    unwritten: Unwritable | None = None


def gather(
    question: Question,
    jobs: Sequence[CheckpointJob],
    known: Sequence[Row],
    hand_out: HandOut,
    keep: Keep,
) -> Generator[Progress, None, Gathered]:
    """Have every job done and return all rows, `known` ones too.

    A row that cannot be kept does not end the triage: it is among the rows all the same.
    """
    found = Gathered({row.key: row for row in known})
    by_key = {job.key: job for job in jobs}
    total = len(known) + len(jobs)
    clock = _Clock(monotonic())
    yield Progress(f"{len(known)} known already" if known else "starting", len(known), total)
    with closing(hand_out(jobs)) as events:
        for event in events:
            job = by_key[event.key]
            match event:
                case Said():
                    # Never a line of its own, so it says itself how many are done.
                    done = len(found.rows)
                    text = f"{done}/{total}{clock.left(total - done)} {_going_on(job, event)}"
                    yield Progress(text, done, total)
                    continue
                case Done(_, result):
                    row = msgspec.json.decode(result, type=Row)
                    clock.measured += not row.error
                    text = _take(row, found, keep)
                case Lost(_, why):
                    text = _take(failed(question, job, why, ExitCode.COMPUTE), found, keep)
            done = len(found.rows)
            yield Progress(f"{text}{clock.left(total - done)}", done, total)
    return found


def _going_on(job: CheckpointJob, said: Said) -> str:
    """Say what is done to a checkpoint, and how far that is."""
    name = "" if said.stage.startswith(f"{job.name}: ") else f"{job.name}: "
    if said.total > _MANY:
        return f"{name}{said.stage} {100 * said.done // said.total} %"
    return f"{name}{said.stage}{f' {said.done}/{said.total}' if said.total else ''}"


def _take(row: Row, found: Gathered, keep: Keep) -> str:
    """Keep a row, and return what there is to say about it."""
    found.rows[row.key] = row
    if found.unwritten is None:
        try:
            keep(row)
        except Unwritable as error:
            found.unwritten = error
    said = row.verdict or f"not measured: {row.error.rstrip('.')}"
    return f"{row.name}: {said}, {row.seconds:.0f} s"


@dataclass(slots=True)
class _Clock:
    """Says how long it still takes, from how long it took."""

    began: float
    measured: int = 0
    """What failed took no time, and says nothing."""

    def left(self, jobs: int) -> str:
        """Return it in words; nothing before the first is done, nor after the last."""
        if not (jobs and self.measured):
            return ""
        return f" ({time_left((monotonic() - self.began) / self.measured * jobs)})"
