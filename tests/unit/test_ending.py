"""Told to end, a process does so once, in good order, and says by what it ended."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from unpact_tui.serving import left_behind

_HEAD = """
import os, signal, sys, time
from pathlib import Path
from unpact_tui import __main__, ending
out = Path(sys.argv[1])
def me(number):
    os.kill(os.getpid(), number)
    time.sleep(0)  # where it is heard
"""


def _ended(folder: Path, code: str, *, before: str = "") -> subprocess.CompletedProcess[str]:
    """Run `code` as the command line's work."""
    work = textwrap.indent(textwrap.dedent(code).strip(), "    ")
    program = f"{_HEAD}{before}\ndef run():\n{work}\n    return 0\n"
    program += "def guarded():\n    with ending.ended_by_signals():\n        return run()\n"
    program += "__main__._run = guarded\n__main__.main()\n"
    return subprocess.run(
        [sys.executable, "-c", program, str(folder / "out")],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


ENDS = [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)]


@pytest.mark.parametrize(("number", "code"), ENDS)
def test_what_is_half_is_put_right_though_it_is_told_twice(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    done = _ended(
        tmp_path,
        f"""
        out.touch()
        try:
            me({int(number)})
        finally:
            me({int(number)})  # control-C twice: it must not break this off
            me(signal.SIGTERM)
            out.unlink()
        """,
    )
    assert (done.returncode, done.stderr) == (code, "")
    assert not (tmp_path / "out").exists()


def test_whoever_asks_again_later_means_it(tmp_path: Path) -> None:
    done = _ended(
        tmp_path,
        """
        try:
            me(signal.SIGTERM)
        finally:
            time.sleep(0.1)
            me(signal.SIGINT)
            time.sleep(30)
        """,
        before="ending._SAME = 0.05",
    )
    assert done.returncode == -signal.SIGINT


def test_the_code_is_the_signals_whatever_breaks_on_the_way_out(tmp_path: Path) -> None:
    """As an import does that is broken off: it raises another error."""
    done = _ended(
        tmp_path,
        """
        try:
            me(signal.SIGINT)
        except KeyboardInterrupt as error:
            raise RuntimeError("a class half made") from error
        """,
    )
    assert (done.returncode, done.stderr) == (130, "")


def test_the_code_stands_where_a_text_was_being_executed(tmp_path: Path) -> None:
    """As while a dataclass is made. -m: a script's end is another one in the interpreter."""
    (tmp_path / "program.py").write_text(
        f"{_HEAD}def run():\n    with ending.ended_by_signals():\n"
        "        exec('me(signal.SIGINT)')\n    return 0\n"
        "__main__._run = run\n__main__.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "program", str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (130, "")


def test_work_that_was_done_all_the_same_is_done(tmp_path: Path) -> None:
    done = _ended(
        tmp_path,
        """
        try:
            me(signal.SIGTERM)
        except SystemExit:
            pass
        """,
    )
    assert done.returncode == 0


def test_a_signal_that_is_ignored_stays_ignored(tmp_path: Path) -> None:
    ignoring = "signal.signal(signal.SIGHUP, signal.SIG_IGN)"
    done = _ended(tmp_path, "me(signal.SIGHUP)", before=ignoring)
    assert done.returncode == 0


def test_words_that_nobody_takes_do_not_end_the_work(tmp_path: Path) -> None:
    """As after `2>&1 | head`, or on a line that has dropped without a signal."""
    done = _ended(
        tmp_path,
        """
        reading, writing = os.pipe()
        os.dup2(writing, 2)
        os.close(writing)
        os.close(reading)
        for _ in range(3):
            print("a third is done", file=sys.stderr, flush=True)
        out.write_text("the result")
        """,
    )
    assert done.returncode == 0
    assert (tmp_path / "out").read_text() == "the result"


_LEASHED = """
import sys, time
from unpact_tui import ending, leash
leash.end_with_parent()
with ending.ended_by_signals():
    try:
        print("begun", flush=True)
        time.sleep(60)
    finally:
        print("put right", flush=True)
"""
_HOLDING = """
import sys
from pathlib import Path
from unpact_tui import ending, leash
sys.path.insert(0, sys.argv[1])
import os
os.environ["PYTHONPATH"] = sys.argv[1]
with ending.ended_by_signals():
    leash.wait_for("leashed_work", ())
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGKILL, -9), (signal.SIGTERM, 143)])
def test_a_process_on_a_leash_does_not_outlive_who_holds_it(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    (tmp_path / "leashed_work.py").write_text(_LEASHED)
    argv = [sys.executable, "-c", _HOLDING, str(tmp_path)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "begun\n"
        holder.send_signal(number)
        assert holder.wait(30) == code
        # Read to the end: then nobody holds the pipe any more.
        assert holder.stdout.read() == "put right\n"


def test_sockets_of_servers_that_were_killed_go(tmp_path: Path) -> None:
    long_ago = time.time() - 3600
    sockets: list[socket.socket] = []
    for name in ("x-dead", "x-alive", "x-young", "y-dead"):
        (tmp_path / name).mkdir()
        sockets.append(socket.socket(socket.AF_UNIX))
        sockets[-1].bind(str(tmp_path / name / "engine"))
        sockets[-1].listen()
        if name != "x-alive":
            sockets[-1].close()
        if name != "x-young":
            os.utime(tmp_path / name, (long_ago, long_ago))
    (tmp_path / "x-other").mkdir()
    os.utime(tmp_path / "x-other", (long_ago, long_ago))
    left_behind.clear(tmp_path, "x-", "engine")
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == ["x-alive", "x-other", "x-young", "y-dead"]
    sockets[1].close()
