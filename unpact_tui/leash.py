"""A process of ours that works for another, and does not outlive it, however that one ends.

What the one that works reads from is a pipe that nobody writes to: it ends when the other does.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence

LEASHED = "--leashed"
"""Among a command's words: whoever started it holds the other end of its standard input."""

_PATIENCE = 10.0
"""Seconds that it has to put right what is half when it is told to end."""


def wait_for(module: str, words: Sequence[str]) -> int:
    """Run a module of ours until it ends, and return its code; -n for signal n.

    What ends us, ends it first.
    """
    # -P: whatever lies in the current folder is not ours to import
    argv = [sys.executable, "-P", "-m", module, LEASHED, *words]
    process = subprocess.Popen(argv, stdin=subprocess.PIPE)
    try:
        return process.wait()
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None
    process.stdin.close()
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def end_with_parent() -> None:
    """Have SIGTERM sent to this process when whoever started it is gone."""
    threading.Thread(target=_watch, daemon=True).start()


def _watch() -> None:
    while os.read(0, 1 << 12):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
