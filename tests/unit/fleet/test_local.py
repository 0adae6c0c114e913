"""Processes do all there is to do; what dies takes its own job along, and that is done again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from fleet_workers import Scripted, Task, Unborn

from unpact_tui import fleet
from unpact_tui.errors import BadUsage, ComputeError
from unpact_tui.fleet import Done, Event, Fleet, Lost, Said
from unpact_tui.fleet.process import environment, in_words, visible_gpus

KILLED = "Its process was ended by signal 9 (killed, perhaps for memory)"


def does(*scripts: str) -> list[Task]:
    return [Task(str(number), script) for number, script in enumerate(scripts)]


def ends(events: list[Event]) -> dict[str, Event]:
    found = [event for event in events if not isinstance(event, Said)]
    assert max(Counter(event.key for event in found).values()) == 1
    return {event.key: event for event in found}


def tries(folder: Path, key: str) -> list[int]:
    return [int(line) for line in (folder / f"{key}.tries").read_text().splitlines()]


def test_one_process_does_one_job_after_another_and_keeps_what_it_has(tmp_path: Path) -> None:
    events = list(fleet.run(Scripted(tmp_path), does("", "", ""), Fleet()))
    process = tries(tmp_path, "0")[0]
    assert process != os.getpid()
    assert [event for event in events if isinstance(event, Done)] == [
        Done(key, f"{key} by {process}, its {number}.".encode())
        for number, key in enumerate("012", 1)
    ]
    assert [event for event in events if event.key == "1"][:2] == [
        Said("1", "beginning", 0, 2),
        Said("1", "ending", 1, 2),
    ]


def test_what_takes_long_holds_up_nothing_else(tmp_path: Path) -> None:
    jobs = does("sleep 0.6", "", "")
    done = [
        event.key
        for event in fleet.run(Scripted(tmp_path), jobs, Fleet(jobs=2))
        if isinstance(event, Done)
    ]
    assert sorted(done) == ["0", "1", "2"]
    assert done[-1] == "0"


def test_a_process_that_dies_loses_its_job_only_and_that_is_tried_again(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    jobs = does("die once", "die", "leave 3", "break", "print", "")
    events = list(fleet.run(Scripted(tmp_path), jobs, Fleet(jobs=2, retries=1)))
    found = ends(events)
    assert {key for key, event in found.items() if isinstance(event, Done)} == {"0", "4", "5"}
    assert found["1"] == Lost("1", f"{KILLED}, 2 times.")
    assert found["2"] == Lost("2", "Its process ended with code 3, 2 times.")
    assert Said("0", f"{KILLED}; it is tried again (1 of 1)", 0, 0) in events
    assert len(set(tries(tmp_path, "0"))) == 2
    bug = found["3"]
    assert isinstance(bug, Lost)
    assert bug.why.startswith("It broke by a bug: ZeroDivisionError (fleet_workers.py, line")
    assert len(tries(tmp_path, "3")) == 1  # a bug is there the next time too
    said = capfd.readouterr()
    assert said.out == ""
    assert "not for standard output" in said.err
    assert "Traceback (most recent call last)" in said.err
    assert "\x1b" not in said.err


def test_without_retries_once_is_enough(tmp_path: Path) -> None:
    found = list(fleet.run(Scripted(tmp_path), does("die"), Fleet(retries=0)))
    assert found[-1] == Lost("0", f"{KILLED}.")


def test_closing_ends_every_process(tmp_path: Path) -> None:
    events = fleet.run(Scripted(tmp_path), does("wait", "wait"), Fleet(jobs=2))
    assert {next(events).key, next(events).key} == {"0", "1"}
    events.close()
    for key in "01":
        with pytest.raises(ProcessLookupError):
            os.kill(tries(tmp_path, key)[0], 0)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_no_process_outlives_who_started_it(tmp_path: Path, how: signal.Signals) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import sys\n"
        f"sys.path.insert(0, {str(Path(__file__).parents[2])!r})\n"
        "from pathlib import Path\n"
        "from fleet_workers import Scripted, Task\n"
        "from unpact_tui import fleet\n"
        "if __name__ == '__main__':\n"
        f"    worker = Scripted(Path({str(tmp_path)!r}))\n"
        "    list(fleet.run(worker, [Task('0', 'wait')], fleet.Fleet()))\n"
    )
    with subprocess.Popen(
        [sys.executable, script], stderr=subprocess.PIPE, start_new_session=True, text=True
    ) as started:
        _wait(lambda: (tmp_path / "0.tries").exists() and tries(tmp_path, "0") != [])
        # As a terminal does it: to all of them.
        os.killpg(started.pid, how) if how == signal.SIGINT else started.send_signal(how)
        _, said = started.communicate(timeout=20)
    assert said.count("Traceback") == (1 if how == signal.SIGINT else 0)
    _wait(lambda: not _alive(tries(tmp_path, "0")[0]))


def _alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def _wait(condition: object) -> None:
    assert callable(condition)
    until = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.02)


def test_where_no_process_can_begin_it_is_said_and_not_tried_for_ever() -> None:
    with pytest.raises(ComputeError, match=r"No process .* could be started. .* with code 7\."):
        list(fleet.run(Unborn(), does("", ""), Fleet(retries=1)))


def test_nothing_to_do_is_done_at_once(tmp_path: Path) -> None:
    assert list(fleet.run(Scripted(tmp_path), [], Fleet(jobs=4))) == []


@pytest.mark.parametrize(
    "asked",
    [Fleet(jobs=0), Fleet(jobs=-1), Fleet("ray", -1), Fleet(gpus=-0.5), Fleet(retries=-1)],
)
def test_what_makes_no_sense_is_refused_at_once(tmp_path: Path, asked: Fleet) -> None:
    with pytest.raises(BadUsage):
        fleet.run(Scripted(tmp_path), does(""), asked)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (1, "Its process ended with code 1"),
        (-9, KILLED),
        (-11, "Its process was ended by signal 11 (segmentation fault)"),
    ],
)
def test_an_end_is_told_in_words(code: int, words: str) -> None:
    assert in_words(code) == words


# ---------------------------------------------------------------- GPUs and cores


@pytest.mark.parametrize(
    ("variables", "files", "gpus"),
    [
        ({}, [], ()),
        ({}, ["nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm"], ("0", "1")),
        ({"CUDA_VISIBLE_DEVICES": "2, 5"}, ["nvidia0"], ("2", "5")),
        ({"CUDA_VISIBLE_DEVICES": ""}, ["nvidia0", "nvidia1"], ()),
    ],
)
def test_gpus_are_those_that_are_visible(
    tmp_path: Path, variables: dict[str, str], files: list[str], gpus: tuple[str, ...]
) -> None:
    for file in files:
        (tmp_path / file).touch()
    assert visible_gpus(variables, tmp_path) == gpus


def test_of_several_gpus_each_process_sees_one_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,5")
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    seen = [environment(Fleet(jobs=3), number) for number in range(3)]
    assert seen == [{"CUDA_VISIBLE_DEVICES": name} for name in "252"]
    assert environment(Fleet(jobs=3, spread=False), 0) == {}
    assert environment(Fleet(jobs=1), 0) == {}
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2")
    assert environment(Fleet(jobs=3), 0) == {}


def test_cores_are_shared_out_unless_a_person_did(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert environment(Fleet(jobs=10_000), 3)["OMP_NUM_THREADS"] == "1"
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,5")
    jobs = does("show CUDA_VISIBLE_DEVICES", "show CUDA_VISIBLE_DEVICES")
    events = fleet.run(Scripted(tmp_path), jobs, Fleet(jobs=2))
    assert {event.result for event in events if isinstance(event, Done)} <= {b"2", b"5"}
