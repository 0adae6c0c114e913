"""Seconds, memory and tokens of one call. Knows nothing of what is called."""

# pyright: basic
# (what is measured brings annotations that do not stand strict mode)

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
import transformers

from benchmarks._limit import wait

_STATUS = Path("/proc/self/status")
_FORGET = Path("/proc/self/clear_refs")
_PEAK = "5"
"""What makes Linux forget the largest memory so far."""


@dataclass(frozen=True, slots=True)
class Timed:
    """What one call cost."""

    seconds: float
    memory: int | None
    """Bytes above what was held before, at the most; None where the system does not say."""
    tokens: int
    """Rows x positions through the last layer: padding included."""
    value: Any


def timed(model: Any, call: Callable[[], Any]) -> Timed:
    """Run `call` and measure it."""
    device = next(model.parameters()).device
    wait(device)
    before = _forget_peak(device)
    with _counting(model) as count:
        start = perf_counter()
        value = call()
        wait(device)
        seconds = perf_counter() - start
    peak = _peak(device)
    memory = None if before is None or peak is None else max(0, peak - before)
    return Timed(seconds, memory, count[0], value)


def machine(device: str) -> dict[str, object]:
    """Return the facts that figures depend on."""
    facts: dict[str, object] = {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
        "threads": torch.get_num_threads(),
    }
    if device.startswith("cuda"):
        facts["accelerator"] = torch.cuda.get_device_name(device)
        facts["cuda"] = torch.version.cuda
    return facts


def _processor() -> str:
    listing = Path("/proc/cpuinfo")
    if not listing.exists():
        return platform.processor()
    lines = listing.read_text().splitlines()
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor())


@contextmanager
def _counting(model: Any) -> Iterator[list[int]]:
    count = [0]

    def add(_module: object, _input: object, output: Any) -> None:
        hidden = output[0] if isinstance(output, tuple) else output
        count[0] += hidden.shape[0] * hidden.shape[1]

    lists = (m for m in model.modules() if isinstance(m, torch.nn.ModuleList))
    hook = next(lists)[-1].register_forward_hook(add)
    try:
        yield count
    finally:
        hook.remove()


def _forget_peak(device: torch.device) -> int | None:
    """Start counting anew; return the bytes held now."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        return torch.cuda.memory_allocated(device)
    if not _FORGET.exists():
        return None
    _FORGET.write_text(_PEAK)
    return _held("VmRSS")


def _peak(device: torch.device) -> int | None:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    return _held("VmHWM") if _STATUS.exists() else None


def _held(field: str) -> int:
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) * 1024
