"""What is given to Ray, and what becomes of what it says; Ray itself is in tests/end_to_end."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from fleet_workers import Scripted, Task

from unpact_tui import fleet
from unpact_tui.errors import BadUsage, ComputeError, MissingExtra
from unpact_tui.fleet import Done, Event, Fleet, Lost, Said, _ray
from unpact_tui.unattended import ended_by_signals


class RayError(Exception):
    pass


class RayTaskError(RayError):
    pass


class WorkerCrashedError(RayError):
    pass


class Exceptions:
    RayError = RayError
    RayTaskError = RayTaskError


@dataclass
class Pretended:
    """Does in this process what it is given, and says the newest first."""

    resources: Mapping[str, float] = field(default_factory=lambda: {"CPU": 2.0})
    crashes: dict[str, int] = field(default_factory=dict)
    """So often, by key, a worker dies."""
    exceptions = Exceptions
    open: bool = True
    refuses: Exception | None = None
    asked: dict[str, object] = field(default_factory=dict)
    at_once: int = 0
    running: int = 0
    cancelled: int = 0

    def is_initialized(self) -> bool:
        return self.open

    def init(self, address: str, **words: object) -> None:
        if self.refuses is not None:
            raise self.refuses
        self.asked = {"address": address, **words}

    def shutdown(self) -> None:
        self.asked["left"] = True

    def cluster_resources(self) -> Mapping[str, float]:
        return self.resources

    def put(self, value: object) -> object:
        return value

    def get(self, reference: object) -> object:
        if isinstance(reference, Exception):
            raise reference
        return reference

    def wait(self, streams: Sequence[Iterator[object]]) -> tuple[list[object], list[object]]:
        return [streams[-1]], list(streams[:-1])

    def cancel(self, stream: object, *, force: bool) -> None:
        assert force
        self.cancelled += 1

    def remote(self, **words: object) -> Callable[[Callable[..., Iterator[object]]], Given]:
        self.asked = words
        return lambda function: Given(self, function)


@dataclass
class Given:
    ray: Pretended
    function: Callable[..., Iterator[object]]

    def remote(self, pickled: object, job: Task) -> Iterator[object]:
        self.ray.running += 1
        self.ray.at_once = max(self.ray.at_once, self.ray.running)
        return self._answers(pickled, job)

    def _answers(self, pickled: object, job: Task) -> Iterator[object]:
        for event in self.function(pickled, job):
            if self.ray.crashes.get(job.key, 0) and not isinstance(event, Said):
                self.ray.crashes[job.key] -= 1
                event = WorkerCrashedError("…")
            if isinstance(event, Done | Lost | Exception):
                self.ray.running -= 1
            yield event


@pytest.fixture
def ray(monkeypatch: pytest.MonkeyPatch) -> Pretended:
    made = Pretended()
    monkeypatch.setattr(_ray, "load", lambda: made)
    return made


def heard(folder: Path, jobs: list[Task], asked: Fleet) -> list[Event]:
    return list(fleet.run(Scripted(folder), jobs, asked))


def test_a_thousand_jobs_are_not_given_out_at_once(ray: Pretended, tmp_path: Path) -> None:
    jobs = [Task(str(number)) for number in range(40)]
    events = heard(tmp_path, jobs, Fleet("ray", jobs=0))
    assert sorted(int(event.key) for event in events if isinstance(event, Done)) == list(range(40))
    assert ray.at_once == 4  # twice what there is room for
    ray.at_once = 0
    heard(tmp_path, jobs, Fleet("ray", jobs=3))
    assert ray.at_once == 3


def test_results_come_in_order_of_arrival(ray: Pretended, tmp_path: Path) -> None:
    events = heard(tmp_path, [Task("a"), Task("b")], Fleet("ray", jobs=2))
    assert [event.key for event in events if isinstance(event, Done)] == ["b", "a"]


def test_a_worker_that_is_lost_loses_nothing_unless_it_is_lost_each_time(
    ray: Pretended, tmp_path: Path
) -> None:
    ray.crashes = {"a": 2, "b": 3}
    events = heard(tmp_path, [Task("a"), Task("b"), Task("c")], Fleet("ray", jobs=2))
    how = "Its worker's process was killed or crashed"
    assert Said("a", f"{how}; it is tried again (2 of 2)", 0, 0) in events
    found = {event.key: event for event in events if not isinstance(event, Said)}
    assert isinstance(found["a"], Done)
    assert isinstance(found["c"], Done)
    assert found["b"] == Lost("b", f"{how}, 3 times.")


def test_a_bug_is_told_with_its_traceback_here(
    ray: Pretended, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (*_, last) = heard(tmp_path, [Task("a", "break")], Fleet("ray"))
    assert isinstance(last, Lost)
    assert last.why.startswith("It broke by a bug: ZeroDivisionError")
    said = capsys.readouterr()
    assert "Traceback (most recent call last)" in said.err
    assert "\x1b" not in said.err
    assert said.out == ""


def test_what_breaks_before_there_is_a_worker_is_lost_too(
    ray: Pretended, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trouble = RayTaskError("a long story\nModuleNotFoundError: No module named 'unpact_tui'")
    monkeypatch.setattr(Given, "remote", lambda *_: iter([trouble]))
    (only,) = heard(tmp_path, [Task("a")], Fleet("ray"))
    assert only == Lost(
        "a", "It broke by a bug: ModuleNotFoundError: No module named 'unpact_tui'."
    )


@pytest.mark.parametrize(
    ("resources", "asked", "share"),
    [
        ({"CPU": 2.0}, Fleet("ray"), 0.0),
        ({"CPU": 8.0, "GPU": 2.0}, Fleet("ray"), 1.0),
        ({"CPU": 8.0, "GPU": 2.0}, Fleet("ray", gpus=0.5), 0.5),
        ({"CPU": 8.0, "GPU": 2.0}, Fleet("ray", gpus=0.0), 0.0),
    ],
)
def test_a_job_has_a_gpu_where_there_is_one_unless_a_person_says_otherwise(
    ray: Pretended, tmp_path: Path, resources: dict[str, float], asked: Fleet, share: float
) -> None:
    ray.resources = resources
    heard(tmp_path, [Task("a")], asked)
    assert (ray.asked["num_gpus"], ray.asked["num_cpus"]) == (share, 1.0)
    assert ray.asked["max_retries"] == 0  # else Ray would try again where nobody hears of it


def test_room_is_what_the_scarcer_thing_leaves(ray: Pretended, tmp_path: Path) -> None:
    ray.resources = {"CPU": 64.0, "GPU": 2.0}
    heard(tmp_path, [Task(str(number)) for number in range(30)], Fleet("ray", 0, gpus=0.5))
    assert ray.at_once == 8


@pytest.mark.parametrize("asked", [Fleet("ray", gpus=1.0), Fleet("ray", cpus=3.0)])
def test_a_share_that_nobody_has_is_refused_and_not_waited_for(
    ray: Pretended, tmp_path: Path, asked: Fleet
) -> None:
    with pytest.raises(BadUsage, match="and Ray has"):
        heard(tmp_path, [Task("a")], asked)


def test_closing_ends_what_runs(ray: Pretended, tmp_path: Path) -> None:
    events = fleet.run(Scripted(tmp_path), [Task("a"), Task("b")], Fleet("ray", jobs=2))
    next(events)
    events.close()
    assert ray.cancelled == 2


def test_a_cluster_of_our_own_takes_no_work_of_others_and_leaves_nothing_behind(
    ray: Pretended, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN"):
        monkeypatch.setenv(name, "")  # so that what is set below is taken back
        monkeypatch.delenv(name)
    ray.open = False
    asked = Fleet("ray", jobs=3, cpus=2.0)
    with _ray.joined(ray, asked):
        there = ray.asked
        folder = Path(str(there["_temp_dir"])).parent
        assert folder.stat().st_mode & 0o077 == 0
        assert len(os.environ["RAY_AUTH_TOKEN"]) == 64
        assert (there["address"], there["num_cpus"]) == ("local", 6)
        assert there["include_dashboard"] is there["log_to_driver"] is False
    assert ray.asked["left"]
    assert not folder.exists()


@pytest.mark.parametrize("by", ["option", "variable"])
def test_a_cluster_that_is_named_is_joined(
    ray: Pretended, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "10.0.0.1:6379" if by == "variable" else "elsewhere")
    ray.open = False
    address = "10.0.0.1:6379" if by == "option" else None
    with _ray.joined(ray, Fleet("ray", address=address)):
        assert ray.asked["address"] == "10.0.0.1:6379"
        assert "num_cpus" not in ray.asked  # Ray refuses it for what it has not started
    assert ray.asked["left"]


@pytest.mark.parametrize(
    "refusal", [ConnectionError("no answer\nand more"), RuntimeError("no answer")]
)
def test_what_cannot_be_reached_is_said_in_a_sentence(ray: Pretended, refusal: Exception) -> None:
    ray.open, ray.refuses = False, refusal
    asked = Fleet("ray", address="10.0.0.1:6379")
    with (
        pytest.raises(ComputeError, match=r"^No Ray cluster can be reached at 10.* no answer\.$"),
        _ray.joined(ray, asked),
    ):
        pytest.fail("it was not reached")


def test_a_client_is_refused(ray: Pretended) -> None:
    ray.open = False
    with (
        pytest.raises(BadUsage, match="ray://"),
        _ray.joined(ray, Fleet("ray", address="ray://head:10001")),
    ):
        pytest.fail("it was not joined")


def test_without_ray_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtra) as refused:
        fleet.run(Scripted(tmp_path), [Task("a")], Fleet("ray"))
    assert "unpact-tui[ray]" in refused.value.hint


def test_a_signal_has_its_own_exit_code_whatever_ray_makes_of_it(
    ray: Pretended, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wait(streams: object) -> None:
        try:
            signal.raise_signal(signal.SIGTERM)
        except SystemExit:
            sys.exit(1)  # as Ray does

    monkeypatch.setenv("RAY_AUTH_TOKEN", "ours")
    monkeypatch.setattr(ray, "wait", wait)
    ray.open = False
    with ended_by_signals():
        before = signal.getsignal(signal.SIGTERM)
        with pytest.raises(SystemExit) as ended:
            heard(tmp_path, [Task("a")], Fleet("ray", address="10.0.0.1:6379"))
        assert signal.getsignal(signal.SIGTERM) is before
    assert ended.value.code == 143
    assert ray.asked["left"]
