"""A process that does jobs one after another, so that one which dies takes nothing along.

Each is new and not a copy: it has the threads and the memory of its own work alone. Knows nothing
of other processes, nor who gets which job.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path

from unpact_tui import bug
from unpact_tui.display import display_text
from unpact_tui.errors import ComputeError
from unpact_tui.fleet.doing import do
from unpact_tui.fleet.jobs import Fleet, Job, Lost, Worker
from unpact_tui.unattended import quiet_libraries

_PATIENCE = 5.0
"""Seconds that a process has to end when it is asked to, before it is made to."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A process has begun, and can be given a job."""


@dataclass(frozen=True, slots=True)
class Process:
    """A hand in a process of its own."""

    connection: Connection
    process: BaseProcess

    def gone(self) -> str:
        """Return how it ended, without a full stop."""
        self.process.join()
        return in_words(self.process.exitcode or 0)

    def stop(self) -> None:
        """End it, and wait for that."""
        self.process.terminate()
        self.process.join(_PATIENCE)
        if self.process.exitcode is None:
            self.process.kill()
            self.process.join()
        self.connection.close()


def in_words(code: int) -> str:
    """Return how a process with this exit code ended."""
    if code >= 0:
        return f"Its process ended with code {code}"
    meaning = (signal.strsignal(-code) or "unknown").lower()
    if -code == signal.SIGKILL:
        meaning = "killed, perhaps for memory"
    return f"Its process was ended by signal {-code} ({meaning})"


# ---------------------------------------------------------------- what a process finds around it


def environment(fleet: Fleet, number: int) -> Mapping[str, str]:
    """Return the variables of one process of several: a GPU and cores that it has for itself.

    Where several GPUs are visible, each process sees one, in turn. What a person set stays.
    """
    found: dict[str, str] = {}
    if fleet.jobs == 1:
        return found
    gpus = visible_gpus(os.environ, Path("/dev"))
    if len(gpus) > 1 and fleet.spread:
        found["CUDA_VISIBLE_DEVICES"] = gpus[number % len(gpus)]
    if "OMP_NUM_THREADS" not in os.environ:
        found["OMP_NUM_THREADS"] = str(max(1, _cores() // fleet.jobs))
    return found


def visible_gpus(variables: Mapping[str, str], devices: Path) -> tuple[str, ...]:
    """Return the NVIDIA GPUs that a process here sees, without asking a library for them."""
    named = variables.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        return tuple(part.strip() for part in named.split(",") if part.strip())
    return tuple(str(place) for place, _ in enumerate(devices.glob("nvidia[0-9]*")))


def _cores() -> int:
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))  # what a batch system gave us, not what the machine has
    return os.cpu_count() or 1


# ---------------------------------------------------------------- the process


def hire(worker: Worker, variables: Mapping[str, str]) -> Process:
    """Start a process that does the jobs it is sent. Raises `ComputeError`."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    # As bytes: what a worker imports must find the variables as they are to be.
    words = (theirs, pickle.dumps(worker), dict(variables))
    process = context.Process(target=_serve, args=words, daemon=True)
    try:
        process.start()
    except OSError as error:
        ours.close()
        why = error.strerror or str(error)
        raise ComputeError(f"A process to work in cannot be started: {why}.") from error
    finally:
        theirs.close()
    return Process(ours, process)


def _serve(connection: Connection, pickled: bytes, variables: Mapping[str, str]) -> None:
    """Do jobs until there are no more; ends when the other side does."""
    bug.install()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for whoever started us to understand
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.dup2(2, 1)  # standard output is for results
    os.environ.update(variables)
    with quiet_libraries():
        worker: Worker = pickle.loads(pickled)
        try:
            connection.send(Ready())
            while True:
                job: Job = connection.recv()
                for event in do(worker, job, complain):
                    connection.send(event)
                    if isinstance(event, Lost):
                        return
        except (EOFError, BrokenPipeError, ConnectionResetError):
            return


def complain(text: str) -> None:
    """Say on stderr what has no other place; whatever text is in it draws nothing."""
    for line in text.splitlines():
        sys.stderr.write(f"{display_text(line)}\n")
    sys.stderr.flush()


def _end_with_parent() -> None:
    """End even in the middle of a forward pass, so that no model outlives who asked for it."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(0)
