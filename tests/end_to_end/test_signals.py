"""A screen without any model, and its end: by signals at bad moments, without a terminal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from end_to_end.inspecting import assert_restored
from end_to_end.terminal import PATIENCE, Terminal
from triage_fixture import make_row

from unpact_tui.document import encode


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Terminal]:
    """A board of three checkpoints, just started."""
    with Terminal(_words(tmp_path), 100, 30, {"XDG_STATE_HOME": str(tmp_path)}) as terminal:
        yield terminal


def _words(folder: Path) -> list[str]:
    file = folder / "rows.jsonl"
    file.write_bytes(b"".join(encode(make_row(name)) + b"\n" for name in "abc"))
    return [sys.executable, "-m", "unpact_tui", "board", str(file)]


def _state(process: int) -> str:
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]


def _ended(terminal: Terminal, code: int) -> None:
    assert terminal.exit_code() == code
    assert_restored(terminal)
    assert "Traceback" not in "\n".join(terminal.screen())


def _signalled(terminal: Terminal, *numbers: signal.Signals) -> None:
    for number in numbers:
        terminal.signal(number)


@pytest.mark.slow
def test_a_signal_before_the_first_frame_gives_the_terminal_back(board: Terminal) -> None:
    board.wait_until(lambda: b"\x1b[?1049h" in board.raw, "the screen to be taken")
    _signalled(board, signal.SIGTERM, signal.SIGTERM)
    _ended(board, 143)


@pytest.mark.slow
def test_stopped_it_gives_the_terminal_back_and_goes_on_where_it_was(board: Terminal) -> None:
    board.wait_for("UNRECOVERED")
    board.press(
        "ctrl+z", "?"
    )  # the key does nothing: there is no way back for who hits it by chance
    board.wait_for("Keys")
    board.signal(signal.SIGTSTP)
    board.wait_until(lambda: _state(board.pid) == "T", "the stop")
    board.settle()
    assert_restored(board)
    board.signal(signal.SIGCONT)
    board.wait_until(lambda: board.on_alternate_screen, "the screen to be taken again")
    board.wait_for("Keys")
    _signalled(board, signal.SIGTERM, signal.SIGTERM)  # while a dialog is open
    _ended(board, 143)


@pytest.mark.soak
def test_control_c_twice_ends_it_once(board: Terminal) -> None:
    board.wait_for("UNRECOVERED")
    board.press("ctrl+c", "ctrl+c")
    _ended(board, 130)


@pytest.mark.soak
def test_a_dropped_line_ends_it_by_its_signal(board: Terminal) -> None:
    board.wait_for("UNRECOVERED")
    board.hang_up()
    assert board.exit_code() == 129


@pytest.mark.slow
def test_a_terminal_that_goes_without_a_word_ends_it_too(tmp_path: Path) -> None:
    """As for who was started by setsid: the kernel tells nobody."""
    master, slave = os.openpty()
    env = os.environ | {"XDG_STATE_HOME": str(tmp_path), "TERM": "xterm-256color"}
    process = subprocess.Popen(
        _words(tmp_path), stdin=slave, stdout=slave, stderr=slave, start_new_session=True, env=env
    )
    os.close(slave)
    seen = b""
    while b"UNRECOVERED" not in seen:
        seen += os.read(master, 1 << 16)
    os.close(master)
    began = time.monotonic()
    try:
        assert process.wait(PATIENCE) == 129
    finally:
        process.kill()
    assert time.monotonic() - began < PATIENCE
