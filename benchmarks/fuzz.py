"""Thousands of spoiled files of every kind, each read as a person has it read.

    python benchmarks/fuzz.py                                every format, 5,000 files each
    python benchmarks/fuzz.py session matrix --count 20000 --seed 1
    python benchmarks/fuzz.py --list

A traceback, a hang, a burst of memory or the end of the process is a finding; it comes with the
seed and the number of the file, by which it can be had again, and makes the exit code 1. Each
format has a process of its own, which may take 2 GiB more than it begins with.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

# Before the folder of this file, in which `attribution` would be a benchmark and not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

import msgspec
from fuzzing import attack, checkpoints, files

ROOM = 2 << 30
"""Bytes of address space that a format may take besides what it begins with."""
PATIENCE = 60.0
"""Seconds for one file: a campaign may share its machine."""
LIMIT = 4 * 3600
"""Seconds for one format; what takes longer hangs where no alarm reaches it."""
SHOWN = 5
"""Kinds of findings that are told of each format."""
HEAD = " files   read refused  slowest    grown  found"

FORMATS = {format.name: format for format in (*files.FORMATS, *checkpoints.FORMATS)}


class Told(msgspec.Struct):
    """What came of one format."""

    files: int
    read: int
    refused: int
    slowest: float
    grown: int
    findings: list[str]


def main() -> int:
    """Attack what is named; return 1 where something was found."""
    asked = _arguments()
    if asked.list:
        print("\n".join(FORMATS))
        return 0
    if asked.folder:
        _attack(asked.formats[0], Path(asked.folder), asked.count, asked.seed)
        return 0
    unknown = [name for name in asked.formats if name not in FORMATS]
    if unknown:
        sys.exit(f"There is no format {unknown[0]!r}: --list names them.")
    print(
        f"{'format':40} {'files':>6} {'read':>6} {'refused':>7} {'slowest':>8} {'grown':>8}  found"
    )
    every: list[Told] = []
    for name in asked.formats or FORMATS:
        every.append(_in_a_child(name, asked.count, asked.seed))
        _print(name, every[-1])
    found = sum(len(told.findings) for told in every)
    done = sum(told.files for told in every)
    print(f"{done:,} files of {len(every)} formats, seed {asked.seed}: {found} findings")
    return 1 if found else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("formats", nargs="*", metavar="FORMAT", help="by default all of them")
    parser.add_argument("--count", type=int, default=5_000, help="files of each format")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--list", action="store_true", help="name the formats")
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    return parser.parse_args()


def _print(name: str, told: Told) -> None:
    print(
        f"{name:40} {told.files:6} {told.read:6} {told.refused:7} {told.slowest:6.2f} s"
        f" {told.grown >> 20:4} MiB  {len(told.findings)}",
        flush=True,
    )
    kinds = Counter(finding.strip().rpartition("\n")[2] for finding in told.findings)
    for last, times in kinds.most_common(SHOWN):
        first = next(each for each in told.findings if each.strip().endswith(last))
        print(f"  {times} times, first: {first.strip()}", flush=True)


def _in_a_child(name: str, count: int, seed: int) -> Told:
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        words = [name, "--count", str(count), "--seed", str(seed), "--folder", folder]
        child = subprocess.run(
            [sys.executable, __file__, *words],
            stdout=subprocess.PIPE,
            timeout=LIMIT,
            check=False,
            env=_environ(Path(folder)),
        )
        if child.returncode == 0:
            return msgspec.json.decode(child.stdout.splitlines()[-1], type=Told)
        kept = Path(tempfile.mkdtemp(prefix="fuzz-kept-"))
        (Path(folder) / "files").replace(kept / "files")
    how = f"seed {seed}: the process ended with {child.returncode}; its files are in {kept}"
    return Told(0, 0, 0, 0.0, 0, [how])


def _environ(folder: Path) -> Mapping[str, str]:
    """Return surroundings in which nobody's own folders, cache or hub take part."""
    homes = {f"XDG_{name}_HOME": str(folder / name) for name in ("CACHE", "CONFIG", "STATE")}
    alone = {"HF_HUB_OFFLINE": "1", "UNPACT_CACHE": "0", "OMP_NUM_THREADS": "1"}
    return {**os.environ, **homes, **alone}


def _attack(name: str, folder: Path, count: int, seed: int) -> None:
    """Read the files in this process, and print what came of it."""
    attack.PATIENCE = PATIENCE
    place = folder / "files"
    place.mkdir()
    # Once without a limit: what is imported for the first file is not what a file takes.
    attack.attack(FORMATS[name], _fresh(folder / "first"), 1, seed)
    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + ROOM, now + ROOM))
    report = attack.attack(FORMATS[name], place, count, seed)
    told = Told(
        report.files,
        report.read,
        report.refused.total(),
        report.slowest,
        report.grown,
        report.findings,
    )
    print(msgspec.json.encode(told).decode())


def _fresh(folder: Path) -> Path:
    folder.mkdir()
    return folder


if __name__ == "__main__":
    sys.exit(main())
