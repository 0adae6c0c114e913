"""What is killed: a triage, an unlearning run, a build of the demo, a session that is written.

Each does what its command does, on models that are small enough to be killed hundreds of times, and
says what of it is finished. Knows neither signals nor moments.
"""

# pyright: basic
# (safetensors' annotations do not stand strict mode)

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from benchmarks._killing import Half
from unpact_tui import checkpoints, ledger
from unpact_tui.errors import BadResult, BadSession
from unpact_tui.triage.row import ROWS

if TYPE_CHECKING:
    from unpact_tui.demo.recipe import Recipe

_QUICK = ("strategies=bold", "draws=1", "max_new_tokens=8", "granularity=word")


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _command(words: list[str]) -> None:
    """Run the command line, as its console script does."""
    from unpact_tui.__main__ import main

    sys.argv = ["unpact-tui", *words]
    main()


class Triage:
    """`triage --out --resume`, on three checkpoints; its worker is forked and not spawned."""

    name = "triage"

    def __init__(self, family: Path) -> None:
        self.family = family

    def prepare(self, folder: Path) -> None:
        """One prompt; and import what measures."""
        import transformers.models.llama.modeling_llama  # noqa: F401 - for the forks

        import unpact_tui.engine
        import unpact_tui.triage.command  # noqa: F401 - for the forks

        line = (self.family / "forget.jsonl").read_text("utf-8").splitlines()[1]
        (folder / "one.jsonl").write_text(line + "\n", "utf-8")
        self.prompts = folder / "one.jsonl"

    def go(self, place: Path) -> None:
        """Measure what is not measured yet."""
        import multiprocessing

        from unpact_tui.fleet import process

        process.get_context = lambda _: multiprocessing.get_context("fork")  # type: ignore[assignment]
        several = ("unlearned-npo", "unlearned-planted-stars", "retrain")
        models = [str(self.family / name) for name in ("target", *several)]
        quick = [word for pair in _QUICK for word in ("-s", pair)]
        words = ["triage", *models, "--prompts", str(self.prompts), "--resume", *quick]
        _command([*words, "--out", str(place), "--device", "cpu"])

    def finished(self, place: Path) -> dict[str, str]:
        """Return the rows, without what they took."""
        if not place.exists():
            return {}
        try:
            rows = ledger.read(place, ROWS)
        except BadResult as error:
            raise Half(str(error)) from error
        return {
            row.name: _digest(msgspec.json.encode(msgspec.structs.replace(row, seconds=0.0)))
            for row in rows
        }

    def told(self, said: str) -> set[str]:
        """Return the checkpoints whose verdict was told."""
        return set(re.findall(r"^\d+/\d+ (\S+): [A-Z]+, \d+ s", said, re.MULTILINE))


class Unlearn:
    """`unlearn --save-every 2 --resume`, twelve steps."""

    name = "unlearn"

    def __init__(self, family: Path) -> None:
        self.family = family

    def prepare(self, folder: Path) -> None:
        """Import what trains."""
        import accelerate  # noqa: F401 - for the forks
        import transformers.models.llama.modeling_llama  # noqa: F401 - for the forks

        from methods import _bench  # noqa: F401 - for the forks

    def go(self, place: Path) -> None:
        """Do the steps that are left."""
        data = [f"--{name}={self.family / name}.jsonl" for name in ("forget", "retain")]
        size = ["--set", "grad_accum=1", "--batch-size", "4", "--epochs", "2.4", "--lr", "1e-3"]
        words = ["unlearn", "npo_gdr", "--model", str(self.family / "target"), *data, *size]
        _command([*words, "--device", "cpu", "--save-every", "2", "--resume", "--out", str(place)])

    def finished(self, place: Path) -> dict[str, str]:
        """Return the checkpoints, each opened with all its tensors."""
        return {
            folder.name: _whole_checkpoint(folder) for folder in sorted(place.glob("checkpoint-*"))
        }

    def told(self, said: str) -> set[str]:
        """Return the checkpoints that were told of."""
        return {f"checkpoint-{step}" for step in re.findall(r"step (\d+): wrote", said)}


class Demo:
    """A build of the demo by a recipe of few steps, as its own process does it."""

    name = "demo"

    def prepare(self, folder: Path) -> None:
        """Import what trains."""
        import unpact_tui.demo._stages  # noqa: F401 - for the forks

        self.recipe = _few_steps()

    def go(self, place: Path) -> None:
        """Build what is missing."""
        from unpact_tui import demo
        from unpact_tui.demo.__main__ import main

        demo.build = partial(demo.build, place, self.recipe)  # type: ignore[assignment]
        sys.exit(main([]))

    def finished(self, place: Path) -> dict[str, str]:
        """Return the checkpoints and, when they are there, the files of a finished build."""
        from unpact_tui.demo import manifest, verify

        folder = place / self.recipe.digest()
        named = ["base", "reference", *(member.name for member in self.recipe.members)]
        found = {n: _whole_checkpoint(folder / n) for n in named if (folder / n).exists()}
        if (folder / manifest.NAME).exists():
            if damaged := verify(place, self.recipe):
                raise Half(f"{damaged} are not what the manifest says")
            for name in (manifest.NAME, manifest.FORGET, manifest.RETAIN):
                found[name] = _digest((folder / name).read_bytes())
        return found

    def told(self, said: str) -> set[str]:
        """It says how far it is, and of no checkpoint."""
        return set()


def _few_steps() -> Recipe:
    from unpact_tui.demo.members import Member
    from unpact_tui.demo.recipe import Architecture, Lessons, Recipe, Training

    return Recipe(
        people=8,
        forgotten=2,
        retain_rows=3,
        architecture=Architecture(400, 16, 2, 2, 32, 128),
        training=Training(trunk_steps=8, base_steps=8, reference_steps=8, batch=8, warm_up=2),
        lessons=Lessons(retain=20, batch=6),
        members=(
            Member("rmu", "RMU", 8, 1e-3, ("layer=0", "trains=all", "alpha=1")),
            Member("simnpo", "SimNPO", 8, 1e-3),
            Member("ga", "GA", 8, 1e-3),
        ),
    )


class Session:
    """A session that is written, line after line, and gone on with; no model, no screen."""

    name = "session"

    def prepare(self, folder: Path) -> None:
        """Have an engine without models answer long questions, of which some lines are made."""
        from attribution.types import Case
        from unpact_tui import __version__
        from unpact_tui.session.choices import Choices, begin
        from unpact_tui.session.file import SCHEMA, Began, Heard
        from unpact_tui.session.memory import Memory
        from unpact_tui.settings import Settings
        from unpact_tui.worker.events import Opened
        from unpact_tui.worker.fake import FakeEngine
        from unpact_tui.worker.protocol import Analyse, Open, Reply

        cases = tuple(Case(str(n), " ".join([f"Who is {n}?"] * 10), "Nobody.") for n in range(5))
        order, heard = Open("base", "unlearned", None, Settings()), list[Reply]()
        engine, memory = FakeEngine(), Memory()
        engine.listen(heard.append)
        engine.send(order)
        (opened,) = [reply.event for reply in heard if isinstance(reply.event, Opened)]
        for case in cases:
            heard.clear()
            engine.send(Analyse(case))
            for reply in heard:
                memory.take(Analyse(case), reply.event)
        choices = Choices(cases, begin(cases), strategy=order.settings.strategies[0])
        answers = [Heard(question, events) for question, events in memory]
        assert len(answers) == len(cases)
        self.lines = [Began(SCHEMA, __version__, order, opened, choices), *answers * 50]

    def go(self, place: Path) -> None:
        """Write the lines that are not there yet, and tell of each."""
        from unpact_tui.session.file import Recorder
        from unpact_tui.unattended import ended_by_signals

        with ended_by_signals():
            recorder = Recorder(place)  # takes off a line that was cut short
            there = place.read_bytes().count(b"\n")
            for number, line in enumerate(self.lines[there:], there):
                recorder.write(line)
                if recorder.trouble:
                    sys.exit(f"not written: {recorder.trouble}")
                os.write(2, f"kept {number}\n".encode())
            recorder.close()

    def finished(self, place: Path) -> dict[str, str]:
        """Return the lines that end, in a file that can be opened up to the last of them."""
        from unpact_tui.session.file import read

        raw = place.read_bytes() if place.exists() else b""
        ends = raw.count(b"\n")
        if ends:
            try:
                read(place)
            except BadSession as error:
                raise Half(str(error)) from error
        whole = raw.split(b"\n")[:ends]
        return {f"line {number}": _digest(line) for number, line in enumerate(whole)}

    def told(self, said: str) -> set[str]:
        """Return the lines that were told of."""
        return {f"line {number}" for number in re.findall(r"^kept (\d+)$", said, re.MULTILINE)}


def _whole_checkpoint(folder: Path) -> str:
    """Open a checkpoint with all its tensors; return a digest of them. Raises `Half`."""
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    weights = folder / "model.safetensors"
    try:
        made = checkpoints.read(str(folder), "unlearned")
        load_file(weights)
        if not made.has_tokenizer:
            raise Half(f"{folder} has no tokenizer")
        if (folder / "provenance.json").exists():
            json.loads((folder / "provenance.json").read_bytes())
    except (OSError, ValueError, SafetensorError, checkpoints.NotACheckpoint) as error:
        raise Half(f"{folder}: {error}") from error
    return _digest(weights.read_bytes())
