"""Metrics of unlearning, one file each: numbers from what was read of every item.

The listing of this folder is the catalogue. Knows neither models nor files of results.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from pkgutil import iter_modules

from attribution.errors import UnknownName
from attribution.types import Interval
from unpact_tui.metrics._scored import Absent, Metric, Sides


@dataclass(frozen=True, slots=True)
class Computation:
    """What a file of this folder offers."""

    names: Mapping[str, str]
    """The metrics it gives, each with a sentence."""
    needs: str
    """What it cannot do without, as a clause."""
    compute: Callable[[Sides, int], Iterator[Metric | Absent]]
    """Gives the metrics that exist; it may say of another why that one does not."""


@dataclass(frozen=True, slots=True)
class Taken:
    """All metrics of one model."""

    metrics: dict[str, Interval]
    absent: dict[str, str]
    """Those that could not be taken, each with the reason, as a clause."""


def names() -> tuple[str, ...]:
    """Return the names of the files, without importing one."""
    return tuple(m.name for m in iter_modules(__path__) if not m.name.startswith("_"))


def load(name: str) -> Computation:
    """Return what a file offers. Raises `UnknownName`."""
    if name not in names():
        raise UnknownName("metric", name, names())
    file = import_module(f"{__name__}.{name}")
    return Computation(dict(file.NAMES), file.NEEDS, file.compute)


def sentences() -> dict[str, str]:
    """Return every metric that there is, with what it says."""
    return {metric: said for name in names() for metric, said in load(name).names.items()}


def take(sides: Sides, seed: int = 0) -> Taken:
    """Return every metric that these readings allow, and why the others are not there."""
    metrics: dict[str, Interval] = {}
    absent: dict[str, str] = {}
    for name in names():
        file = load(name)
        for found in file.compute(sides, seed):
            match found:
                case Metric(metric, value):
                    metrics[metric] = value
                case Absent(metric, why):
                    absent[metric] = why
        for metric in file.names:
            if metric not in metrics:
                absent.setdefault(metric, f"it needs {file.needs}")
    return Taken(metrics, absent)
