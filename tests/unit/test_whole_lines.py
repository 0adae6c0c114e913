"""A disk that fills up in the middle of a line leaves the lines before it, and no half of one."""

from __future__ import annotations

import resource
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from room import OPEN, Room
from triage_fixture import make_row

from unpact_tui import ledger
from unpact_tui.errors import Unwritable
from unpact_tui.session.actions import ShowLane
from unpact_tui.session.file import Did, Recorder
from unpact_tui.session.keeping import Keeping
from unpact_tui.triage.row import ROWS
from unpact_tui.unlearning import step_log


@contextmanager
def room_for(size: int) -> Generator[None]:
    """Let no file of this process grow beyond so many bytes: a write is cut short there first."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_ledger_takes_a_row_back_that_did_not_fit(tmp_path: Path) -> None:
    file = tmp_path / "rows.jsonl"
    with ledger.opened(file, ROWS, resume=False) as kept:
        kept.add(make_row("first"))
        whole = file.read_bytes()
        with room_for(len(whole) + 100), pytest.raises(Unwritable, match="large"):
            kept.add(make_row("second"))
        assert file.read_bytes() == whole
        assert list(kept.lines) == ["key of first"]
        kept.add(make_row("third"))
    assert [row.name for row in ledger.read(file, ROWS)] == ["first", "third"]


def test_a_session_stops_at_what_did_not_fit(tmp_path: Path) -> None:
    file = tmp_path / "session.jsonl"
    recorder = Recorder(file)
    recorder.write(Did(ShowLane(True)))
    whole = file.read_bytes()
    with room_for(len(whole) + 10):
        recorder.write(Did(ShowLane(False)))
    assert "large" in recorder.trouble
    recorder.write(Did(ShowLane(True)))
    recorder.close()
    assert file.read_bytes() == whole


def test_a_log_of_steps_takes_a_line_back_that_did_not_fit(tmp_path: Path) -> None:
    step_log.append(tmp_path, '{"number": 1}')
    whole = (tmp_path / step_log.STEPS).read_bytes()
    with room_for(len(whole) + 5), pytest.raises(OSError, match="large"):
        step_log.append(tmp_path, '{"number": 2}')
    assert (tmp_path / step_log.STEPS).read_bytes() == whole


@pytest.mark.parametrize("asked", [True, False])
def test_a_sitting_that_was_asked_for_is_missed(tmp_path: Path, asked: bool) -> None:
    room = Room()
    keeping = Keeping(tmp_path / "session.jsonl", asked=asked)
    assert not keeping.lost
    with room_for(10):
        keeping.begin(OPEN, room.opened, room.state.timeline)
    assert keeping.lost == ("File too large" if asked else "")
    keeping.close()
