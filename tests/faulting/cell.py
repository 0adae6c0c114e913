"""One command under one fault: run it, look at what is left, and start it again without it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from faulting import place as places
from faulting.commands import Command
from faulting.faults import Fault, Launch
from faulting.place import Place

PATIENCE = 90.0
"""Seconds for one command, on a busy machine."""

_BUG = re.compile(r"Traceback \(most recent|unpact-tui has a bug|Fatal Python error")
_CONTROLS = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int | None
    """None where it did not, in time."""
    out: str
    err: str
    broken_terminal: str = ""


class Runner(Protocol):
    """Runs a command in a place."""

    def __call__(self, command: Command, words: list[str], place: Place, launch: Launch) -> Ended:
        """Return how it ended."""
        ...


@dataclass(frozen=True, slots=True)
class Cell:
    """What came of it."""

    fault: str
    command: str
    code: int | None
    said: str
    """In short."""
    violations: tuple[str, ...]


def tried(
    fault: Fault,
    command: Command,
    runner: Runner,
    root: Path,
    inputs: Mapping[str, Path | str],
    *,
    again: bool = True,
) -> Cell:
    """Run one cell in a new folder."""
    place = places.make(root, inputs)
    with fault.arrange(place) as launch:
        ended = runner(command, list(command.words), place, launch)
    wrong = list(_wrong(fault, command, ended)) + list(half_written(place.out))
    if ended.code == 0:
        wrong += _unfinished(place.out)
    if again and not wrong and fault.leaves:
        wrong += _next_start(command, runner, place, inputs)
    return Cell(fault.name, command.name, ended.code, brief(ended), tuple(wrong))


def _next_start(
    command: Command, runner: Runner, place: Place, inputs: Mapping[str, Path | str]
) -> list[str]:
    """Start it again where the fault has gone, on whole inputs."""
    afresh = places.make(place.root / "again", inputs)
    for folder in ("out", "home"):
        (afresh.root / folder).rmdir()
        if (place.root / folder).exists():
            (place.root / folder).rename(afresh.root / folder)
        else:
            (afresh.root / folder).mkdir()
    _repair(afresh)
    ended = runner(command, [*command.words, *command.again], afresh, Launch())
    wrong = (
        [] if ended.code in {0, *command.codes} else [f"next start: {ended.code}: {brief(ended)}"]
    )
    if command.json and not wrong:
        wrong += _no_document(ended.out)
    return wrong + [f"next start: {what}" for what in half_written(afresh.out)]


def _repair(place: Place) -> None:
    """Take away what a person has to: what is no folder where one must be, a spoiled file."""
    for name in ("cache", "config", "state", "data"):
        if (place.home / name).is_file():
            (place.home / name).unlink()
    configured = place.home / "config" / "unpact-tui" / "config.toml"
    if configured.is_dir():
        configured.rmdir()
    elif configured.is_symlink() or configured.exists():
        configured.unlink()
    if place.calls.is_fifo():
        place.calls.unlink()
    elif place.calls.is_dir():
        place.calls.rmdir()


def _wrong(fault: Fault, command: Command, ended: Ended) -> list[str]:
    wrong: list[str] = []
    said = ended.out + ended.err
    if ended.code is None:
        wrong.append("it hangs")
    elif ended.code not in fault.codes | command.codes:
        wrong.append(f"exit code {ended.code}")
    if _BUG.search(said):
        wrong.append("a traceback")
    told = "unpact-tui: " in ended.err or "error: " in ended.err
    if ended.code in (2, 3, 4) and not (told or fault.unsaid):
        wrong.append("no sentence")
    if ended.code == 0 and command.json and not fault.silent:
        wrong += _no_document(ended.out)
    if ended.broken_terminal:
        wrong.append(ended.broken_terminal)
    return wrong


def _no_document(text: str) -> list[str]:
    try:
        json.loads(text, parse_constant=_no_number)
    except ValueError as error:
        return [f"standard output is no JSON: {error}"]
    return []


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number of JSON")


def half_written(folder: Path) -> list[str]:
    """Say what is not whole in a folder of results."""
    if not folder.is_dir():
        return []
    wrong: list[str] = []
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        if file.name.startswith(".unpact-tui."):
            wrong.append(f"{file.name} was left")
        elif file.suffix == ".json":
            wrong += [f"{file.name}: {why}" for why in _no_document(file.read_text("utf-8"))]
        elif file.suffix == ".jsonl":
            wrong += _torn(file)
        elif file.suffix == ".html" and not file.read_text("utf-8").rstrip().endswith("</html>"):
            wrong.append(f"{file.name} is half a page")
        elif file.suffix == ".safetensors" and ".part" not in str(file):
            wrong += _broken_weights(file)
    return wrong


def _unfinished(folder: Path) -> list[str]:
    """Say which files of lines break off, though the command said that all was well."""
    files = sorted(folder.rglob("*.jsonl")) if folder.is_dir() else []
    return [f"{f.name} breaks off" for f in files if not f.read_bytes().endswith(b"\n")]


def _torn(file: Path) -> list[str]:
    """Every line but a last one that does not end must be whole."""
    *lines, _ = file.read_bytes().split(b"\n")
    return [
        f"{file.name}, line {number}: {why}"
        for number, line in enumerate(lines, 1)
        for why in _no_document(line.decode("utf-8", "replace"))
    ]


def _broken_weights(file: Path) -> list[str]:
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors = load_file(file)
    except (SafetensorError, OSError) as error:
        return [f"{file.parent.name}/{file.name}: {error}"]
    broken = [name for name, tensor in tensors.items() if not bool(torch.isfinite(tensor).all())]
    return [f"{file.parent.name}/{file.name}: NaN in {name}" for name in broken[:1]]


def brief(ended: Ended, limit: int = 110) -> str:
    """Return what was said, in short."""
    text = _CONTROLS.sub("", ended.err).strip() or _CONTROLS.sub("", ended.out).strip()
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        return ""
    line = next((x for x in lines if x.startswith(("unpact-tui: ", "error: "))), lines[-1])
    if _BUG.search(text):
        line = lines[-1]
    line = line.removeprefix("unpact-tui: ")
    return line if len(line) <= limit else f"{line[: limit - 1]}…"
