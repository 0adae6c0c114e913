"""What the machine computes with: Python, packages, GPU, memory and processors.

Nothing heavy is imported to find out: versions are read from what pip wrote down, the GPU is what
nvidia-smi says. The speed of a processor is an estimate of ours, good to a factor of a few.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from unpact_tui.byte_words import size as in_words
from unpact_tui.finding import Ask, Finding

Version = Callable[[str], str | None]

PACKAGES = ("torch", "transformers", "textual")

_LITTLE = 4e9
_TOO_LITTLE = 1e9
"""Bytes of memory: torch alone takes nearly half of the second."""

_BYTES_PER_PARAMETER = 2 * 2 * 1.25
"""Two models in bfloat16, and a quarter more for what is computed with them."""

_OPERATIONS_PER_CORE = 2e10
"""Per second; an estimate of ours."""
_PASSES = 2 * 40 * 100
"""Tokens that go through a model for one prompt: two models, forty variants, a hundred tokens."""
_MINUTE = 60.0

_QUERY = (
    "nvidia-smi",
    "--query-gpu=name,memory.free,memory.total,driver_version",
    "--format=csv,noheader,nounits",
)
_HIDDEN = ("", "-1", "NoDevFiles")


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes; what is available is None where nobody says."""

    total: int
    available: int | None


def version(package: str) -> str | None:
    """Return what pip says is installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def findings(environ: Mapping[str, str], *, ask: Ask, version: Version) -> Iterator[Finding]:
    """Yield what there is to say."""
    yield Finding("python", "ok", f"{platform.python_version()} on {platform.platform(terse=True)}")
    for package in PACKAGES:
        yield _package(package, version(package))
    cores = processors()
    yield gpu(environ, ask=ask, build=torch_build(version), cores=cores)
    yield memory_finding(memory())
    yield Finding("processors", "ok", str(cores))


def _package(name: str, found: str | None) -> Finding:
    if found is None:
        hint = "Install unpact-tui again, in an environment of its own."
        return Finding(name, "problem", "not installed", hint)
    return Finding(name, "ok", found)


# ---------------------------------------------------------------- the GPU


def torch_build(version: Version, requires: Callable[[], Sequence[str]] | None = None) -> str:
    """Return what torch was built for: cuda, rocm, xpu or cpu, by its version and what came too."""
    found = version("torch") or ""
    local = found.partition("+")[2]
    if local:
        return next((kind for kind in ("rocm", "cpu", "xpu") if local.startswith(kind)), "cuda")
    names = (_name(requirement) for requirement in (requires or _requirements)())
    wanted = [name for name in names if name.startswith(("nvidia-", "cuda-"))]
    return "cuda" if any(version(name) for name in wanted) else "cpu"


def _requirements() -> Sequence[str]:
    try:
        return metadata.requires("torch") or ()
    except metadata.PackageNotFoundError:
        return ()


def _name(requirement: str) -> str:
    for stop in " ;[=<>!~(":
        requirement = requirement.partition(stop)[0]
    return requirement


def gpu(environ: Mapping[str, str], *, ask: Ask, build: str, cores: int) -> Finding:
    """Say whether there is a GPU that torch can use."""
    if build == "rocm":
        return Finding("gpu", "ok", "torch is built for AMD; whether there is one is not looked at")
    if (platform.system(), platform.machine()) == ("Darwin", "arm64"):
        return Finding("gpu", "ok", "the processor's own, which torch calls mps")
    answer = ask(_QUERY)
    cards = [card for line in (answer or "").splitlines() if (card := _card(line)) is not None]
    if answer is not None and not cards:
        hint = "See what nvidia-smi says by itself; the driver may be missing or out of date."
        return Finding("gpu", "problem", "nvidia-smi is there, but names no GPU", hint)
    if not cards:
        return Finding("gpu", "slow", f"none found (nvidia-smi); {_patience(cores)}", _SMALLER)
    detail = "; ".join(text for text, _ in cards)
    if environ.get("CUDA_VISIBLE_DEVICES", "all") in _HIDDEN:
        hint = "Unset CUDA_VISIBLE_DEVICES to use it."
        return Finding("gpu", "slow", f"{detail}; hidden by CUDA_VISIBLE_DEVICES", hint)
    if build != "cuda":
        hint = "Install a build with CUDA: https://pytorch.org/get-started/locally."
        return Finding("gpu", "problem", f"{detail}; but torch is built for {build}", hint)
    if all(free is not None and free < _LITTLE for _, free in cards):
        hint = "nvidia-smi shows who holds the rest; --device cpu does without."
        return Finding("gpu", "slow", f"{detail}; little is free", hint)
    return Finding("gpu", "ok", detail)


_SMALLER = "Begin with a small model, a few prompts, and fewer strategies: --set strategies=bold."


def _card(line: str) -> tuple[str, float | None] | None:
    """Return a card in words and its free bytes; memory may be "[N/A]" where it is shared."""
    parts = [part.strip() for part in line.rsplit(",", 3)]
    if len(parts) != 4:
        return None
    name, free, total, driver = parts
    if not (free.isdecimal() and total.isdecimal()):
        return f"{name}, driver {driver}", None
    left, whole = int(free) * 2**20, int(total) * 2**20
    return f"{name}, {in_words(left)} of {in_words(whole)} free, driver {driver}", left


def _patience(cores: int) -> str:
    millions = _MINUTE * cores * _OPERATIONS_PER_CORE / (2 * _PASSES) / 1e6
    size = f"{millions / 1000:.1f} billion" if millions >= 1000 else f"{millions:.0f} million"
    return f"a prompt takes over a minute from about {size} parameters on (a rough estimate)"


# ---------------------------------------------------------------- memory and processors


def memory(root: Path = Path("/")) -> Memory:
    """Return the memory there is, for this container if it is one."""
    lines = _text(root / "proc/meminfo").splitlines()
    rows = {name: rest.split() for name, _, rest in (line.partition(":") for line in lines)}
    total, available = (_kilobytes(rows.get(n, [])) for n in ("MemTotal", "MemAvailable"))
    if total is None:
        total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limit, used = (_number(_text(root / "sys/fs/cgroup" / name)) for name in _CGROUP)
    if limit is None or limit >= total:
        return Memory(total, available)
    left = None if used is None else max(0, limit - used)
    both = [count for count in (available, left) if count is not None]
    return Memory(limit, min(both) if both else None)


_CGROUP = ("memory.max", "memory.current")


def memory_finding(found: Memory) -> Finding:
    """Say what fits."""
    count = found.total if found.available is None else found.available
    millions = count / _BYTES_PER_PARAMETER / 1e6
    models = f"{millions / 1000:.1f} billion" if millions >= 1000 else f"{millions:.0f} million"
    detail = (
        f"{in_words(count)} of {in_words(found.total)} available: "
        f"two models of {models} parameters in bfloat16"
    )
    if count < _TOO_LITTLE:
        hint = "End other programs: torch alone needs half a gigabyte."
        return Finding("memory", "problem", detail, hint)
    if count < _LITTLE:
        return Finding("memory", "slow", detail, "Give --dtype bfloat16, and a small model.")
    return Finding("memory", "ok", detail)


def processors(root: Path = Path("/")) -> int:
    """Return how many processors this process may use, a container's share included."""
    affinity = getattr(os, "sched_getaffinity", None)
    count = len(affinity(0)) if affinity else os.cpu_count() or 1
    words = _text(root / "sys/fs/cgroup/cpu.max").split()
    if len(words) == 2 and all(word.isdecimal() for word in words):
        count = min(count, max(1, round(int(words[0]) / int(words[1]))))
    return count


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""


def _number(text: str) -> int | None:
    return int(text) if text.strip().isdecimal() else None


def _kilobytes(words: Sequence[str]) -> int | None:
    return int(words[0]) * 1024 if words and words[0].isdecimal() else None
