"""Two threads that work through a tensor piece by piece, and hand back results in its order.

numpy and the system let go of the interpreter while they work, so threads are enough. Knows neither
files nor what is done to a piece.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from queue import SimpleQueue
from types import TracebackType
from typing import TypeVar

from unpact_tui.weights.sums import Scratch, scratch

THREADS = 2
"""More wait for each other, and for memory."""
_AHEAD = 2
"""Pieces under way for each thread."""

_Result = TypeVar("_Result")
Work = Callable[[int, Scratch], _Result]
"""Takes the first element of a piece, and room that nobody else uses meanwhile."""


class Threads:
    """Started when there is enough to do, and ended with the block that it is used in."""

    def __init__(self) -> None:
        self._pool: ThreadPoolExecutor | None = None
        self._rooms: SimpleQueue[Scratch] = SimpleQueue()

    def __enter__(self) -> Threads:
        """Make room for each."""
        for _ in range(THREADS):
            self._rooms.put(scratch())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End them."""
        if self._pool is not None:
            self._pool.shutdown()

    def each(self, work: Work[_Result], firsts: range) -> Iterator[_Result]:
        """Yield what becomes of each piece, in order. Raises what the work raises."""
        if len(firsts) <= 1:
            for first in firsts:
                yield self._do(work, first)
            return
        if self._pool is None:
            self._pool = ThreadPoolExecutor(THREADS, "weights")
        waiting: deque[Future[_Result]] = deque()
        try:
            for first in firsts:
                waiting.append(self._pool.submit(self._do, work, first))
                if len(waiting) >= THREADS * _AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            # Files are closed after this, so nobody may be reading any more.
            for future in waiting:
                future.cancel()
            wait(waiting)

    def _do(self, work: Work[_Result], first: int) -> _Result:
        room = self._rooms.get()
        try:
            return work(first, room)
        finally:
            self._rooms.put(room)
