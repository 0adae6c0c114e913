"""Keeps a session in a file while it goes on."""

from __future__ import annotations

from pathlib import Path

from unpact_tui import __version__
from unpact_tui.session.choices import Timeline
from unpact_tui.session.file import SCHEMA, Began, Recorder
from unpact_tui.worker.events import Opened
from unpact_tui.worker.protocol import Open


class Keeping:
    """One file, and the comparisons of one sitting in it. Raises `Unwritable` when it is made."""

    def __init__(self, path: Path, *, goes_on: bool = False) -> None:
        """`goes_on` is for a file whose last comparison is the one that is opened now."""
        self._recorder = Recorder(path)
        self._goes_on = goes_on

    def begin(self, order: Open, opened: Opened, timeline: Timeline) -> Recorder:
        """Write down what is compared, unless it stands there already."""
        if not self._goes_on:
            self._recorder.write(Began(SCHEMA, __version__, order, opened, timeline.now))
        self._goes_on = False
        return self._recorder

    def close(self) -> None:
        """Write no more."""
        self._recorder.close()
