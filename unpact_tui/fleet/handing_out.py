"""The one way to have jobs done: checks what was asked for, and asks the engine for it.

Knows which engines there are, and nothing of how they work.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

from unpact_tui.errors import BadUsage
from unpact_tui.fleet import local
from unpact_tui.fleet.jobs import Event, Fleet, Job, Worker


def run(worker: Worker, jobs: Sequence[Job], fleet: Fleet) -> Generator[Event]:
    """Do all jobs, and tell what is heard in the order in which it comes.

    Every job is at last `Done` or `Lost`, once. Closing the iterator ends whatever still runs.
    Raises `BadUsage` and `MissingExtra` at once, and `ComputeError` when nobody can be found to do
    anything.
    """
    _check(fleet)
    if fleet.engine == "ray":
        from unpact_tui.fleet import ray_engine

        return ray_engine.run(worker, jobs, fleet)
    return local.run(jobs, fleet, local.processes(worker, fleet))


def _check(fleet: Fleet) -> None:
    least = 0 if fleet.engine == "ray" else 1
    if fleet.jobs < least:
        raise BadUsage("--jobs is how many are measured at once, 1 or more.")
    if fleet.cpus < 0 or (fleet.gpus is not None and fleet.gpus < 0):
        raise BadUsage("A share of cores or GPUs is 0 or more.")
    if fleet.retries < 0:
        raise BadUsage("A job is given out again 0 times or more.")
