"""Steps on disk: appended, resumed, followed while they come, and never trusted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from track_fixture import COMPARE, rows, run, written

from unpact_tui.document import encode
from unpact_tui.errors import BadResult, BadUsage
from unpact_tui.ledger import opened
from unpact_tui.track.following import Follower
from unpact_tui.track.openable import inspector_words
from unpact_tui.track.schema import STEPS


def test_what_is_kept_is_known_again(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    with opened(path, STEPS, resume=False) as file:
        for step in run():
            file.add(step)
    with opened(path, STEPS, resume=True) as file:
        assert list(file.lines.values()) == list(run())


@pytest.mark.parametrize("lost", [1, 200, 3000])
def test_a_torn_line_is_taken_off(tmp_path: Path, lost: int) -> None:
    path = written(tmp_path / "run.jsonl", run())
    last = len(encode(run()[-1])) + 1
    os.truncate(path, path.stat().st_size - min(lost, last - 3))
    with opened(path, STEPS, resume=True) as file:
        assert len(file.lines) == 5
        file.add(run()[-1])
    with opened(path, STEPS, resume=True) as file:
        assert len(file.lines) == 6


def test_nothing_is_written_over(tmp_path: Path) -> None:
    path = written(tmp_path / "run.jsonl", run())
    before = path.read_bytes()
    with pytest.raises(BadUsage, match="already"), opened(path, STEPS, resume=False):
        pass
    (tmp_path / "notes.txt").write_text("buy milk")
    with pytest.raises(BadResult), opened(tmp_path / "notes.txt", STEPS, resume=True):
        pass
    assert path.read_bytes() == before
    assert (tmp_path / "notes.txt").read_text() == "buy milk"


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    with (
        opened(path, STEPS, resume=True),
        pytest.raises(BadUsage, match="in use"),
        opened(path, STEPS, resume=True),
    ):
        pass


def test_a_file_is_followed_as_it_grows(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_bytes(b"")
    follower = Follower(path)
    assert not follower.read()
    assert follower.board.kind is None
    lines = [encode(step) + b"\n" for step in run()]
    with path.open("ab") as file:
        file.write(lines[1] + lines[0][:40])
    assert follower.read()
    assert [step.step for step in follower.board.steps] == [20]
    assert not follower.read()
    with path.open("ab") as file:
        file.write(lines[0][40:])
    assert follower.read()
    assert follower.board.kind == "track"
    assert [step.step for step in follower.board.steps] == [10, 20]
    written(path, run(1))  # another run was begun in its place
    assert follower.read()
    assert [step.step for step in follower.board.steps] == [10]


def test_of_rows_with_one_key_the_last_counts(tmp_path: Path) -> None:
    first, *others = rows()
    follower = Follower(written(tmp_path / "t.jsonl", [first, *others, first]))
    follower.read()
    assert follower.board.kind == "triage"
    assert follower.board.rows == (*others, first)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b'{"type":"Began","schema":1}\n', "neither"),
        (b'{"schema":9,"name":"x"}\n', "neither"),
        (b'{"schema":1,"name":"x"}\n', "verdict|key"),
        (b"nonsense\n", "malformed"),
        (b"[1, 2]\n", "Expected"),
        (b"\xff\xfe\n", "."),
    ],
)
def test_other_files_are_refused(tmp_path: Path, text: bytes, why: str) -> None:
    (tmp_path / "x.jsonl").write_bytes(text)
    with pytest.raises(BadResult, match=why):
        Follower(tmp_path / "x.jsonl").read()


def test_a_session_is_told_from_them(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(b'{"type":"Began","schema":1}\n')
    with pytest.raises(BadResult) as caught:
        Follower(tmp_path / "x.jsonl").read()
    assert "unpact-tui open" in caught.value.hint


def test_two_kinds_in_one_file_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "x.jsonl", [*run(1), *rows()[:1]])
    with pytest.raises(BadResult, match="another kind"):
        Follower(path).read()


def test_a_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BadResult, match="regular"):
        Follower(tmp_path / "pipe").read()
    with pytest.raises(BadResult):
        Follower(tmp_path / "nowhere").read()


def test_the_inspector_may_be_opened() -> None:
    assert inspector_words(COMPARE) == COMPARE[1:]
    words = ("compare", "a", "b", "f.jsonl", "--set", "draws=1", "--no-chat", "--device", "cpu")
    assert inspector_words(("unpact-tui", *words)) == words


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("unpact-tui", "cache", "clear"),
        ("unpact-tui", "unlearn", "npo", "x"),
        ("unpact-tui", "compare", "a"),
        ("unpact-tui", "compare", "a", "b", "--trust-remote-code"),
        ("unpact-tui", "compare", "a", "b", "--session", "/etc/passwd"),
        ("unpact-tui", "compare", "a", "b", "--endpoint", "http://example.org"),
        ("unpact-tui", "compare", "a", "b", "--set=trust_remote_code=true"),
        ("unpact-tui", "compare", "a", "b", "--set", "trust_remote_code=true"),
        ("compare", "a", "b", "-s", " trust-remote-code = true"),
        ("unpact-tui", "compare", "a", "b", "-strust_remote_code=true"),
        ("unpact-tui", "compare", "a", "b", "--prompts", "-"),
        ("unpact-tui", "compare", "a", "b", "-"),
        ("unpact-tui", "compare", "a", "b", "c", "d"),
    ],
)
def test_nothing_else_may(words: tuple[str, ...]) -> None:
    with pytest.raises(BadUsage):
        inspector_words(words)
