from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from triage_fixture import make_row

from unpact_tui.document import encode
from unpact_tui.errors import BadResult, BadUsage, Unwritable
from unpact_tui.ledger import opened, read
from unpact_tui.triage.row import ROWS, Row


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "rows.jsonl"


def write(file: Path, *rows: Row, tail: bytes = b"") -> bytes:
    whole = b"".join(encode(row) + b"\n" for row in rows)
    file.write_bytes(whole + tail)
    return whole


def test_rows_are_on_the_disk_one_by_one(file: Path) -> None:
    with opened(file, ROWS, resume=False) as kept:
        for name in ("a", "b"):
            kept.add(make_row(name))
            assert read(file, ROWS)[-1] == make_row(name)
    assert [row.name for row in read(file, ROWS)] == ["a", "b"]


def test_what_is_there_is_never_written_over(file: Path) -> None:
    whole = write(file, make_row("a"))
    with (
        pytest.raises(BadUsage, match="is there already") as caught,
        opened(file, ROWS, resume=False),
    ):
        pass
    assert "--resume" in caught.value.hint
    assert file.read_bytes() == whole


def test_an_empty_file_is_as_good_as_none(file: Path) -> None:
    file.touch()
    with opened(file, ROWS, resume=False) as kept:
        kept.add(make_row("a"))
    assert len(read(file, ROWS)) == 1


def test_a_line_cut_off_anywhere_is_dropped_and_the_rest_kept(file: Path) -> None:
    torn = encode(make_row("b")) + b"\n"
    for cut in (1, 5, 11, 40, len(torn) - 1):
        whole = write(file, make_row("a"), tail=torn[:cut])
        assert [row.name for row in read(file, ROWS)] == ["a"]
        with opened(file, ROWS, resume=True) as kept:
            assert [row.name for row in kept.lines.values()] == ["a"]
            assert file.read_bytes() == whole
            kept.add(make_row("c"))
        assert [row.name for row in read(file, ROWS)] == ["a", "c"]


def test_of_several_rows_with_one_key_the_last_counts(file: Path) -> None:
    write(file, make_row("a", None, error="No."), make_row("b"), make_row("a"))
    with opened(file, ROWS, resume=True) as kept:
        assert [(row.name, row.error) for row in kept.lines.values()] == [("b", ""), ("a", "")]


@pytest.mark.parametrize(
    "content",
    [
        b"notes of mine, without an end of line",
        b"notes of mine\n",
        b'{"schema": 9, "key": "x"}\n',
        b'{"schema": 1}\n',
        b"\xff\xfe\n",
        b"[" * 100_000 + b"\n",
    ],
    ids=["text", "line", "schema", "lacking", "bytes", "deep"],
)
def test_what_is_no_file_of_rows_is_refused_and_left_alone(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(BadResult), opened(file, ROWS, resume=True):
        pass
    assert file.read_bytes() == content


def test_a_bad_line_in_the_middle_is_named(file: Path) -> None:
    write(file, make_row("a"), tail=b"nonsense\n" + encode(make_row("b")) + b"\n")
    with pytest.raises(BadResult, match="line 2"), opened(file, ROWS, resume=True):
        pass


def test_two_writers_do_not_share_a_file(file: Path) -> None:
    # flock is per open file: a second one of the same process is refused like another process's.
    with (
        opened(file, ROWS, resume=False),
        pytest.raises(BadUsage, match="in use"),
        opened(file, ROWS, resume=True),
    ):
        pass
    with opened(file, ROWS, resume=True):
        pass


def test_pipes_folders_and_missing_folders_are_refused(tmp_path: Path, file: Path) -> None:
    os.mkfifo(file)
    with pytest.raises(BadUsage, match="no regular file"), opened(file, ROWS, resume=True):
        pass
    with pytest.raises(BadUsage, match="is a folder"), opened(tmp_path, ROWS, resume=True):
        pass
    with pytest.raises(Unwritable), opened(tmp_path / "no" / "rows.jsonl", ROWS, resume=False):
        pass


def test_a_full_disk_leaves_what_was_there(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with opened(file, ROWS, resume=False) as kept:
        kept.add(make_row("a"))
        whole = file.read_bytes()
        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", full)
            with pytest.raises(Unwritable, match="No space left"):
                kept.add(make_row("b"))
        assert file.read_bytes() == whole
        kept.add(make_row("c"))
    assert [row.name for row in read(file, ROWS)] == ["a", "c"]


def test_a_name_that_is_no_text_is_kept(file: Path) -> None:
    with opened(file, ROWS, resume=False) as kept:
        kept.add(make_row("a\udcff"))
    assert [row.name for row in read(file, ROWS)] == ["a\ufffd"]


@pytest.mark.parametrize("when", ["before a row", "after the last"])
def test_a_file_that_somebody_removes_is_there_again(file: Path, when: str) -> None:
    with opened(file, ROWS, resume=False) as kept:
        kept.add(make_row("a"))
        if when == "before a row":
            file.unlink()
        kept.add(make_row("b"))
        if when == "after the last":
            file.unlink()
    assert [row.name for row in read(file, ROWS)] == ["a", "b"]


def test_a_file_whose_place_was_taken_is_left_alone(file: Path) -> None:
    with opened(file, ROWS, resume=False) as kept:
        kept.add(make_row("a"))
        file.unlink()
        file.write_text("theirs")
        with pytest.raises(Unwritable, match="another file was put in its place"):
            kept.add(make_row("b"))
        file.unlink()
    assert [row.name for row in read(file, ROWS)] == ["a"]
