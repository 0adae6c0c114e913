"""Lets what a stranger wrote run for so long and take so much memory, and no more.

For a chat template or a pattern: both can ask for more than any machine has. Only the main thread
can be stopped in time, and memory is limited where the system limits it. Knows nothing of what
runs.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

SECONDS = 2.0
"""Of processor time; what is well meant takes milliseconds."""
BYTES = 1 << 30
"""That the process may grow by meanwhile."""


class _Late(BaseException):
    """Time is up; not an `Exception`, so that nothing on the way takes it for its own."""


@contextmanager
def bounded(
    refuse: Callable[[str], Exception], seconds: float = SECONDS, growth: int = BYTES
) -> Generator[None]:
    """Raise what `refuse` makes of a clause when the block goes on or grows without end."""
    try:
        with ExitStack() as stack:
            stack.enter_context(_timed(seconds))
            stack.enter_context(_confined(growth))
            yield
    except _Late as error:
        raise refuse("it does not come to an end") from error
    except MemoryError as error:
        raise refuse("it fills the memory") from error


@contextmanager
def _timed(seconds: float) -> Generator[None]:
    """Count processor time: on a busy machine the clock says nothing about the block."""
    before = signal.getsignal(signal.SIGVTALRM)
    main = threading.current_thread() is threading.main_thread()
    # Somebody else's timer is left alone.
    if not main or before is not signal.SIG_DFL:
        yield
        return

    def late(number: int, frame: FrameType | None) -> None:
        raise _Late

    signal.signal(signal.SIGVTALRM, late)
    try:
        signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


@contextmanager
def _confined(growth: int) -> Generator[None]:
    size = _size()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = size + growth
    if not size or (soft != resource.RLIM_INFINITY and soft <= most):
        yield
        return
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _size() -> int:
    """Return how many bytes the process maps; 0 where nobody says."""
    if sys.platform != "linux":
        return 0
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
