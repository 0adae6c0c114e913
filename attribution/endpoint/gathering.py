"""Several requests at once, answered in the order they were asked.

Knows nothing of what is asked. Threads end with the process: nobody who leaves has to wait for a
server that hangs.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

from attribution.errors import AttributionError

Found = TypeVar("Found")

Job = Callable[[threading.Event], Found]
"""Something to be done; it gives up when the event is set."""


class _Errand(Generic[Found]):
    """One job under way on a thread of its own."""

    def __init__(self, job: Job[Found], ended: threading.Event) -> None:
        self._job = job
        self._ended = ended
        self._found: list[Found] = []
        self._failure: AttributionError | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._found.append(self._job(self._ended))
        except AttributionError as error:
            self._failure = error

    def result(self) -> Found:
        """Wait for it. Raises what the job raised."""
        self._thread.join()
        if self._failure is not None:
            raise self._failure
        return self._found[0]


def in_order(jobs: Iterable[Job[Found]], at_once: int) -> Iterator[Found]:
    """Yield what each job returns. Raises the first `AttributionError` in order; leaving, or an
    error, has the others give up."""
    ended = threading.Event()
    running: deque[_Errand[Found]] = deque()
    try:
        for job in jobs:
            running.append(_Errand(job, ended))
            if len(running) >= at_once:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()
    finally:
        ended.set()
