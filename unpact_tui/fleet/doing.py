"""One job from beginning to end, wherever that is: what is raised becomes a value.

Knows neither processes nor Ray.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import TracebackType

from unpact_tui import refusals
from unpact_tui.bug import kind, place, told
from unpact_tui.errors import UnpactError
from unpact_tui.fleet.jobs import Done, Event, Job, Lost, Said, Worker


def do(worker: Worker, job: Job, complain: Callable[[str], object]) -> Iterator[Event]:
    """Do one job: `Said` as often as there is something to say, then `Done` or `Lost`.

    `complain` gets the traceback of a bug. Whoever had one is in no state that is known: let it do
    nothing more.
    """
    caught = _Bug()
    result = b""
    with caught, refusals.translated():
        steps = worker.work(job)
        while True:
            try:
                step = next(steps)
            except StopIteration as end:
                result = end.value
                break
            yield Said(job.key, step.stage, step.done, step.total)
    if caught.error is None:
        yield Done(job.key, result)
        return
    complain(told(caught.error))
    yield Lost(job.key, in_words(caught.error))


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
    if isinstance(error, UnpactError):
        return f"{error} {error.hint}".strip()
    where = place(error)
    return f"It broke by a bug: {kind(error)}{where and f' ({where})'}."
