"""The seam to the terminal: whether there is one, keeping it clean, and giving it back.

Nothing here imports Textual, because `textual_defaults` must be asked before that happens: Textual
reads its environment when it is imported. It draws on standard error and reads standard input.
"""

from __future__ import annotations

import asyncio
import codecs
import os
import signal
import sys
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from unpact_tui import ending, private
from unpact_tui.errors import NoTerminal
from unpact_tui.lasting_stream import LastingStream


class Leaves(Protocol):
    """What can be told to end, as a Textual app can."""

    def exit(self, *, return_code: int) -> None:
        """End in good order."""
        ...


@dataclass(frozen=True, slots=True)
class Colours:
    """How many colours there will be, and the variable of the environment that decides it."""

    count: int
    decided_by: str


_FEW = 16
_SYSTEMS = {"standard": _FEW, "256": 256, "truecolor": 1 << 24}
"""What TEXTUAL_COLOR_SYSTEM may be."""


def textual_defaults(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what to add to the environment before Textual is imported.

    Every byte may cross a slow line: no animation, half the frames, fewer still from afar. Where a
    terminal has at most sixteen colours, or none are wanted, the terminal's own are used. What the
    person has set stays.
    """
    afar = "SSH_CONNECTION" in environ or "SSH_TTY" in environ
    wanted = {
        "TEXTUAL_ANIMATIONS": "none",
        "TEXTUAL_FPS": "15" if afar else "30",
        "TEXTUAL_SMOOTH_SCROLL": "0",
    }
    if colours(environ).count <= _FEW:
        wanted["TEXTUAL_THEME"] = "ansi-dark"
    return {name: value for name, value in wanted.items() if name not in environ}


def colours(environ: Mapping[str, str]) -> Colours:
    """Say what the drawing library will take the terminal for, and by which variable.

    NO_COLOR comes first: then the depth does not matter.
    """
    if environ.get("NO_COLOR"):  # an empty one asks for nothing
        return Colours(0, "NO_COLOR")
    if environ.get("COLORTERM", "").strip().lower() in ("truecolor", "24bit"):
        return Colours(1 << 24, "COLORTERM")
    wanted = environ.get("TEXTUAL_COLOR_SYSTEM", "auto")
    if wanted != "auto":
        return Colours(_SYSTEMS.get(wanted, 256), "TEXTUAL_COLOR_SYSTEM")
    many = environ.get("TERM", "").endswith(("-256color", "-kitty"))
    return Colours(256 if many else _FEW, "TERM")


def require_terminal(instead: str) -> None:
    """Raise `NoTerminal` unless there is a terminal to draw on and one to read keys from.

    `instead` is the command line that does the same without one.
    """
    if not (os.isatty(2) and os.isatty(0)) or os.environ.get("TERM") == "dumb":
        raise NoTerminal(instead)


def reopen_keyboard(instead: str) -> None:
    """Read keys from the controlling terminal where standard input was a file or a pipe.

    Raises `NoTerminal` when the process has no controlling terminal.
    """
    if os.isatty(0):
        return
    try:
        keyboard = os.open("/dev/tty", os.O_RDWR)
    except OSError as error:
        raise NoTerminal(instead) from error
    os.dup2(keyboard, 0)
    os.close(keyboard)


class _Screen(LastingStream):
    """The terminal as it is drawn on; one that has gone away ends the app.

    Whoever draws does so on a thread, which would die of the error, and then nothing would end.
    """

    def when_lost(self) -> None:
        """Say it as the kernel does, where it does."""
        os.kill(os.getpid(), signal.SIGHUP)


@contextmanager
def guard(log: Path) -> Generator[None]:
    """Keep what libraries write straight to descriptors 1 and 2 off the screen and in `log`.

    Textual draws on a private copy of the terminal meanwhile. Enter it before the app runs.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    screen = _Screen(
        os.fdopen(os.dup(2), "wb", buffering=1 << 16), encoding="utf-8", errors="replace"
    )
    kept = [(number, os.dup(number)) for number in (1, 2)]
    noise = private.descriptor(log, os.O_WRONLY | os.O_APPEND)
    before = sys.__stdout__, sys.__stderr__, sys.stderr
    # Textual asks the first how large the terminal is, draws on the second, and says on the third
    # why it ended.
    sys.__stdout__ = sys.__stderr__ = sys.stderr = screen
    for number, _ in kept:
        os.dup2(noise, number)
    os.close(noise)
    try:
        with _noted():
            yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        screen.flush()
        sys.__stdout__, sys.__stderr__, sys.stderr = before
        for number, copy in kept:
            os.dup2(copy, number)
            os.close(copy)
        screen.close()


@contextmanager
def _noted() -> Generator[None]:
    """Remember signals that come before the app can hear them, or when it cannot any more.

    Raised where they come, they would leave the terminal as Textual is just making it.
    """
    before = {number: signal.getsignal(number) for number in ending.SIGNALS}
    for number in before:
        signal.signal(number, lambda heard, _: ending.note(heard))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def tolerate_bad_keys() -> None:
    """Take bytes that are no UTF-8 for wrong keys.

    Textual's thread that reads keys decodes them strictly and dies of the first such byte, and with
    it every key, the one to leave too. Imports Textual.
    """
    from textual.drivers import linux_driver

    lenient = partial(codecs.getincrementaldecoder("utf-8"), errors="replace")

    def decoder(_: str) -> Callable[[], codecs.IncrementalDecoder]:
        return lenient

    # By name: it is the driver's own import, and there is no other way in.
    setattr(linux_driver, "getincrementaldecoder", decoder)  # noqa: B010


def restore_on_signals(app: Leaves) -> None:
    """End the app on SIGTERM, SIGHUP and SIGINT in good order, so that the terminal is given back.

    Call it from the running event loop, when the app is mounted.
    """
    loop = asyncio.get_running_loop()
    for number in ending.SIGNALS:
        loop.add_signal_handler(number, _leave, app, number)
    if (early := ending.heard()) is not None:
        app.exit(return_code=128 + early)


def _leave(app: Leaves, number: int) -> None:
    ending.note(number)
    app.exit(return_code=128 + number)


def take_mouse(app: object, *, wanted: bool) -> None:
    """Have the terminal report the mouse, or keep it for selecting and copying.

    Textual can only decide that at the start; its driver's own switches are used, where it has
    them.
    """
    name = "_enable_mouse_support" if wanted else "_disable_mouse_support"
    driver = getattr(app, "_driver", None)
    switch = getattr(driver, name, None)
    if switch is not None:
        if wanted:
            # Without this the switch does nothing in an app that was started without a mouse.
            setattr(driver, "_mouse", True)  # noqa: B010
        switch()
        if not wanted:
            setattr(driver, "_mouse", False)  # noqa: B010
