"""What a process holds on to: memory, file handles, threads; and whether that grew."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Signs:
    """Of one process, at one moment."""

    memory: int
    """Bytes that are resident."""
    handles: int
    threads: int


def of_process(pid: int | None = None) -> Signs:
    """Return the signs of a process; of this one after its garbage is gone."""
    if pid is None:
        gc.collect()
    folder = Path("/proc") / str(pid or "self")
    resident = int((folder / "statm").read_text().split()[1])
    return Signs(resident * _PAGE, _count(folder / "fd"), _threads(folder, pid))


def _threads(folder: Path, pid: int | None) -> int:
    return threading.active_count() if pid is None else _count(folder / "task")


def _count(folder: Path) -> int:
    return sum(1 for _ in folder.iterdir())


def growth(values: Sequence[float], start: float = 0.2) -> float:
    """Return by how much a line through the values rises from its first to its last.

    The first fifth is left out, or what `start` says: until then everything is made that is made
    once, and what is bounded fills up.
    """
    late = values[int(len(values) * start) :]
    if len(late) < 2:
        return 0.0
    middle, mean = (len(late) - 1) / 2, fmean(late)
    spread = sum((at - middle) ** 2 for at in range(len(late)))
    slope = sum((at - middle) * (value - mean) for at, value in enumerate(late)) / spread
    return slope * (len(late) - 1)
