"""The Ray engine: one task per job, wherever there is room; what is heard comes as it arrives.

Gives out, listens, and gives out again what was lost. Knows of Ray what `_ray` offers. A worker is
kept by each of Ray's processes, so that what it opens for one job is there for the next; where a
job has a share of a GPU, Ray ends the process with it.
"""

from __future__ import annotations

import hashlib
import pickle
import platform
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import cast

from unpact_tui.bug import kind
from unpact_tui.errors import BadUsage
from unpact_tui.fleet import _ray
from unpact_tui.fleet.doing import do
from unpact_tui.fleet.jobs import Done, Event, Fleet, Job, Lost, Said, Worker
from unpact_tui.fleet.process import complain
from unpact_tui.fleet.turns import Queue, Turn
from unpact_tui.unattended import quiet_libraries

_PERIOD = 0.25
"""Seconds between two things that a task says about its progress."""


@dataclass(frozen=True, slots=True)
class Traceback:
    """What a bug left, for whoever waits for results: Ray's own logs are far away."""

    text: str


def run(worker: Worker, jobs: Sequence[Job], fleet: Fleet) -> Generator[Event]:
    """Do all jobs. One whose worker or machine is lost is given out again, at the end.

    Raises `MissingExtra` at once. Closing the iterator ends every task.
    """
    return _events(_ray.load(), worker, jobs, fleet)


def _events(ray: _ray.Ray, worker: Worker, jobs: Sequence[Job], fleet: Fleet) -> Generator[Event]:
    if not jobs:
        return
    with _ray.joined(ray, fleet):
        room = _room(ray, fleet)
        give_out = ray.remote(
            num_cpus=fleet.cpus, num_gpus=room.gpus, max_retries=0, num_returns="streaming"
        )(_task)
        pickled = ray.put(pickle.dumps(worker))
        queue = Queue(fleet.retries, deque(Turn(job) for job in jobs))
        shift = _Shift(ray, queue, lambda job: give_out.remote(pickled, job))
        try:
            while shift.fill(room.most):
                yield from shift.heard()
        finally:
            shift.stop()


# ---------------------------------------------------------------- how much at once


@dataclass(frozen=True, slots=True)
class _Room:
    """What a cluster has room for."""

    gpus: float
    """A job's share."""
    most: int
    """Jobs that are given out at once: enough that nothing is idle, and no more."""


def _room(ray: _ray.Ray, fleet: Fleet) -> _Room:
    there = ray.cluster_resources()
    cores, accelerators = there.get("CPU", 0.0), there.get("GPU", 0.0)
    gpus = fleet.gpus if fleet.gpus is not None else float(accelerators > 0)
    for name, share, has in (("cores", fleet.cpus, cores), ("GPUs", gpus, accelerators)):
        if share > has:
            raise BadUsage(
                f"A job is to have {share:g} {name}, and Ray has {has:g} in all.",
                "Ask for a smaller share, or start more machines first.",
            )
    if fleet.jobs:
        return _Room(gpus, fleet.jobs)
    at_once = min(
        cores / fleet.cpus if fleet.cpus else cores,
        accelerators / gpus if gpus else cores,
    )
    return _Room(gpus, 2 * max(1, int(at_once)))


# ---------------------------------------------------------------- here


@dataclass(frozen=True, slots=True)
class _Heard:
    """What came of a task."""

    what: Event | Traceback
    over: bool
    """Nothing more comes of it."""


@dataclass(slots=True)
class _Shift:
    """What is where. Whatever is told is told last: whoever listens may not come back."""

    ray: _ray.Ray
    queue: Queue
    give_out: Callable[[Job], _ray.Stream]
    running: list[tuple[_ray.Stream, Turn]] = field(default_factory=list[tuple[_ray.Stream, Turn]])

    def fill(self, most: int) -> bool:
        """Give out as much as there is room for; tell whether anything runs."""
        while self.queue.waiting and len(self.running) < most:
            turn = self.queue.waiting.popleft()
            self.running.append((self.give_out(turn.job), turn))
        return bool(self.running)

    def heard(self) -> Iterator[Event]:
        """Wait for whoever speaks next, and hear it."""
        ready, _ = self.ray.wait([stream for stream, _ in self.running])
        for stream in ready:
            place = next(at for at, (other, _) in enumerate(self.running) if other is stream)
            turn = self.running.pop(place)[1]
            heard = self._next(stream, turn)
            if not heard.over:
                self.running.append((stream, turn))  # at the end: all get their turn
            if isinstance(heard.what, Traceback):
                complain(heard.what.text)
            else:
                yield heard.what

    def _next(self, stream: _ray.Stream, turn: Turn) -> _Heard:
        try:
            what = cast("Event | Traceback", self.ray.get(next(stream)))
        except StopIteration:
            return _Heard(self.queue.again(turn, "Its task ended without a word"), over=True)
        except self.ray.exceptions.RayTaskError as error:  # before there was a worker, or after it
            return _Heard(Lost(turn.job.key, f"It broke by a bug: {_why(error)}."), over=True)
        except self.ray.exceptions.RayError as error:
            return _Heard(self.queue.again(turn, _how(error)), over=True)
        return _Heard(what, over=isinstance(what, Done | Lost))

    def stop(self) -> None:
        """End whatever runs."""
        for stream, _ in self.running:
            with suppress(self.ray.exceptions.RayError):
                self.ray.cancel(stream, force=True)


def _why(error: Exception) -> str:
    """Return what kind of bug it was: Ray's own words hold those of the bug."""
    cause = getattr(error, "cause", None)
    if isinstance(cause, BaseException):
        return kind(cause)
    last = str(error).strip().rpartition("\n")[2]
    return last if last.startswith("ModuleNotFoundError: ") else type(error).__name__


_ENDS = {
    "WorkerCrashedError": "Its worker's process was killed or crashed",
    "OutOfMemoryError": "Its worker was ended, since the machine had no memory left",
    "NodeDiedError": "The machine that it ran on is gone",
    "LocalRayletDiedError": "The machine that it ran on is gone",
}


def _how(error: Exception) -> str:
    name = type(error).__name__
    return _ENDS.get(name, f"Ray gave it up ({name})")


# ---------------------------------------------------------------- where the work is


_KEPT: dict[str, Worker] = {}
"""The worker of this process, by its digest: the process is Ray's, and does one task at a time."""


def _task(pickled: bytes, job: Job) -> Iterator[Event | Traceback]:
    """Do one job, in a process of Ray's."""
    digest = hashlib.sha256(pickled).hexdigest()
    traces: list[str] = []
    said = 0.0
    with quiet_libraries():
        yield Said(job.key, f"on {platform.node()}", 0, 0)
        for event in do(_worker(digest, pickled), job, traces.append):
            if isinstance(event, Said):
                if monotonic() - said < _PERIOD:
                    continue
                said = monotonic()
            if isinstance(event, Lost):
                _KEPT.clear()
            for text in traces:
                yield Traceback(text)
            yield event


def _worker(digest: str, pickled: bytes) -> Worker:
    if digest not in _KEPT:
        _KEPT.clear()  # of an earlier call, with all that it holds
        _KEPT[digest] = pickle.loads(pickled)
    return _KEPT[digest]
