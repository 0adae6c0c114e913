"""The Ray engine on a real Ray of two workers on this machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from fleet_workers import Scripted, Task

from unpact_tui import fleet
from unpact_tui.fleet import Done, Event, Fleet, Lost, Said, _ray

if find_spec("ray") is None:  # not imported here: the engine says first how quiet it is to be
    pytest.skip("the optional extra ray is not installed", allow_module_level=True)
pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

TWO = Fleet("ray", jobs=2, retries=1)


@pytest.fixture(scope="module")
def cluster() -> Iterator[_ray.Ray]:
    """Start Ray once, for it takes seconds; the engine uses what is there."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("RAY_ADDRESS", raising=False)
        # For Ray's processes; what is installed they find without.
        patch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
        ray = _ray.load()
        with _ray.joined(ray, TWO):
            yield ray


def heard(folder: Path, *jobs: Task) -> list[Event]:
    return list(fleet.run(Scripted(folder), jobs, TWO))


def tries(folder: Path, key: str) -> list[str]:
    return (folder / f"{key}.tries").read_text().splitlines()


@pytest.mark.soak
@pytest.mark.usefixtures("cluster")
def test_results_come_in_order_of_arrival(tmp_path: Path) -> None:
    events = heard(tmp_path, Task("slow", "sleep 1.5"), *(Task(str(number)) for number in range(4)))
    done = [event.key for event in events if isinstance(event, Done)]
    assert sorted(done) == ["0", "1", "2", "3", "slow"]
    assert done[-1] == "slow"
    assert Said("0", "beginning", 0, 2) in events
    assert any(isinstance(event, Said) and event.stage.startswith("on ") for event in events)
    processes = [tries(tmp_path, str(number))[0] for number in range(4)]
    assert str(os.getpid()) not in processes
    # The worker of a process is kept: it counts what it did.
    counts = [event.result for event in events if isinstance(event, Done)]
    assert any(not result.endswith(b"its 1.") for result in counts)


@pytest.mark.usefixtures("cluster")
def test_a_killed_worker_loses_nothing_and_one_killed_each_time_only_its_job(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    events = heard(tmp_path, Task("once", "die once"), Task("ever", "die"), Task("whole"))
    found = {event.key: event for event in events if not isinstance(event, Said)}
    assert isinstance(found["once"], Done)
    assert isinstance(found["whole"], Done)
    how = "Its worker's process was killed or crashed"
    assert found["ever"] == Lost("ever", f"{how}, 2 times.")
    assert Said("once", f"{how}; it is tried again (1 of 1)", 0, 0) in events
    assert [len(tries(tmp_path, key)) for key in ("once", "ever", "whole")] == [2, 2, 1]
    assert capfd.readouterr().out == ""  # where results go, nothing of Ray's does


@pytest.mark.usefixtures("cluster")
def test_a_bug_is_told_and_ends_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    events = heard(tmp_path, Task("bug", "break"), Task("whole"))
    found = {event.key: event for event in events if not isinstance(event, Said)}
    bug = found["bug"]
    assert isinstance(bug, Lost)
    assert bug.why.startswith("It broke by a bug: ZeroDivisionError")
    assert isinstance(found["whole"], Done)
    assert "in work" in capfd.readouterr().err


@pytest.mark.soak
def test_closing_ends_what_runs_and_leaves_a_cluster_that_was_there(
    cluster: _ray.Ray, tmp_path: Path
) -> None:
    events = fleet.run(Scripted(tmp_path), [Task("a", "wait"), Task("b", "wait")], TWO)
    while not (tmp_path / "a.tries").exists():
        next(events)
    events.close()
    assert cluster.is_initialized()
    assert isinstance(heard(tmp_path, Task("c"))[-1], Done)
