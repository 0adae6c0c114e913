"""`board`: a file of checkpoints on the screen, and the inspector on the one that is chosen.

The inspector is a process of its own on the same terminal; when it is left, the board is back where
it was.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from unpact_tui.app import tty
from unpact_tui.config import Found
from unpact_tui.errors import ExitCode
from unpact_tui.launch import looks, shown
from unpact_tui.track.following import Follower

_LEFT = (ExitCode.OK, ExitCode.INTERRUPTED)
"""How an inspector ends that had nothing to say."""


def show(file: Path, found: Found) -> int:
    """Run the board, and the inspector as often as somebody opens it; return the exit code.

    Raises `UsageError`: `BadResult`, `NoTerminal` and `BadConfig` among them.
    """
    follower = Follower(file)
    follower.read()
    tty.require_terminal(f"jq . {shlex.quote(str(file))}")
    environ = dict(os.environ)  # Textual takes NO_COLOR out of it
    os.environ.update(tty.textual_defaults(os.environ))
    from unpact_tui.app.board import BoardApp
    from unpact_tui.app.triage_opening import START

    how, at = looks(found), START
    while True:
        app = BoardApp(follower, how, at)
        code = shown(app)
        if not app.wanted:
            return code
        at = app.at
        ended = inspect([*app.wanted, *_flags(found)], environ)
        if ended >= 128 and ended != ExitCode.INTERRUPTED:
            return ended
        if ended not in _LEFT and not _seen():
            return ended


def inspect(words: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run the inspector on this terminal until it is left, and return its exit code."""
    # -P: whatever lies in the current folder is not ours to import
    argv = [sys.executable, "-P", "-m", "unpact_tui", *words]
    process = subprocess.Popen(argv, env=environ)
    with _handing_on(process):
        code = process.wait()
    return 128 - code if code < 0 else code


@contextmanager
def _handing_on(process: subprocess.Popen[bytes]) -> Generator[None]:
    """Give signals to the process that has the terminal, and wait for its end."""

    def hand_on(number: int, _: FrameType | None) -> None:
        process.send_signal(number)

    numbers = (signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, hand_on) for number in numbers}
    # Control-C goes to both, and is the inspector's to understand.
    before[signal.SIGINT] = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _flags(found: Found) -> list[str]:
    """Return what was asked of the looks on the command line, for the inspector as well."""
    config, flags = found.config, list[str]()
    if found.origin("theme") == "--theme" and config.theme:
        flags += ["--theme", config.theme]
    if found.origin("ascii") == "--ascii":
        flags.append("--ascii" if config.ascii else "--no-ascii")
    if found.origin("mouse") == "--mouse":
        flags.append("--mouse" if config.mouse else "--no-mouse")
    return flags


def _seen() -> bool:
    """Let somebody read why the inspector ended; false when there is nobody."""
    sys.stderr.write("The inspector ended. Enter goes back to the board, control-C leaves. ")
    sys.stderr.flush()
    try:
        return bool(sys.stdin.readline())
    except KeyboardInterrupt:
        return False
