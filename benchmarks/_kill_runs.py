"""A run in a process of its own: a copy of this one, the leader of a session.

What it leaves behind is found by its session. Knows signals and streams, and no work.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

_ORPHANS = 5.0
"""Seconds for its children to notice that it is gone."""
_LOOK = 0.002
"""Seconds between two looks."""
_HEARD = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


@dataclass(frozen=True, slots=True)
class Run:
    """A process at work."""

    number: int
    said: Path
    """What it writes to its standard error."""

    def wait(self, seconds: float) -> int | None:
        """Return its exit code, -n for signal n; None when it still runs after so long."""
        deadline = time.monotonic() + seconds
        while True:
            done, status = os.waitpid(self.number, os.WNOHANG)
            if done:
                return os.waitstatus_to_exitcode(status)
            if (left := deadline - time.monotonic()) <= 0:
                return None
            time.sleep(min(_LOOK, left))

    def orphans(self) -> list[int]:
        """Return the processes of its session that are there after a while, and end them."""
        deadline = time.monotonic() + _ORPHANS
        while found := _of_session(self.number):
            if time.monotonic() > deadline:
                for number in found:
                    os.kill(number, signal.SIGKILL)
                break
            time.sleep(0.05)
        return found


def started(work: Callable[[], None], said: Path, variables: Mapping[str, str]) -> Run:
    """Start a run; what it says goes to the file `said`."""
    said.unlink(missing_ok=True)
    sys.stdout.flush()
    signal.pthread_sigmask(signal.SIG_BLOCK, _HEARD)
    number = os.fork()
    if number:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEARD)
        return Run(number, said)
    code = 70
    try:
        _alone(said, variables)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEARD)
        code = _code_of(work)
    finally:
        _ended(code)
    raise AssertionError


def _alone(said: Path, variables: Mapping[str, str]) -> None:
    """Be as a new process is: a session, streams, signals and variables of its own."""
    os.setsid()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    null = os.open(os.devnull, os.O_RDWR)
    errors = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for target, source in ((0, null), (1, null), (2, errors)):
        os.dup2(source, target)
    os.environ.update(variables)


def _code_of(work: Callable[[], None]) -> int:
    try:
        work()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    return 0


def _ended(code: int) -> None:
    """End, and tell of a bug: what called us is a copy too, and must not go on."""
    if sys.exc_info()[0] is not None:
        traceback.print_exc()
    for process in multiprocessing.active_children():  # the interpreter does this at its end
        process.terminate()
        process.join()
    sys.stderr.flush()
    os._exit(code)


def _of_session(leader: int) -> list[int]:
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        if int(words[3]) == leader and words[0] not in "ZX":
            found.append(int(entry.name))
    return found
