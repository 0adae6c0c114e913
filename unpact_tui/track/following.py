"""A file of checkpoints that may still grow: rows of a triage, or steps of a run.

Told apart by the first line. What was read is not read again; a last line that is not whole yet is
left for the next time. Files are read as untrusted. Knows nothing of screens.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from io import BufferedReader
from pathlib import Path
from typing import Literal

import msgspec

from unpact_tui.errors import BadResult, Unreadable
from unpact_tui.ledger import LONGEST
from unpact_tui.plausible import implausible
from unpact_tui.regular_files import json_lines, opened
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
            with opened(self.path) as raw, BufferedReader(raw) as file:
                if not self._is_longer(os.fstat(file.fileno())):
                    return False
                before = self._line
                file.seek(self._read)
                for line in json_lines(file, LONGEST):
                    if not line.endswith(b"\n"):
                        break
                    self._line += 1
                    self._take(line)
                    self._read += len(line)
        except Unreadable as error:
            raise BadResult(str(self.path), error.why) from error
        self._arrange()
        return self._line > before

    def _is_longer(self, status: os.stat_result) -> bool:
        place = (status.st_dev, status.st_ino)
        if place != self._place or status.st_size < self._read:
            self._begin(place)
        return status.st_size != self._read

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
            found = msgspec.json.decode(line, type=TrackedStep if kind == "track" else Row)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise self._bad(str(error)) from error
        if why := implausible(found, line):
            raise self._bad(why)
        if isinstance(found, TrackedStep):
            self._steps[found.step] = found
        else:
            self._rows.pop(found.key, None)
            self._rows[found.key] = found
        if self.board.kind is None:
            self.board = Board(kind)

    def _bad(self, why: str, hint: str = _HINT) -> BadResult:
        error = BadResult(f"{self.path.name}, line {self._line}", why)  # there is little room
        error.hint = hint
        return error

    def _arrange(self) -> None:
        steps = sorted(self._steps.values(), key=lambda one: (one.step is None, one.step or 0))
        self.board = replace(self.board, rows=tuple(self._rows.values()), steps=tuple(steps))
