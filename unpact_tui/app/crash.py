"""What is left behind by a bug: a traceback in a file, without the values of variables.

Values may be prompts, and the `repr` of a tensor may wait for a device that is gone.
"""

from __future__ import annotations

import os
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path

from unpact_tui import paths


def record(error: BaseException) -> Path:
    """Write the traceback of `error` to a new private file and return its path."""
    from importlib.metadata import version  # 20 ms that only a bug needs

    now = datetime.now(UTC)
    path = paths.state() / f"crash-{now:%Y%m%dT%H%M%S}-{os.getpid()}.log"
    lines = traceback.format_exception(error)
    head = f"unpact-tui {version('unpact-tui')}, Python {sys.version.split()[0]}, {now:%F %T} UTC\n"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(head + "".join(lines))
    return path


def sentence(path: Path) -> str:
    """Return the one line that is shown for it."""
    return f"unpact-tui has a bug and had to stop. What happened is in {path}"
