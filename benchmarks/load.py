"""The inspector and its files under load: a day of keys, thousands of prompts, several at once.

    python benchmarks/load.py keys [--count 100000] [--seed 8]
    python benchmarks/load.py prompts [--count 10000]
    python benchmarks/load.py sharing [--count 400] [--processes 8]

Nothing is loaded and nothing is sent anywhere: the engine is one without models. Everything is
written in a folder of its own, which goes. Exits with 1 where something grew, was slow or was lost.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

# Before the folder of this file, in which `attribution` would be a benchmark and not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from load_keys import Sample, Walked, walk
from load_prompts import Step, visit
from load_sharing import (
    Shared,
    foreign_cache,
    many_sittings,
    one_cache,
    one_ledger,
    one_session,
)
from vital_signs import growth

MOST_GROWTH = 16e6
"""Bytes that memory may rise by in the second half of the keys, beyond what is bounded and still
fills up: what was tried by hand, of which `session.memory.ROOM` is kept."""
MOST_SLOWER = 1.5
"""Times the work of a key in the first tenth that it may be in the last."""
MOST_WORK = 5.0
"""Seconds of the processor that a single key may take with thousands of prompts."""


def keys(count: int, seed: int, folder: Path) -> bool:
    """Press random keys; return whether nothing grew."""
    print(f"{count} keys, seed {seed}: every one is drawn among those bound where the focus is")
    print(
        f"{'keys':>8}{'MB':>8}{'handles':>9}{'threads':>9}{'tasks':>7}{'answers':>9}{'of bound':>10}{'file MB':>9}"
    )
    walked = asyncio.run(walk(folder, count, seed, max(1, count // 50), _sampled))
    for name, part in (("first tenth", _tenth(walked, 0)), ("last tenth", _tenth(walked, -1))):
        late, work = part
        print(f"{name}: to idle {_spread(late)} ms, of the processor {_spread(work)} ms")
    print("keys by screen:", dict(walked.screens.most_common()))
    found = _grown(walked)
    print("\n".join(found) or "nothing grew")
    return not found


def _sampled(sample: Sample) -> None:
    signs = sample.signs
    print(
        f"{sample.keys:8}{signs.memory / 1e6:8.1f}{signs.handles:9}{signs.threads:9}"
        f"{sample.tasks:7}{sample.remembered:9}{sample.spare / 1e6:10.1f}{sample.session / 1e6:9.2f}",
        flush=True,
    )


def _tenth(walked: Walked, end: int) -> tuple[list[float], list[float]]:
    size = max(1, walked.keys // 10)
    place = slice(0, size) if end == 0 else slice(-size, None)
    return walked.latencies[place], walked.work[place]


def _spread(seconds: Sequence[float]) -> str:
    ordered = sorted(seconds)
    return f"{1e3 * median(ordered):.1f} (95 of 100 under {1e3 * _p95(ordered):.1f})"


def _p95(ordered: Sequence[float]) -> float:
    return ordered[int(0.95 * (len(ordered) - 1))]


def _grown(walked: Walked) -> list[str]:
    """Say what grew; of one's own work, so that other programs are not counted."""
    found: list[str] = []
    memory = growth([sample.signs.memory - sample.spare for sample in walked.samples], 0.5)
    if memory > MOST_GROWTH:
        found.append(f"GREW: memory by {memory / 1e6:.1f} MB")
    for name in ("handles", "threads"):
        rise = growth([getattr(sample.signs, name) for sample in walked.samples])
        if rise > 2:
            found.append(f"GREW: {name} by {rise:.0f}")
    if (rise := growth([sample.tasks for sample in walked.samples])) > 30:
        found.append(f"GREW: tasks by {rise:.0f}")
    first, last = (median(_tenth(walked, end)[1]) for end in (0, -1))
    if last > MOST_SLOWER * first:
        found.append(f"SLOWER: {1e3 * first:.1f} to {1e3 * last:.1f} ms a key")
    return found


def prompts(count: int, folder: Path) -> bool:
    """Walk through the inspector with very many prompts; return whether it stayed quick."""
    print(f"{count} prompts\n{'':30}{'s of the processor':>20}{'MB':>8}")
    slow: list[str] = []

    def tell(step: Step) -> None:
        late = step.key and step.work > MOST_WORK
        slow.extend([step.name] if late else [])
        memory = step.memory / 1e6
        print(f"{step.name:30}{step.work:20.3f}{memory:8.1f}{'  SLOW' * late}", flush=True)

    asyncio.run(visit(folder, count, tell))
    return not slow


def sharing(count: int, processes: int, seed: int, folder: Path) -> bool:
    """Let several processes at one file; return whether nothing was lost."""
    fine = True
    for shared in (
        one_session(folder, processes),
        one_ledger(folder, processes, max(10, count // 8)),
        many_sittings(12, max(5, count // 20)),
        one_cache(folder, processes, count, seed),
        *([foreign_cache(folder)] if os.geteuid() == 0 else []),
    ):
        fine &= _shown(shared)
    if os.geteuid() != 0:
        print("another person: not tried, that takes root")
    return fine


def _shown(shared: Shared) -> bool:
    lost = "; ".join(shared.lost) or "nothing lost"
    print(f"{shared.what:28}{shared.tried:8} times{shared.seconds:8.1f} s  {lost}", flush=True)
    return not shared.lost


def main() -> int:
    """Do what was asked for, in a folder of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("keys", "prompts", "sharing"))
    parser.add_argument("--count", type=int)
    parser.add_argument("--seed", type=int, default=8)
    parser.add_argument("--processes", type=int, default=8)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        for kind in ("STATE", "CACHE", "CONFIG"):
            os.environ[f"XDG_{kind}_HOME"] = str(folder / kind.lower())
        os.chdir(folder)  # pictures and exports are written where one is
        match asked.what:
            case "keys":
                fine = keys(asked.count or 100_000, asked.seed, folder)
            case "prompts":
                fine = prompts(asked.count or 10_000, folder)
            case _:
                fine = sharing(asked.count or 400, asked.processes, asked.seed, folder)
        os.chdir("/")
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
