"""Keeps a session in a file while it goes on: where one was asked for, otherwise for a while."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from unpact_tui import __version__, paths, sole_writer
from unpact_tui.errors import Unwritable
from unpact_tui.session.choices import Timeline
from unpact_tui.session.file import SCHEMA, Began, Recorder
from unpact_tui.worker.events import Opened
from unpact_tui.worker.protocol import Open

_MOST = 10
"""Sessions that nobody asked to keep; older ones go."""


class Keeping:
    """One file, and the comparisons of one sitting in it. Raises `Unwritable` when it is made."""

    def __init__(self, path: Path, *, goes_on: bool = False, asked: bool = True) -> None:
        """`goes_on` is for a file whose last comparison is the one that is opened now; one that
        was not `asked` for does not stay unless something was measured."""
        self.path = path
        self._recorder = Recorder(path)
        self._goes_on = goes_on
        self._asked = asked

    def begin(self, order: Open, opened: Opened, timeline: Timeline) -> Recorder:
        """Write down what is compared, unless it stands there already."""
        if not self._goes_on:
            self._recorder.write(Began(SCHEMA, __version__, order, opened, timeline.now))
        self._goes_on = False
        return self._recorder

    def close(self) -> None:
        """Write no more."""
        self._recorder.close()

    @property
    def lost(self) -> str:
        """Why a file that was asked for has not everything; empty where it has."""
        return self._recorder.trouble if self._asked else ""

    @property
    def worth_telling(self) -> bool:
        """Whether there is something in it; an empty file that nobody asked for goes."""
        if self._asked or self._recorder.heard:
            return True
        with suppress(OSError):
            self.path.unlink()
        return False


def for_a_while() -> Keeping | None:
    """Return what keeps this sitting, so that no broken line loses it; None where nothing can."""
    try:
        folder = paths.sessions()
        for old in sorted(folder.glob("*.jsonl"))[: -_MOST + 1]:
            _let_go(old)
        now = datetime.now(UTC)
        return Keeping(folder / f"{now:%Y%m%d-%H%M%S}-{os.getpid()}.jsonl", asked=False)
    except (OSError, Unwritable):
        return None


def _let_go(path: Path) -> None:
    """Remove a session of an earlier sitting; not one that still goes on, elsewhere on this box."""
    with suppress(FileNotFoundError), path.open("rb") as file:  # another may tidy up as well
        if sole_writer.is_alone(file):
            path.unlink()
