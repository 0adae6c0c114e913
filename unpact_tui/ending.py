"""How a process of ours ends when it is told to: in good order, once, and with the right code.

The first SIGTERM, SIGHUP or SIGINT is raised where the program is, so that what is open is closed
and nothing half stays. What comes shortly after is the same wish, and must not break that off.
Whoever asks later again means it: then the process ends at once. Knows no command.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import cast

SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)

_SAME = 1.0
"""Seconds in which signals are one wish: control-C twice, or a terminal that goes and its group."""

_AT_REST = (signal.SIG_DFL, signal.default_int_handler)
"""What nobody has decided about yet."""


class Interrupted(KeyboardInterrupt):
    """What SIGINT raises.

    Not KeyboardInterrupt itself: where that one leaves an `exec` of a text, as those of every
    dataclass, the interpreter remembers it, and a module run by -m ends by SIGINT at last, whatever
    code was asked for.
    """


class _Ear:
    """What was heard first, and when."""

    number: int | None = None
    at: float = 0.0

    def hear(self, number: int, _frame: FrameType | None) -> None:
        """Raise the end, once."""
        if self.number is None:
            self.number, self.at = number, time.monotonic()
            if number == signal.SIGINT:
                raise Interrupted
            sys.exit(128 + number)
        if time.monotonic() - self.at > _SAME:
            end_by(number)


_ears: list[_Ear] = [_Ear()]
"""The last is the one that listens."""


def heard() -> int | None:
    """Return the signal that this process was told to end by, if it was."""
    return _ears[-1].number


def note(number: int) -> None:
    """Remember a signal that another has heard."""
    if _ears[-1].number is None:
        _ears[-1].number, _ears[-1].at = number, time.monotonic()


def end_by(number: int) -> None:
    """End at once, as a process ends that does not know the signal."""
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def at_once() -> None:
    """Have signals end the process at once: there is nothing yet, or no more, to put right.

    One that is ignored, as under nohup, stays ignored.
    """
    for number in SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)


@contextmanager
def ended_by_signals() -> Generator[None]:
    """End in good order on SIGTERM, SIGHUP and SIGINT: the cursor comes back, no file is left half.

    One that is ignored, as under nohup, stays ignored; one that somebody listens to, as around
    this, stays theirs.
    """
    before = {
        number: handler for number in SIGNALS if (handler := signal.getsignal(number)) in _AT_REST
    }
    if not before:
        yield
        return
    ear = _Ear()
    _ears.append(ear)
    for number in before:
        signal.signal(number, ear.hear)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        _ears.remove(ear)
        if ear.number is not None:
            note(ear.number)


def let_go_of_streams() -> None:
    """Let go of what the standard streams do not take any more, as when the line has dropped.

    The interpreter would try again at its end, and say so by its exit code.
    """
    for number, stream in ((1, sys.stdout), (2, sys.stderr)):
        if cast("object", stream) is None:
            continue
        try:
            stream.flush()
        except (OSError, ValueError):  # ValueError: it is closed
            with suppress(OSError):
                null = os.open(os.devnull, os.O_WRONLY)
                os.dup2(null, number)
                os.close(null)
