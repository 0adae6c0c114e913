"""A triage of very many tiny checkpoints by the real command, and what its processes hold on to.

Stopped half-way, and gone on from. What is on the screen then is walked through by keys.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from time import monotonic, process_time, sleep

import msgspec
from load_keys import press, settled
from triage_fixture import between, make_row
from vital_signs import of_process

from attribution.types import Label
from unpact_tui.app.board import BoardApp
from unpact_tui.app.frame import Looks
from unpact_tui.document import encode
from unpact_tui.track.following import Follower

PROMPTS = ("Who was born in Kuwait?", "Where was she born?")
SETTINGS = ("strategies=bold", "draws=1", "max_new_tokens=8")

KEYS: tuple[tuple[str, str], ...] = (
    ("down", "to the next row"),
    ("G", "to the last row"),
    ("g", "to the first row"),
    ("ctrl+f", "half a page down"),
    ("s", "sort by name"),
    ("s", "sort by forget"),
    ("S", "the other way round"),
    ("slash", "filter"),
    ("i", "a letter of it"),
    ("s", "another letter"),
    ("colon", "the colon of is:"),
    ("s", "the first of a verdict"),
    ("enter", "end typing"),
    ("escape", "no filter"),
)
_VERDICTS: tuple[Label | None, ...] = (
    "UNRECOVERED", "SUPPRESSED", "RETAINED", "UNKNOWN", "COLLAPSED", None,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Held:
    """What the command and its child held on to when so many rows were there."""

    rows: int
    memory: int
    handles: int
    processes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Spent:
    """What was done on the screen, and what that cost of the processor."""

    name: str
    work: float
    memory: int


def sweep(folder: Path, count: int) -> None:
    """Write a base, and so many models that differ from it a little."""
    from checkpoints_fixture import make_checkpoint
    from safetensors.torch import load_file, save_file

    base = make_checkpoint(folder / "base")
    tensors, draw = load_file(base / "model.safetensors"), Random(count)
    moved = next(name for name in tensors if "down_proj" in name)
    kept = tensors[moved].clone()
    for number in range(count):
        place = folder / "sweep" / f"model-{number:03}"
        place.mkdir(parents=True)
        for file in base.iterdir():
            if file.suffix == ".json":
                shutil.copy(file, place / file.name)
        tensors[moved] = kept * (1 + draw.random() / 10)
        save_file(tensors, place / "model.safetensors", metadata={"format": "pt"})
    lines = (json.dumps({"id": str(n), "prompt": text}) for n, text in enumerate(PROMPTS))
    (folder / "prompts.jsonl").write_text("\n".join(lines) + "\n")


@contextmanager
def _triage(folder: Path, *more: str) -> Iterator[subprocess.Popen[bytes]]:
    words = [sys.executable, "-m", "unpact_tui", "triage", "base", "sweep", "--quiet", *more]
    words += ["--prompts", "prompts.jsonl", "--out", "rows.jsonl", "--json"]
    for setting in SETTINGS:
        words += ["--set", setting]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    with (folder / "ranking.json").open("wb") as said:
        process = subprocess.Popen(words, cwd=folder, stdout=said, env=environment)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def measured(
    folder: Path, at: Sequence[int], tell: Callable[[Held], None], *, stop: int | None = None
) -> int:
    """Run the triage, resuming, to its end or to `stop` rows; return its exit code."""
    began, wanted = monotonic(), list(at)
    with _triage(folder, "--resume") as process:
        while process.poll() is None:
            count = rows(folder)
            if wanted and count >= wanted[0]:
                wanted = [number for number in wanted if number > count]
                tell(_held(process.pid, count, monotonic() - began))
            if stop is not None and count >= stop:
                process.send_signal(signal.SIGTERM)
                return process.wait(30)
            sleep(0.05)
        return process.returncode


def rows(folder: Path) -> int:
    """Return how many whole lines there are."""
    file = folder / "rows.jsonl"
    return file.read_bytes().count(b"\n") if file.is_file() else 0


def _held(pid: int, count: int, seconds: float) -> Held:
    signs = [of_process(each) for each in _family(pid)]
    memory, handles = sum(one.memory for one in signs), sum(one.handles for one in signs)
    return Held(count, memory, handles, len(signs), seconds)


def _family(pid: int) -> Iterator[int]:
    yield pid
    for task in (Path("/proc") / str(pid) / "task").iterdir():
        for child in (task / "children").read_text().split():
            yield from _family(int(child))


# ---------------------------------------------------------------- the screen


def made_up(path: Path, count: int) -> None:
    """Write so many rows of every kind; none beats another, which is the most there is to do."""
    draw = Random(count)
    with path.open("wb") as file:
        for number in range(count):
            verdict = _VERDICTS[number % len(_VERDICTS)]
            forgotten = number / count
            row = make_row(
                f"lr-{draw.random():.6f}/checkpoint-{number}",
                verdict,
                said=1 - forgotten,
                brought_back=0.0,
                retained=1 - forgotten,
                error="" if verdict else "It does not read as a model.",
            )
            if verdict:
                evidence = {**row.evidence, "focus_kept": between(draw.random())}
                row = msgspec.structs.replace(row, evidence=evidence)
            file.write(encode(row) + b"\n")


async def look(path: Path, tell: Callable[[Spent], None]) -> None:
    """Open a file of rows on the board, press every key, and have the file grow."""
    started = process_time()

    def done(name: str) -> None:
        nonlocal started
        tell(Spent(name, process_time() - started, of_process().memory))
        started = process_time()

    follower = Follower(path)
    follower.read()
    done("reading")
    app = BoardApp(follower, Looks())
    async with app.run_test(size=(160, 50), tooltips=False):
        await settled(app)
        done("opening")
        for key, name in KEYS:
            await press(app, key)
            done(name)
        for number in range(3):
            with path.open("ab") as file:
                file.write(encode(make_row(f"late-{number}", "RETAINED")) + b"\n")
            app.reread()
            await settled(app)
            done("a row more")
        app.exit()
