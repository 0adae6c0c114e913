"""What is put to the checkpoints of a benchmark, and what is unlearned for it.

Reads prompt files and benchmarks, and writes the rows to unlearn where a benchmark has no file of
them. Knows no model and no method.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import msgspec

from attribution.types import Case, Split
from unpact_tui import benchmarks, cases
from unpact_tui.benchmarks._item import Item
from unpact_tui.destination import destination
from unpact_tui.errors import BadUsage, Unwritable
from unpact_tui.matrix.reading import is_spec
from unpact_tui.matrix.shape import Benchmark
from unpact_tui.unlearning import rows


@dataclass(frozen=True, slots=True)
class Material:
    """One benchmark, read."""

    forget: tuple[Case, ...]
    retain: tuple[Case, ...]
    general: tuple[Case, ...]
    items: tuple[Item, ...]
    """What metrics are taken on."""
    train_forget: Path | None
    """Rows to unlearn; None where nothing can be unlearned for it."""
    train_retain: Path | None
    alternatives: Path | None
    trained: str
    """Digest of the files above."""
    asked: str
    """Digest of the prompts and of the items."""


def read(benchmark: Benchmark, folder: Path, most: int | None) -> Material:
    """Read a benchmark; at most so many items of each part are for metrics.

    Rows to unlearn are written to `folder` where no file of them is named. Raises what reading
    raises, and `Unwritable`.
    """
    found = [item for spec in benchmark.specs for item in benchmarks.read(spec)]
    forget = _cases(benchmark.forget, "forget", found)
    retain = _cases(benchmark.retain, "retain", found)
    general = _cases(benchmark.general, "general", found)
    if not forget:
        raise BadUsage(
            f"The benchmark {benchmark.name} has no prompts to forget.",
            "Name a file of them: forget = FILE.",
        )
    items = tuple(_some(found, most))
    files = (
        _rows(benchmark.train_forget, forget, folder / f"{benchmark.name}-forget.jsonl"),
        _rows(benchmark.train_retain, retain, folder / f"{benchmark.name}-retain.jsonl"),
        None if benchmark.alternatives is None else Path(benchmark.alternatives),
    )
    return Material(
        forget,
        retain,
        general,
        items,
        *files,
        trained=_digest([None if file is None else rows.digest(file) for file in files]),
        asked=_digest([forget, retain, general, items]),
    )


def _cases(file: str | None, split: Split, items: Iterable[Item]) -> tuple[Case, ...]:
    """Return the prompts of a file, or of a benchmark, each once; texts are no prompts."""
    if file is not None:
        return tuple(cases.read(Path(file), default_split=split))
    asked = (one.case for one in items if one.ask != "member" and one.case.split == split)
    return tuple({case.id: case for case in asked}.values())


def _some(items: Sequence[Item], most: int | None) -> Iterator[Item]:
    for _, part in groupby(sorted(items, key=lambda item: item.part), key=lambda item: item.part):
        yield from list(part)[:most]


def _rows(named: str | None, prompts: Sequence[Case], file: Path) -> Path | None:
    """Return the file of rows, written where none is named and the prompts have answers."""
    if named is not None and not is_spec(named):
        return Path(named)
    found = prompts if named is None else [item.case for item in benchmarks.read(named)]
    answered = [case for case in found if case.answer]
    if not answered:
        return None
    lines = (msgspec.json.encode({"prompt": c.prompt, "answer": c.answer}) for c in answered)
    text = "".join(f"{line.decode()}\n" for line in lines)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.exists() and file.read_text("utf-8") == text:
            return file
    except OSError as error:
        raise Unwritable(str(file), error.strerror or str(error)) from error
    destination(file).write(text)
    return file


def _digest(value: object) -> str:
    return hashlib.sha256(msgspec.json.encode(value)).hexdigest()[:16]
