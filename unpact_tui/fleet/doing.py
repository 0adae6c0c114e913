"""One job from beginning to end, wherever that is: what is raised becomes a value.

Knows neither processes nor Ray.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType

from unpact_tui.fleet.jobs import Done, Event, Job, Lost, Said, Worker


def do(worker: Worker, job: Job, complain: Callable[[str], object]) -> Iterator[Event]:
    """Do one job: `Said` as often as there is something to say, then `Done` or `Lost`.

    `complain` gets the traceback of a bug. Whoever had one is in no state that is known: let it do
    nothing more.
    """
    bug = _Bug()
    result = b""
    with bug:
        steps = worker.work(job)
        while True:
            try:
                step = next(steps)
            except StopIteration as end:
                result = end.value
                break
            yield Said(job.key, step.stage, step.done, step.total)
    if bug.error is None:
        yield Done(job.key, result)
        return
    complain("".join(traceback.format_exception(bug.error)))
    yield Lost(job.key, in_words(bug.error))


class _Bug:
    """Catches what should not be: a job that breaks must not take those of others along."""

    error: Exception | None = None

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        self.error = error
        return True


def in_words(error: Exception) -> str:
    """Return what is wrong and where, as a sentence."""
    last = "".join(traceback.format_exception_only(error)).strip().splitlines()[-1]
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    return f"It broke by a bug: {last}{where}."
