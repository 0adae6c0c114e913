"""A run that dies, or whose disk fails, at any single point: what has a name is whole.

The tests run this file as a program. It forks once per point, because an audit hook, which sees
every call to the file system, cannot be taken out again, and a test must not kill its own process.
"""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
import traceback
from pathlib import Path

import pytest

from unpact_tui.errors import Unwritable
from unpact_tui.unlearning.run_folder import RunFolder

POINTS = {
    "fcntl.flock", "open", "os.listdir", "os.mkdir", "os.remove", "os.rename", "os.rmdir",
    "os.scandir", "test.fsync", "test.half",
}  # fmt: skip
FINISHED, STOPPED, KILLED, WRONG = 0, 1, 9, 3
LINE = re.compile(r"(\d+) points: (.*)")


def _fill(folder: Path, version: str) -> None:
    (folder / "deep").mkdir()
    for name in ("config", "deep/weights"):
        with (folder / name).open("w") as file:
            file.write(version)
            file.flush()
            sys.audit("test.half")
            file.write(version)


def _version(folder: Path) -> str:
    """Return which version a folder holds; it must be one, and all of it."""
    files = {
        file.relative_to(folder).as_posix(): file.read_text()
        for file in folder.rglob("*")
        if file.is_file()
    }
    assert files.keys() == {"config", "deep/weights"}, (folder, files)
    (text,) = set(files.values())
    assert text in ("oldold", "newnew", "newestnewest"), (folder, text)
    return text


def _before(run: RunFolder) -> None:
    with run.open(resume=False):
        for place in (run.checkpoint(5), run.state(5)):
            with place as part:
                _fill(part, "old")


def _work(run: RunFolder) -> None:
    with run.open(resume=True):
        for place in (run.checkpoint(5), run.checkpoint(6), run.state(6)):
            with place as part:
                _fill(part, "new")
        with run.state(6) as part:
            _fill(part, "newest")


def _check(run: RunFolder) -> None:
    for _step, folder in run.checkpoints():
        _version(folder)
    for entry in run.path.iterdir():
        if re.fullmatch(r"checkpoint-\d+|\.state-\d+", entry.name):
            _version(entry)
    with run.open(resume=True):  # the lock is free
        steps = [step for step, _folder in run.checkpoints()]
        state = run.latest_state()
        assert steps in ([5], [5, 6]), steps
        assert state is not None
        assert state[0] in (5, 6)
        assert state[0] in steps
        ready = [run.path / f"checkpoint-{step}" for step in steps]
        for folder in (*ready, state[1]):
            _version(folder)
        kept = {entry.name for entry in run.path.iterdir()} - {".state-5", ".state-6"}
        assert kept == {".lock", *(folder.name for folder in ready)}, kept


def _child(run: RunFolder, mode: str, point: int) -> int:
    """Do the work, and be stopped at its `point`-th call; return how it ended."""
    seen, armed = 0, True

    def hook(event: str, _arguments: tuple[object, ...]) -> None:
        nonlocal seen
        if not armed or event not in POINTS:
            return
        seen += 1
        if mode == "killed" and seen == point:
            os._exit(KILLED)
        if seen == point or (mode == "disk gone" and seen > point):
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    sys.addaudithook(hook)
    try:
        _work(run)
    except Unwritable:
        return STOPPED
    finally:
        armed = False
    return FINISHED if seen < point else STOPPED


def _stopped(run: RunFolder, mode: str, point: int) -> int:
    child = os.fork()
    if child == 0:
        code = WRONG
        try:
            code = _child(run, mode, point)
        finally:
            if code == WRONG:
                traceback.print_exc()
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _main(mode: str, place: Path) -> None:
    os.fsync = lambda _descriptor: sys.audit("test.fsync")  # thousands of real ones take minutes
    warm = RunFolder(place / "warm")
    _before(warm)
    _work(warm)  # whatever is imported late, is by now
    for point in range(1, 1000):
        run = RunFolder(place / str(point))
        _before(run)
        code = _stopped(run, mode, point)
        assert code in (FINISHED, KILLED if mode == "killed" else STOPPED), (point, code)
        _check(run)
        if code == FINISHED:
            sys.stdout.write(f"{point - 1} points: {mode}\n")
            return


@pytest.mark.parametrize(
    "mode",
    [
        "killed",
        *(pytest.param(mode, marks=pytest.mark.soak) for mode in ("call fails", "disk gone")),
    ],
)
def test_what_is_named_is_whole(tmp_path: Path, mode: str) -> None:
    program = [sys.executable, __file__, mode, str(tmp_path)]
    done = subprocess.run(program, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    said = LINE.fullmatch(done.stdout.strip())
    assert said, done.stdout
    assert int(said[1]) > 100
    assert said[2] == mode


if __name__ == "__main__":
    _main(sys.argv[1], Path(sys.argv[2]))
