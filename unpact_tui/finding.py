"""What `unpact-tui doctor` says about one thing, and how another program is asked about it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "slow", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    name: str
    status: Status
    detail: str
    hint: str = ""
    """What to do; always there for a problem."""


Ask = Callable[[Sequence[str]], str | None]
"""Runs a program and returns what it printed: None when it is missing, nothing when it fails."""

_PATIENCE = 3.0
"""Seconds; nvidia-smi takes one or two where no other process keeps the driver loaded."""


def ask(words: Sequence[str]) -> str | None:
    """Run a program, if there is one by that name, without a shell and without keys to read."""
    program = shutil.which(words[0])
    if program is None:
        return None
    try:
        done = subprocess.run(
            [program, *words[1:]],
            capture_output=True,
            stdin=subprocess.DEVNULL,
            timeout=_PATIENCE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode(errors="replace") if done.returncode == 0 else ""
