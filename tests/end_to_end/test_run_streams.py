"""What becomes of `unpact-tui` when its output is full, closed or not read, and when it is ended.

Devices are only ever reached through a redirection by the shell.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from checkpoints_fixture import make_checkpoint
from end_to_end.inspecting import assert_restored, inspector

QUICK = ("-s", "strategies=bold", "-s", "draws=1", "-s", "max_new_tokens=8")


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("tiny")
    return make_checkpoint(folder / "base"), make_checkpoint(folder / "other", seed=1)


def shell(
    rest: str, *words: object, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `unpact-tui` with `words`, and `rest` of a line of the shell after it."""
    line = shlex.join([sys.executable, "-m", "unpact_tui", *map(str, words)])
    return subprocess.run(
        ["bash", "-c", f"set -o pipefail; {line} {rest}"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=200,
        env=os.environ | {"OMP_NUM_THREADS": "1"} | (env or {}),
        check=False,
    )


def one_sentence(done: subprocess.CompletedProcess[str], text: str) -> None:
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith(f"unpact-tui: {text}")


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="there is no /dev/full")
@pytest.mark.parametrize("words", ["strategies", "settings", "--version", "--help"])
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_disk_is_one_sentence(words: str, unbuffered: str) -> None:
    done = shell("> /dev/full", words, env={"PYTHONUNBUFFERED": unbuffered})
    one_sentence(done, "Standard output cannot be written: No space left")


@pytest.mark.soak
@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="there is no /dev/full")
def test_a_result_for_a_full_disk_is_one_sentence(tiny: tuple[Path, Path]) -> None:
    done = shell("> /dev/full", "run", *tiny, "-p", "Who?", *QUICK, "-q")
    one_sentence(done, "Standard output cannot be written: No space left")


@pytest.mark.parametrize("words", ["strategies", "--help", "run a b -p x", "compare a b"])
def test_a_closed_output_is_noticed_first(words: str) -> None:
    one_sentence(shell(">&-", *words.split()), "Standard output is closed.")
    assert shell(">&- 2>&-", *words.split()).returncode == 2


def test_nobody_reads_a_listing() -> None:
    done = shell("| (exec <&-; sleep 2)", "strategies")  # the reader is gone before it is written
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, "")


@pytest.mark.soak
def test_nobody_reads_a_result(tiny: tuple[Path, Path]) -> None:
    done = shell("| true", "run", *tiny, "-p", "Who?", *QUICK, "-q", "--fail-on", "collapsed")
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, "")


@pytest.mark.soak
def test_the_name_of_standard_output_is_standard_output(
    tiny: tuple[Path, Path], tmp_path: Path
) -> None:
    """A link of our own stands for /dev/stdout: what it leads to must never be replaced."""
    link, log = tmp_path / "stdout", tmp_path / "log"
    link.symlink_to("/dev/fd/1")
    log.write_text("before\n")
    words = ("run", *tiny, "-p", "Who?", *QUICK, "-q", "--json", "--out", link)
    done = shell(f">> {shlex.quote(str(log))}", *words)
    assert done.returncode == 0, done.stderr
    assert link.is_symlink()
    assert log.read_text().startswith("before\n{\n")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_gives_the_cursor_back(
    tiny: tuple[Path, Path], tmp_path: Path, number: int, code: int
) -> None:
    out = tmp_path / "result.json"
    with inspector("run", *tiny, "-p", "Who?", "--out", out) as terminal:
        terminal.wait_for("importing torch")
        assert b"\x1b[?25l" in terminal.raw
        terminal.signal(number)
        assert terminal.exit_code() == code
        assert_restored(terminal)
        assert "Traceback" not in "\n".join(terminal.screen())
    assert list(tmp_path.iterdir()) == []


def test_nowhere_to_keep_the_engines_log(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    env = {"XDG_STATE_HOME": str(tmp_path / "file" / "below")}
    with inspector("compare", "a", "b", "-p", "x", columns=300, env=env) as terminal:
        assert terminal.exit_code() == 2
        said = "\n".join(row.rstrip() for row in terminal.screen() if row.strip())
    assert "cannot be used for the engine's log: Not a directory" in said
    assert "Set XDG_STATE_HOME" in said
    assert "Traceback" not in said
