"""What is handed out, who does it, and what is heard of it.

Plain values and protocols. Knows neither processes nor Ray, nor what the work is.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Literal, Protocol

from unpact_tui.output import Step

EngineName = Literal["local", "ray"]


class Job(Protocol):
    """A piece of work; a plain value that can be pickled."""

    @property
    def key(self) -> str:
        """What tells it from all others; the same on every machine."""
        ...

    @property
    def name(self) -> str:
        """For a person."""
        ...


class Worker(Protocol):
    """Does jobs, one after another. Sent to each process once, so it can be pickled; what it opens
    for one job it may keep for the next."""

    def work(self, job: Job) -> Generator[Step, None, bytes]:
        """Do one job, telling how far it is, and return its result.

        What may go wrong with a job is part of its result; what is raised is a bug.
        """
        ...


@dataclass(frozen=True, slots=True)
class Fleet:
    """Who does it."""

    engine: EngineName = "local"
    jobs: int = 1
    """So many at once; with Ray, 0 is as many as there is room for."""
    gpus: float | None = None
    """With Ray: share of a GPU that a job has; None is one where the cluster has any, else none."""
    cpus: float = 1.0
    """With Ray: cores that a job has."""
    retries: int = 2
    """So often a job whose worker was lost is given out again."""
    address: str | None = None
    """With Ray: of a cluster; None is what RAY_ADDRESS names, or else one on this machine."""
    spread: bool = True
    """On this machine: of several GPUs, each process sees one. Not where a person named one."""


@dataclass(frozen=True, slots=True)
class Said:
    """How far a job is."""

    key: str
    stage: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Done:
    """A job is done."""

    key: str
    result: bytes


@dataclass(frozen=True, slots=True)
class Lost:
    """Whoever did a job is gone, as often as it was tried, or it broke by a bug."""

    key: str
    why: str
    """As a sentence."""


Event = Said | Done | Lost
