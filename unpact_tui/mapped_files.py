"""Weight files that an open model still reads from: noticed when somebody writes into them.

On a processor weights are not copied out of their files: the system brings in what is asked for.
Whoever overwrites such a file changes the numbers of a model that is open, or takes them away. A
file that was replaced under its name, or removed, is another one: the model keeps the old. Knows
neither formats nor what a model is asked.
"""
# torch's annotations are incomplete.
# pyright: basic

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from unpact_tui.errors import Unreadable

if TYPE_CHECKING:
    from transformers import PreTrainedModel

_MAPS = Path("/proc/self/maps")

_Facts = tuple[int, int, int, int]
"""Device, number, bytes and time of the last writing."""


class Watch:
    """Files as they were when this was made, which must be before they are read."""

    def __init__(self, files: Iterable[Path]) -> None:
        self._seen = {file: found for file in files if (found := _facts(file)) is not None}

    def attach(self, model: PreTrainedModel) -> None:
        """Have the model refuse, from now on, to answer from a file that was written to."""
        self._seen = {file: self._seen[file] for file in _mapped(self._seen)}
        if self._seen:
            # Before, because what is not there any more cannot be read; afterwards, because what
            # was read may be what was written meanwhile.
            model.register_forward_pre_hook(self._before)
            model.register_forward_hook(self._after)

    def require(self) -> None:
        """Raise `Unreadable` when a file is no longer what it was."""
        for file, before in self._seen.items():
            now = _facts(file)
            if now is not None and now != before and now[:2] == before[:2]:
                hint = "Open it again; let checkpoints be written beside it and renamed."
                raise Unreadable(file, "it was written to while the model was open", hint)

    def _before(self, _module: object, _given: object) -> None:
        self.require()

    def _after(self, _module: object, _given: object, _found: object) -> None:
        self.require()


def _facts(file: Path) -> _Facts | None:
    try:
        found = file.stat()
    except OSError:  # gone, or out of reach: what is open stays
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _mapped(files: Iterable[Path]) -> list[Path]:
    """Return those that this process has in its memory as files; all, where nobody can tell."""
    try:
        maps = _MAPS.read_bytes()
    except OSError:
        return list(files)
    # The system escapes a line's end in a name; such a file is watched without need.
    return [
        file
        for file in files
        if (name := os.fsencode(os.path.realpath(file))) in maps or b"\n" in name
    ]
