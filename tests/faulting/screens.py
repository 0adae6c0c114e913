"""Commands that draw, on a pseudo-terminal: the fault first, a key to leave, and what is left."""

from __future__ import annotations

import json
import os
import sys

from end_to_end.inspecting import assert_restored
from end_to_end.terminal import Terminal, Timeout
from faulting.cell import PATIENCE, Ended
from faulting.commands import Command
from faulting.faults import Launch
from faulting.place import Place
from faulting.runners import TESTS, described


def drawn(command: Command, words: list[str], place: Place, launch: Launch) -> Ended:
    """Start it on a terminal, leave it once it has drawn, and look at the terminal."""
    asked = described(words, place, launch) | {"stdin": "", "stdout": "", "stderr": ""}
    asked["env"]["COLUMNS"] = ""
    paths = os.pathsep.join((str(TESTS), str(TESTS.parent)))
    argv = [sys.executable, "-m", "faulting.warm", json.dumps(asked)]
    with Terminal(argv, 130, 40, {"PYTHONPATH": paths}) as terminal:
        try:
            terminal.wait_until(lambda: _drew(terminal, command), "its first screen", PATIENCE)
            terminal.settle(1.0)
            terminal.press("q")
        except (Timeout, OSError):  # it may have ended, which is looked at next
            pass
        try:
            code: int | None = terminal.exit_code(PATIENCE)
        except Timeout:
            code = None
        said = "\n".join(row.rstrip() for row in terminal.screen() if row.strip())
        return Ended(code, "", said, _broken(terminal))


def _drew(terminal: Terminal, command: Command) -> bool:
    return terminal.on_alternate_screen and any(command.screen in row for row in terminal.screen())


def _broken(terminal: Terminal) -> str:
    if b"\x1b[?" not in terminal.raw:
        return ""
    try:
        assert_restored(terminal)
    except AssertionError:
        return "the terminal is not as it was"
    return ""
