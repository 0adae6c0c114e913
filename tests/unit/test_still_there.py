"""What is written for hours is not lost because somebody tidied up."""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest

from unpact_tui import sole_writer, still_there


@pytest.fixture
def file(tmp_path: Path) -> Iterator[BinaryIO]:
    descriptor = os.open(tmp_path / "rows", os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o640)
    with os.fdopen(descriptor, "r+b", buffering=0) as opened:
        assert sole_writer.is_alone(opened)
        opened.write(b"one\n" * 400_000)
        yield opened


def test_where_nothing_happened_nothing_is_done(tmp_path: Path, file: BinaryIO) -> None:
    before = (tmp_path / "rows").stat()
    still_there.put_back(tmp_path / "rows", file)
    assert (tmp_path / "rows").stat().st_ino == before.st_ino


def test_what_was_removed_is_there_again_whole_and_ours(tmp_path: Path, file: BinaryIO) -> None:
    path = tmp_path / "rows"
    mode, number = stat.S_IMODE(path.stat().st_mode), file.fileno()
    for _ in range(2):
        path.unlink()
        still_there.put_back(path, file)
        file.write(b"two\n")
    assert file.fileno() == number
    assert path.read_bytes() == b"one\n" * 400_000 + b"two\n" * 2
    assert stat.S_IMODE(path.stat().st_mode) == mode
    with path.open("rb") as another, pytest.raises(BlockingIOError):
        fcntl.flock(another, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_what_is_somebody_elses_stays_as_it_is(tmp_path: Path, file: BinaryIO) -> None:
    path = tmp_path / "rows"
    path.unlink()
    path.write_text("theirs")
    with pytest.raises(OSError, match="another file was put in its place"):
        still_there.put_back(path, file)
    assert path.read_text() == "theirs"


def test_without_its_folder_it_cannot_be_put_back(tmp_path: Path, file: BinaryIO) -> None:
    with pytest.raises(FileNotFoundError):
        still_there.put_back(tmp_path / "gone" / "rows", file)
