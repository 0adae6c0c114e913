"""What a triage of many checkpoints costs: checkpoints a minute and memory, by who does it.

    python benchmarks/triage.py FAMILY [--checkpoints 8] [--prompts 2] [--shape tiny|1b|8b]
        [--ways local:1 local:2 ray:2] [--device auto] [--rounds 1] [--set NAME=VALUE ...]
    python benchmarks/triage.py FAMILY --count [--prompts 2] [--set NAME=VALUE ...]

FAMILY is a folder with `target`, folders named `unlearned-*`, `forget.jsonl` and `retain.jsonl`.
Checkpoints are copies of the unlearned ones with one weight changed a little, so that no two are
the same; with --shape they are of random weights, and only the tokenizer is the family's. Each way
is the command itself with a cache of its own, and the ways take turns. Memory is the most that the
command and all its processes held at once, what they share counted once. --count instead says how
many tokens each model reads for a checkpoint, which is what a cost model needs.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

# Before the folder of this file, in which `attribution` would be a benchmark and not the package.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

_SAMPLES = 0.2
"""Seconds between two looks at memory."""


@dataclass(frozen=True, slots=True)
class Run:
    """One triage by one way."""

    seconds: float
    memory: int
    each: tuple[float, ...]
    """Seconds of the checkpoints alone."""
    verdicts: tuple[tuple[str, str | None], ...]


# ---------------------------------------------------------------- what is measured


def prepare(asked: argparse.Namespace, folder: Path) -> tuple[Path, list[Path]]:
    """Make the checkpoints; return the base and them."""
    base, sources = asked.family / "target", sorted(asked.family.glob("unlearned-*"))
    if asked.shape:
        base = folder / "base"
        _random(asked, base)
        sources = [base]
    made = []
    for number in range(asked.checkpoints):
        place = folder / f"checkpoint-{number:03}"
        shutil.copytree(sources[number % len(sources)], place, copy_function=shutil.copyfile)
        _nudge(place, number)
        made.append(place)
    for name in ("forget", "retain"):
        lines = (asked.family / f"{name}.jsonl").read_text("utf-8").splitlines(keepends=True)
        (folder / f"{name}.jsonl").write_text("".join(lines[: asked.prompts]), "utf-8")
    return base, made


def _random(asked: argparse.Namespace, place: Path) -> None:
    from benchmarks.unlearn import build

    build(asked.shape, "bfloat16", "cpu").save_pretrained(place)
    for file in (asked.family / "target").glob("tokenizer*"):
        shutil.copyfile(file, place / file.name)


def _nudge(place: Path, number: int) -> None:
    """Change one weight, so that this is a checkpoint of its own."""
    from safetensors.torch import load_file, save_file

    file = sorted(place.glob("*.safetensors"))[-1]
    file.chmod(0o600)
    tensors = load_file(file)
    name = next(name for name in tensors if name.endswith("norm.weight"))
    tensors[name][0] += 0.01 * (number + 1)
    save_file(tensors, file, {"format": "pt"})


# ---------------------------------------------------------------- by whom


def once(asked: argparse.Namespace, way: str, folder: Path, base: Path, made: list[Path]) -> Run:
    """Run the command one way."""
    engine, _, jobs = way.partition(":")
    out = folder / f"{time.monotonic_ns()}.jsonl"
    words = ["triage", str(base), *map(str, made), "--prompts", str(folder / "forget.jsonl")]
    words += ["--retain", str(folder / "retain.jsonl"), "--out", str(out), "--json", "--quiet"]
    words += ["--engine", engine, "--jobs", jobs, "--device", asked.device]
    words += [word for pair in asked.set for word in ("--set", pair)]
    with tempfile.TemporaryDirectory() as cache:
        env = {**os.environ, "XDG_CACHE_HOME": cache}
        began = time.perf_counter()
        with subprocess.Popen(
            [sys.executable, "-m", "unpact_tui", *words], stdout=subprocess.DEVNULL, env=env
        ) as started:
            peak = _Peak(started.pid)
            peak.start()
            code = started.wait()
            peak.ended.set()
        seconds = time.perf_counter() - began
        peak.join()
    rows = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    if code or len(rows) != len(made):
        sys.exit(f"{way}: ended with code {code} and {len(rows)} of {len(made)} rows")
    verdicts = tuple(sorted((row["name"], row["verdict"]) for row in rows))
    return Run(seconds, peak.most, tuple(row["seconds"] for row in rows), verdicts)


class _Peak(threading.Thread):
    """Looks again and again at the memory of a process and of all that come from it."""

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self.ended = threading.Event()
        self.most = 0
        self._known = {process}

    def run(self) -> None:
        while not self.ended.wait(_SAMPLES):
            self._known |= set(_descendants(self._known))
            self.most = max(self.most, sum(map(_held, self._known)))


def _descendants(known: set[int]) -> Iterator[int]:
    """Yield what came from these; what lost its parent since is still known."""
    parents: dict[int, int] = {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(place.parent.name)] = int(place.read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
    found = set(known)
    grown = True
    while grown:
        more = {child for child, parent in parents.items() if parent in found} - found
        found |= more
        grown = bool(more)
    yield from found & set(parents)


def _held(process: int) -> int:
    """Return a process's bytes; of pages that several share, its share."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


# ---------------------------------------------------------------- how many tokens


def count(asked: argparse.Namespace, folder: Path, base: Path, made: list[Path]) -> None:
    """Print what each model reads for the first checkpoint, and for one after it."""
    os.environ["XDG_CACHE_HOME"] = str(folder / "cache")
    from unpact_tui import cases
    from unpact_tui.engine import Engine
    from unpact_tui.options import settle
    from unpact_tui.settings import Settings
    from unpact_tui.triage.measuring import Kept, measure
    from unpact_tui.triage.question import Question

    settings = settle(Settings(device=asked.device), tuple(asked.set))
    read = [cases.read(folder / f"{name}.jsonl") for name in ("forget", "retain")]
    engine, kept = Engine(settings), Kept()

    prompts = tuple(
        replace(case, split=split)
        for split, some in zip(("forget", "retain"), read, strict=True)
        for case in some
    )
    question = Question(str(base), None, settings, prompts)
    for place in made[:2]:
        began = time.perf_counter()
        read_by: dict[str, Counter[str]] = {}
        row, document = _counted(
            measure(engine, question, str(place), place.name, kept), engine, read_by
        )
        seconds = time.perf_counter() - began
        lengths = [len(case.prompt.tokens) for case in document.cases]
        answers = [len(case.answer.ids) for case in document.cases]
        print(
            f"{place.name}: {row.verdict}, {len(prompts)} prompts, {statistics.fmean(lengths):.1f} "
            f"tokens, answers {statistics.fmean(answers):.1f}; {seconds:.1f} s; tokens read:"
        )
        for stage, read in sorted(read_by.items()):
            print(f"  {stage:30}" + "  ".join(f"{role} {n:>8,}" for role, n in read.items()))
        sys.stdout.flush()


def _counted(steps: Any, engine: Any, read_by: dict[str, Counter[str]]) -> Any:
    """Take all steps, and put down to each stage what models read up to its step."""
    from unpact_tui import vitals

    before = {id(model): vitals.tokens_read([model]) for model in engine.models.values()}
    while True:
        try:
            stage = next(steps).stage
        except StopIteration as end:
            return end.value
        for role, model in engine.models.items():
            now = vitals.tokens_read([model])
            read_by.setdefault(stage, Counter())[role] += now - before.get(id(model), 0)
            before[id(model)] = now


# ---------------------------------------------------------------- all of it


def table(asked: argparse.Namespace, runs: dict[str, list[Run]]) -> Iterator[str]:
    """Yield the lines of the comparison."""
    yield (
        f"{asked.checkpoints} checkpoints, {asked.prompts} prompts to forget, {asked.prompts} to "
        f"retain, {os.cpu_count()} cores; median of {asked.rounds}"
    )
    first = statistics.median(run.seconds for run in next(iter(runs.values())))
    yield f"{'':10}{'a minute':>9}{'x first':>9}{'seconds':>9}{'each':>8}{'memory':>11}"
    for way, some in runs.items():
        seconds = statistics.median(run.seconds for run in some)
        each = statistics.median(one for run in some for one in run.each)
        memory = max(run.memory for run in some)
        yield (
            f"{way:10}{60 * asked.checkpoints / seconds:>9.1f}{first / seconds:>9.2f}"
            f"{seconds:>9.1f}{each:>8.2f}{memory / 2**30:>7.2f} GiB"
        )
    same = len({run.verdicts for some in runs.values() for run in some}) == 1
    yield "all ways gave the same verdicts" if same else "THE WAYS DIFFER in their verdicts"


def main() -> int:
    """Measure every way, in turns."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("family", type=Path)
    parser.add_argument("--checkpoints", type=int, default=8)
    parser.add_argument("--prompts", type=int, default=2)
    parser.add_argument("--ways", nargs="+", default=["local:1", "local:2", "ray:2"])
    parser.add_argument("--shape", choices=("tiny", "1b", "8b"))
    parser.add_argument("--device", default="auto")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--count", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="triage-") as name:
        folder = Path(name)
        base, made = prepare(asked, folder)
        if asked.count:
            count(asked, folder, base, made)
            return 0
        runs: dict[str, list[Run]] = {way: [] for way in asked.ways}
        for _round in range(asked.rounds):
            for way, some in runs.items():
                some.append(once(asked, way, folder, base, made))
        print("\n".join(table(asked, runs)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
