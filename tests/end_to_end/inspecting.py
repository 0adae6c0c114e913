"""The inspector on real checkpoints in a terminal: started, its engine found, its end examined.

It knows how the program is started and what a terminal must look like afterwards, not what is on
its screens.
"""

from __future__ import annotations

import os
import re
import select
import signal
import sys
import termios
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import pytest
from end_to_end.terminal import PATIENCE, Terminal

ANSWER = "Author Basil Mahfouz Al-Kuwaiti is male."
"""What the base answers to the question that most tests ask."""

_RECOVERY = ("─Recovery · ", "-Recovery - ")
_FRAME = 0.1
"""Seconds of quiet that end a frame: before, its lower half may be that of the frame before."""

HELP = "token to the left"
"""What stands in the dialog of keys, and nowhere else."""

QUICK = ("-s", "strategies=bold,quote", "-s", "draws=1")

_PRIVATE_MODE = re.compile(rb"\x1b\[\?([0-9;]+)([hl])")
_ON_AT_REST = {b"7", b"25"}
"""Wrapping at the right edge, and the cursor."""


def question(family: Path, folder: Path) -> Path:
    """Write a prompt file of one row, the forget set's second, and return its path."""
    row = (family / "forget.jsonl").read_text(encoding="utf-8").splitlines()[1]
    path = folder / "question.jsonl"
    path.write_text(row + "\n", encoding="utf-8")
    return path


def inspector(
    *words: object,
    columns: int = 130,
    rows: int = 40,
    env: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
    cwd: Path | None = None,
) -> Terminal:
    """Start `unpact-tui` with `words` on one thread, as somebody who has been here before."""
    state = Path((env or {}).get("XDG_STATE_HOME") or os.environ["XDG_STATE_HOME"]) / "unpact-tui"
    with suppress(OSError):  # a test of what happens without such a folder
        state.mkdir(parents=True, exist_ok=True, mode=0o700)
        (state / "seen").touch()
    argv = [sys.executable, "-m", "unpact_tui", *map(str, words)]
    env = {"OMP_NUM_THREADS": "1"} | dict(env or {})
    return Terminal(argv, columns, rows, env, stdin=stdin, cwd=cwd)


def judged(terminal: Terminal, label: str = "") -> None:
    """Wait until the verdict is on the screen and nothing is being done any more."""
    terminal.settle(_FRAME)
    terminal.wait_until(
        lambda: any(f"{title}{label}" in row for title in _RECOVERY for row in terminal.screen()),
        f"the verdict {label}",
    )
    terminal.wait_gone("x cancels")
    terminal.settle()


def tried(terminal: Terminal) -> None:
    """Wait until the emphasis that is on has been read, and nothing is being done any more."""
    terminal.settle(_FRAME)
    terminal.wait_for("without it")
    terminal.wait_gone("x cancels")
    terminal.settle()


def pane(terminal: Terminal, side: str) -> str:
    """Return what stands in the left or the right half of the screen, blanks at the ends gone.

    What stands in brackets only the base says, so it is left out.
    """
    rows = terminal.screen()
    half = len(rows[0]) // 2
    places = range(half) if side == "left" else range(half, len(rows[0]))
    found: list[str] = []
    for y in range(len(rows)):
        cells = [terminal.cell(x, y) for x in places]
        found.append("".join(cell.data for cell in cells))
    said = re.sub(r"\[-.*?-\]", "", "\n".join(found), flags=re.DOTALL)
    return "\n".join(re.sub(" +", " ", line.strip()) for line in said.split("\n"))


class Engine:
    """The engine's process, held by a descriptor: a number may be given to another process."""

    def __init__(self, number: int) -> None:
        self.number = number
        self._descriptor = os.pidfd_open(number)

    def kill(self) -> None:
        """End it as the kernel does when memory is short."""
        signal.pidfd_send_signal(self._descriptor, signal.SIGKILL)

    def gone(self, timeout: float = PATIENCE) -> bool:
        """Whether it has ended, at the latest after `timeout` seconds."""
        ready, _, _ = select.select([self._descriptor], [], [], timeout)
        return bool(ready)


def engine_of(terminal: Terminal) -> Engine:
    """Find the engine of an inspector that has drawn its first screen."""
    if not hasattr(os, "pidfd_open"):
        pytest.skip("processes can only be watched on Linux")
    found = [number for number in _children(terminal.pid) if _is_engine(number)]
    assert len(found) == 1
    return Engine(found[0])


def _children(parent: int) -> list[int]:
    found: list[int] = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                status = (entry / "stat").read_text(encoding="utf-8", errors="replace")
            except OSError:  # it has ended
                continue
            if int(status.rpartition(")")[2].split()[1]) == parent:
                found.append(int(entry.name))
    return found


def _is_engine(number: int) -> bool:
    return b"unpact_tui.worker.server" in Path(f"/proc/{number}/cmdline").read_bytes()


def assert_restored(terminal: Terminal) -> None:
    """The shell finds the terminal as it was: main screen, cursor, no mouse, lines that echo."""
    assert not terminal.on_alternate_screen
    raw = terminal.raw
    last = _modes(raw)
    assert last
    assert not {n for n, state in last.items() if (state == b"h") != (n in _ON_AT_REST)}
    assert raw.count(b"\x1b[>25u") == raw.count(b"\x1b[<u")  # the keyboard protocol's stack
    local = termios.tcgetattr(terminal._master)[3]
    assert local & termios.ECHO
    assert local & termios.ICANON


def _modes(raw: bytes) -> dict[bytes, bytes]:
    """Return every private mode that was ever set, with what it was set to last."""
    return {
        number: match[2] for match in _PRIVATE_MODE.finditer(raw) for number in match[1].split(b";")
    }
