"""A file of checkpoints that may still grow: rows of a triage, or steps of a run.

Told apart by the first line. What was read is not read again; a last line that is not whole yet is
left for the next time. Files are read as untrusted. Knows nothing of screens.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import msgspec

from unpact_tui.errors import BadResult
from unpact_tui.ledger import LONGEST
from unpact_tui.track.schema import SCHEMA as STEP_SCHEMA
from unpact_tui.track.schema import TrackedStep
from unpact_tui.triage.row import SCHEMA as ROW_SCHEMA
from unpact_tui.triage.row import Row

Kind = Literal["triage", "track"]

_HINT = "It is what `unpact-tui triage --out` and `unpact-tui track --out` write."
_SESSION = "It is a session: `unpact-tui open` shows it."


@dataclass(frozen=True, slots=True)
class Board:
    """What a file holds, in the order in which it was written."""

    kind: Kind | None = None
    """None while there is nothing whole in it."""
    rows: tuple[Row, ...] = ()
    """Of several with one key the last."""
    steps: tuple[TrackedStep, ...] = ()
    """In the order of training; of several of one step the last."""
    trouble: str = ""
    """Why no more is read."""


class _Head(msgspec.Struct):
    schema: int = 0
    type: str = ""
    row: msgspec.Raw = msgspec.Raw()
    name: msgspec.Raw = msgspec.Raw()


class Follower:
    """Reads a file, and later what came since."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.board = Board()
        self._rows: dict[str, Row] = {}
        self._steps: dict[int | None, TrackedStep] = {}
        self._place: tuple[int, int] | None = None
        self._read = 0
        self._line = 0

    def read(self) -> bool:
        """Take in what is new, and tell whether there was anything. Raises `BadResult`."""
        try:
            # Without O_NONBLOCK a pipe in its place would hang.
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            raise BadResult(str(self.path), error.strerror or str(error)) from error
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise BadResult(str(self.path), "it is no regular file")
            place = (status.st_dev, status.st_ino)
            if place != self._place or status.st_size < self._read:
                self._begin(place)
            if status.st_size == self._read:
                return False
            file.seek(self._read)
            before = self._line
            while (line := file.readline(LONGEST)).endswith(b"\n"):
                self._line += 1
                self._take(line)
                self._read += len(line)
        self._arrange()
        return self._line > before

    def stop(self, trouble: str) -> None:
        """Say on the board why no more is read."""
        self.board = replace(self.board, trouble=trouble)

    def _begin(self, place: tuple[int, int]) -> None:
        """Start anew: it is another file, or was cut."""
        self._place, self._read, self._line = place, 0, 0
        self._rows.clear()
        self._steps.clear()
        self.board = Board()

    def _take(self, line: bytes) -> None:
        try:
            head = msgspec.json.decode(line, type=_Head)
            kind, schema = ("track", STEP_SCHEMA) if bytes(head.row) else ("triage", ROW_SCHEMA)
            if head.schema != schema or not (bytes(head.row) or bytes(head.name)):
                raise self._bad("it is neither", _SESSION if head.type else _HINT)
            if self.board.kind not in (None, kind):
                raise self._bad(f"it is of another kind than those before, which are of {kind}")
            if kind == "track":
                step = msgspec.json.decode(line, type=TrackedStep)
                self._steps[step.step] = step
            else:
                row = msgspec.json.decode(line, type=Row)
                self._rows.pop(row.key, None)
                self._rows[row.key] = row
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise self._bad(str(error)) from error
        if self.board.kind is None:
            self.board = Board(kind)

    def _bad(self, why: str, hint: str = _HINT) -> BadResult:
        error = BadResult(f"{self.path.name}, line {self._line}", why)  # there is little room
        error.hint = hint
        return error

    def _arrange(self) -> None:
        steps = sorted(self._steps.values(), key=lambda one: (one.step is None, one.step or 0))
        self.board = replace(self.board, rows=tuple(self._rows.values()), steps=tuple(steps))
