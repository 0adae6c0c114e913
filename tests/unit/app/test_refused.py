"""What the machine refuses while the inspector is open ends it with a sentence, and is no bug."""

from __future__ import annotations

import asyncio
import errno
from pathlib import Path

import pytest

from unpact_tui import paths
from unpact_tui.app.host import Host
from unpact_tui.errors import ExitCode


class Refused(Host):
    """Meets an error as soon as it is there."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def on_mount(self) -> None:
        raise self._error


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (MemoryError(), ExitCode.COMPUTE, "no memory left"),
        (RuntimeError("can't start new thread"), ExitCode.COMPUTE, "no further process or thread"),
        (OSError(errno.EMFILE, "Too many open files"), ExitCode.COMPUTE, "too many files open"),
        (OSError(errno.EROFS, "Read-only file system", "/home/x"), ExitCode.USAGE, "/home/x"),
    ],
)
async def test_a_refusal_is_said(error: Exception, code: ExitCode, said: str) -> None:
    app = Refused(error)
    await asyncio.wait_for(app.run_async(headless=True), 30)
    assert app.return_code == code
    assert app.failure is not None
    assert said in app.failure.message
    assert app.failure.hint
    assert crash_files() == []


def crash_files() -> list[Path]:
    return sorted(paths.state().glob("crash-*"))
