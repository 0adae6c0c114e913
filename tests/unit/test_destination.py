"""Where results are written: nothing that is there is replaced that should be written to."""

from __future__ import annotations

import errno
import os
import stat
import threading
from pathlib import Path

import pytest

from unpact_tui.destination import destination
from unpact_tui.errors import BadUsage, Unwritable


def test_a_new_file_and_one_that_is_replaced(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    destination(file).write("first")
    file.chmod(0o640)
    destination(file).write("second é")
    assert file.read_text("utf-8") == "second é"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_a_link(tmp_path: Path, there: bool) -> None:
    (tmp_path / "real").mkdir()
    target, link = tmp_path / "real" / "target", tmp_path / "link"
    if there:
        target.write_text("old")
    link.symlink_to("real/target")
    destination(link).write("new")
    assert link.is_symlink()
    assert target.read_text() == "new"


@pytest.mark.parametrize("linked", [False, True])
def test_a_pipe_is_written_to_and_stays(tmp_path: Path, linked: bool) -> None:
    pipe, link = tmp_path / "pipe", tmp_path / "link"
    os.mkfifo(pipe)
    link.symlink_to(pipe)
    heard: list[str] = []
    reader = threading.Thread(target=lambda: heard.append(pipe.read_text()), daemon=True)
    reader.start()
    destination(link if linked else pipe).write("text")
    reader.join(10)
    assert heard == ["text"]
    assert pipe.is_fifo()
    assert link.is_symlink()


def test_what_can_be_refused_before_the_work_is(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    to_folder = tmp_path / "to_folder"
    to_folder.symlink_to(tmp_path)
    for path in (tmp_path, to_folder):
        with pytest.raises(BadUsage, match="is a folder"):
            destination(path)
    with pytest.raises(BadUsage, match="There is no folder"):
        destination(tmp_path / "no" / "such")
    for path in (loop, tmp_path / ("n" * 300)):
        with pytest.raises(Unwritable, match="cannot be written"):
            destination(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_what_may_not_be_written(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch(0o444)
    tmp_path.chmod(0o555)
    try:
        for path in (file, tmp_path / "new"):
            with pytest.raises(Unwritable, match="Permission denied"):
                destination(path)
    finally:
        tmp_path.chmod(0o755)


def test_a_name_as_long_as_names_can_be(tmp_path: Path) -> None:
    file = tmp_path / ("n" * 255)
    destination(file).write("text")
    assert file.read_text() == "text"


def test_a_full_disk_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    file = tmp_path / "result.json"
    file.write_text("old")
    place = destination(file)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unwritable, match=r"result\.json cannot be written: No space left"):
        place.write("new")
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]


def test_half_a_character_does_not_cost_the_result(tmp_path: Path) -> None:
    destination(tmp_path / "file").write("a\udce9b")
    assert (tmp_path / "file").read_text() == r"a\udce9b"
