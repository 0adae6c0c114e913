"""Starts a program as the leader of a session on a pseudo-terminal.

It knows neither keys nor screens; `terminal.py` adds them.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

# In a child of its own, so that the test process never forks with threads running.
_LAUNCHER = """
import fcntl, os, signal, sys, termios
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGPIPE):
    signal.signal(number, signal.SIG_DFL)
fcntl.ioctl(2, termios.TIOCSCTTY, 0)
os.set_inheritable(int(sys.argv[1]), False)
os.execvp(sys.argv[2], sys.argv[2:])
"""

_INHERITED_LOOKS = ("NO_COLOR", "FORCE_COLOR", "COLORTERM", "COLUMNS", "LINES", "TMUX", "STY")


def launch(
    argv: Sequence[str],
    slave: int,
    variables: Mapping[str, str],
    cwd: Path | None,
    stdin: bytes | None,
    stdout: Path | None,
) -> subprocess.Popen[bytes]:
    """Start `argv` with `slave` as its controlling terminal; return once it runs."""
    out = slave if stdout is None else os.open(stdout, os.O_WRONLY | os.O_CREAT, 0o600)
    under_way, launching = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(launching), *argv],
        stdin=slave if stdin is None else subprocess.PIPE,
        stdout=out,
        stderr=slave,
        env=variables,
        cwd=cwd,
        start_new_session=True,
        pass_fds=(launching,),
    )
    for descriptor in {slave, out, launching}:
        os.close(descriptor)
    os.read(under_way, 1)  # the other end closes when the program takes the launcher's place
    os.close(under_way)
    if stdin is not None and process.stdin is not None:
        with suppress(BrokenPipeError), process.stdin as pipe:
            pipe.write(stdin)
    return process


def environment(changes: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment without what would change how a terminal looks."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in _INHERITED_LOOKS and not name.startswith(("TEXTUAL", "SSH_", "UNPACT_"))
    }
    always = {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8", "UNPACT_CACHE": "0"}
    return kept | always | dict(changes)
