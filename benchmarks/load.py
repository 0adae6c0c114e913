"""What grows under load: a day of keys, thousands of prompts, many checkpoints, several at once.

    python benchmarks/load.py keys [--count 100000] [--seed 8]
    python benchmarks/load.py prompts [--count 10000]
    python benchmarks/load.py checkpoints [--count 200]
    python benchmarks/load.py long [--count 32000]
    python benchmarks/load.py session [--count 100000]
    python benchmarks/load.py sharing [--count 400] [--processes 8]

Nothing is sent anywhere; models are tiny ones with random weights, and most engines have none at
all. Everything is written in a folder of its own, which goes. Exits with 1 where something grew,
was slow or was lost.
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

from load_checkpoints import Held, Spent, look, made_up, measured, rows, sweep
from load_keys import Sample, Walked, walk
from load_long import KEYS as LONG_KEYS
from load_long import read as read_long
from load_prompts import Step, visit
from load_session import reopen
from load_sharing import (
    Shared,
    foreign_cache,
    many_sittings,
    one_cache,
    one_ledger,
    one_session,
)
from vital_signs import growth

from unpact_tui.ledger import read
from unpact_tui.triage.row import ROWS

MOST_GROWTH = 16e6
"""Bytes that memory may rise by in the second half of the keys, beyond what is bounded and still
fills up: what was tried by hand, of which `session.memory.ROOM` is kept."""
MOST_SLOWER = 1.5
"""Times the work of a key in the first tenth that it may be in the last."""
MOST_OF_TRIAGE = 32e6
"""Bytes that a triage may hold on to beyond what it has after a tenth of its checkpoints."""
MOST_ON_BOARD = 1.5
"""Seconds of the processor that anything on the board may take with 10,000 checkpoints."""
MOST_ON_TOKENS = 2.0
"""Seconds of the processor that a key may take with a prompt of 32,000 tokens: to colour all of
them by another number is the most."""
MOST_TO_REOPEN = 30.0, 128e6
"""Seconds of the processor, and bytes, that a session of 100,000 actions may take to open."""
MOST_WAIT = 1.5
"""Seconds that a key may wait with thousands of prompts, whatever is being done."""


def keys(count: int, seed: int, folder: Path) -> bool:
    """Press random keys; return whether nothing grew."""
    print(f"{count} keys, seed {seed}: every one is drawn among those bound where the focus is")
    print(
        f"{'keys':>8}{'MB':>8}{'handles':>9}{'threads':>9}{'tasks':>7}{'answers':>9}"
        f"{'of bound':>10}{'file MB':>9}"
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
        f"{sample.tasks:7}{sample.remembered:9}{sample.spare / 1e6:10.1f}"
        f"{sample.session / 1e6:9.2f}",
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
    print(f"{count} prompts\n{'':30}{'s of the processor':>20}{'longest wait':>14}{'MB':>8}")
    slow: list[str] = []

    def tell(step: Step) -> None:
        late = step.wait is not None and step.wait > MOST_WAIT
        slow.extend([step.name] if late else [])
        memory, wait = step.memory / 1e6, "" if step.wait is None else f"{step.wait:.3f}"
        print(
            f"{step.name:30}{step.work:20.3f}{wait:>14}{memory:8.1f}{'  SLOW' * late}", flush=True
        )

    asyncio.run(visit(folder, count, tell))
    return not slow


def checkpoints(count: int, folder: Path) -> bool:
    """Measure many, stop half-way, go on, and look at all; return whether all is well."""
    found: list[Held] = []

    def tell(held: Held) -> None:
        found.append(held)
        memory = held.memory / 1e6
        print(f"{held.rows:8}{memory:9.1f}{held.handles:9}{held.processes:10}{held.seconds:8.0f}")
        sys.stdout.flush()

    print(f"{count} checkpoints, stopped after {count // 2}")
    print(f"{'rows':>8}{'MB':>9}{'handles':>9}{'processes':>10}{'s':>8}")
    sweep(folder, count)
    marks = [count * tenth // 10 for tenth in (1, 3, 5, 7, 9)]
    stopped = measured(folder, marks[:2], tell, stop=marks[2])
    before = (folder / "rows.jsonl").read_bytes()
    ended = measured(folder, [*marks[3:], count - 1], tell)
    wrong = [f"it ended with {stopped} and {ended}"] if (stopped, ended) != (143, 0) else []
    if not (folder / "rows.jsonl").read_bytes().startswith(before) or rows(folder) != count:
        wrong.append(f"{rows(folder)} rows, {before.count(bytes([10]))} of them before it stopped")
    known = read(folder / "rows.jsonl", ROWS)
    if len(known) != count or any(row.error or row.verdict is None for row in known):
        wrong.append(f"{sum(row.verdict is not None for row in known)} of {count} measured")
    for part in (found[:2], found[2:]):
        rise = part[-1].memory - part[0].memory
        wrong += [f"GREW: memory by {rise / 1e6:.1f} MB"] if rise > MOST_OF_TRIAGE else []
        more = part[-1].handles - part[0].handles
        wrong += [f"GREW: handles by {more}"] if more > 2 else []
    print("\n".join(wrong) or "every checkpoint once, nothing grew")
    return all([not wrong, _board(folder / "rows.jsonl"), _board(folder / "many.jsonl", 10_000)])


def _board(path: Path, count: int = 0) -> bool:
    """Look at rows, of which so many are made up; return whether all was quick."""
    if count:
        made_up(path, count)
    print(f"\nthe board with {count or 'the same'} checkpoints\n{'':30}{'s':>8}{'MB':>8}")
    slow: list[str] = []

    def tell(spent: Spent) -> None:
        late = spent.work > MOST_ON_BOARD
        slow.extend([spent.name] if late else [])
        print(f"{spent.name:30}{spent.work:8.3f}{spent.memory / 1e6:8.1f}{'  SLOW' * late}")

    asyncio.run(look(path, tell))
    return not slow


def long(count: int, folder: Path) -> bool:
    """Walk through one prompt of so many tokens; return whether every key was quick.

    What the engine without models makes up, opening and emphasising, is in the time of both, and is
    not looked at: elsewhere that is another process.
    """
    print(f"a prompt of {count} tokens\n{'':36}{'s':>8}{'MB':>8}")
    slow: list[str] = []

    def tell(spent: Spent) -> None:
        late = spent.work > MOST_ON_TOKENS and spent.name in dict(LONG_KEYS).values()
        slow.extend([spent.name] if late else [])
        print(f"{spent.name:36}{spent.work:8.3f}{spent.memory / 1e6:8.1f}{'  SLOW' * late}")
        sys.stdout.flush()

    asyncio.run(read_long(folder, count, tell))
    return not slow


def session(count: int, seed: int, folder: Path) -> bool:
    """Write a session of so many actions and open it again; return whether that was little."""
    found = reopen(folder, count, seed)
    most, room = MOST_TO_REOPEN
    print(
        f"{count} actions, {found.size / 1e6:.1f} MB: opened again in {found.reading:.1f} s of the"
        f" processor, {found.growth / 1e6:.1f} MB more, {found.answers} answers kept,"
        f" {'all as it was' if found.same else 'NOT AS IT WAS'}"
    )
    return found.same and found.reading < most and found.growth < room


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
    parser.add_argument(
        "what", choices=("keys", "prompts", "checkpoints", "long", "session", "sharing")
    )
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
            case "long":
                fine = long(asked.count or 32_000, folder)
            case "session":
                fine = session(asked.count or 100_000, asked.seed, folder)
            case "checkpoints":
                fine = checkpoints(asked.count or 200, folder)
            case _:
                fine = sharing(asked.count or 400, asked.processes, asked.seed, folder)
        os.chdir("/")
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
