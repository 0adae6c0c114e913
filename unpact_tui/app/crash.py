"""What is left behind by a bug: a file that says what it was and where, and holds no values.

Values may be prompts, and the `repr` of a tensor may wait for a device that is gone.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from unpact_tui import bug, paths, private


def record(error: BaseException) -> Path | None:
    """Write what is to be said of `error` to a private file and return its path.

    None where no file can be written: a full disk must not hide that there was a bug.
    """
    from importlib.metadata import version  # 20 ms that only a bug needs

    now = datetime.now(UTC)
    head = f"unpact-tui {version('unpact-tui')}, Python {sys.version.split()[0]}, {now:%F %T} UTC\n"
    with suppress(OSError):
        path = paths.state() / f"crash-{now:%Y%m%dT%H%M%S}-{os.getpid()}.log"
        descriptor = private.descriptor(path, os.O_WRONLY | os.O_TRUNC)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(head + bug.told(error))
        return path
    return None


def sentence(error: BaseException, path: Path | None) -> str:
    """Return what is shown for it: one line, or all there is to say where no file has it."""
    if path is None:
        return f"unpact-tui has a bug and had to stop.\n{bug.told(error)}"
    return f"unpact-tui has a bug and had to stop. What happened is in {path}"
