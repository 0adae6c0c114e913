"""Finds a benchmark's files in a folder by the names that they have where they are published.

A benchmark says for each of its files which names it may have, without ending: each may be JSON,
JSON lines, parquet in one or several pieces, or a folder that `datasets` saved. Opens no file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from unpact_tui.benchmarks._place import Place
from unpact_tui.benchmarks._rows import Row, rows
from unpact_tui.errors import BadBenchmark, BadUsage
from unpact_tui.regular_files import is_file

Names = Mapping[str, tuple[str, ...]]
"""Per file, the names that it may have, as paths from the folder and without ending."""

ENDINGS = (".json", ".jsonl", ".parquet")
_PIECES = ("{}-*-of-*.parquet", "data/{}-*-of-*.parquet", "{}/*.parquet")
_SAVED = ("{}/data-*.arrow", "{}/*/data-*.arrow")
_PIECE = re.compile(r"-\d+-of-\d+$")


@dataclass(frozen=True, slots=True)
class Layout:
    """How a benchmark is published."""

    files: Names
    parts: Mapping[str, str]
    """What can be asked for, each with a sentence."""
    usual: tuple[str, ...]
    """What is read where nothing is asked for, as far as it is there."""
    beside: Names = field(default_factory=dict[str, tuple[str, ...]])
    """Per part, the files that belong to it besides the one of its name."""
    instead: Names = field(default_factory=dict[str, tuple[str, ...]])
    """Per usual part, what is read where it is not there."""

    def of(self, part: str) -> tuple[str, ...]:
        """Return the files of a part."""
        own = (part,) if part in self.files else ()
        return (*own, *self.beside.get(part, ()))

    def patterns(self, below: str = "") -> list[str]:
        """Return what to ask a hub for; nothing of it runs."""
        stems = [stem for names in self.files.values() for stem in names]
        return [
            f"{below}{pattern.format(stem)}"
            for stem in stems
            for pattern in (*(f"{{}}{ending}" for ending in ENDINGS), *_PIECES)
        ]


@dataclass(frozen=True, slots=True)
class Files:
    """The files of a layout that are there."""

    layout: Layout
    folder: Path
    parts: tuple[str, ...]
    """What is to be read, in order."""
    given: Mapping[str, tuple[Path, ...]] = field(default_factory=dict[str, tuple[Path, ...]])
    """Files that were named themselves, whatever their name is."""

    def paths(self, file: str) -> tuple[Path, ...]:
        """Return where a file is; nowhere when it is not there."""
        return self.given.get(file) or _found(self.folder, self.layout.files.get(file, ()))

    def rows(self, file: str) -> Iterator[Row]:
        """Yield a file's rows; none when it is not there. Raises `BadBenchmark`, `MissingExtra`."""
        for path in self.paths(file):
            yield from rows(path)

    def read(self) -> Iterator[tuple[str, int, Row]]:
        """Yield each row of the parts to be read with its file and its number there, from 0.

        Raises `BadBenchmark` also for a file without a row.
        """
        for part in self.parts:
            for file in self.layout.of(part):
                number = -1
                for number, row in enumerate(self.rows(file)):
                    yield file, number, row
                if number < 0 and (paths := self.paths(file)):
                    raise BadBenchmark(str(paths[0]), 1, "there is no row in it")


def files(place: Place, layout: Layout) -> Files:
    """Return what there is of what is asked for. Raises `BadBenchmark`, `BadUsage`."""
    parts = tuple(part for word in place.parts for part in _parts(word, place, layout))
    if is_file(place.root) or is_file(place.root / "state.json"):
        return _one_file(place, parts, layout)
    if not place.root.is_dir():
        raise BadBenchmark(str(place.root), None, "there is no such file or folder")
    there = _there(place.root, parts, layout)
    for word in place.parts:
        if not set(_parts(word, place, layout)) & set(there):
            wanted = _wanted(layout, *_parts(word, place, layout))
            raise BadBenchmark(str(place.root), None, f"{word} is not there: {wanted}")
    if not there:
        wanted = _wanted(layout, *layout.usual)
        why = f"nothing of {place.benchmark} is there: {wanted}"
        raise BadBenchmark(str(place.root), None, why)
    return Files(layout, place.root, there)


def _there(folder: Path, parts: Sequence[str], layout: Layout) -> tuple[str, ...]:
    """Return the parts that have a file; by default the usual ones, or what is read instead."""

    def is_there(part: str) -> bool:
        return any(_found(folder, layout.files[file]) for file in layout.of(part))

    if parts:
        return tuple(filter(is_there, parts))
    choices = ((part, *layout.instead.get(part, ())) for part in layout.usual)
    chosen = (next(filter(is_there, either), None) for either in choices)
    return tuple(part for part in chosen if part is not None)


def _parts(word: str, place: Place, layout: Layout) -> tuple[str, ...]:
    """Return the part of that name, or those whose names begin with it."""
    found = tuple(part for part in layout.parts if part == word or part.startswith(f"{word}_"))
    if word in found:
        return (word,)
    if not found:
        known = ", ".join(layout.parts)
        raise BadUsage(f"{place.benchmark} has no part {word!r}.", f"There are: {known}.")
    return found


def _one_file(place: Place, parts: tuple[str, ...], layout: Layout) -> Files:
    """A file stands for its part; what belongs to it is looked for beside it."""
    path = place.root
    if len(parts) > 1:
        raise BadBenchmark(str(path), None, "one file cannot be several parts")
    pieces = (path,) if is_file(path) else tuple(sorted(path.glob("data-*.arrow")))
    if parts:
        (part,) = parts
        return Files(layout, path.parent, (part,), {layout.of(part)[0]: pieces})
    named = _named(path, layout.files)
    if named is None:
        hint = f"Say which part it is: {place.benchmark}:{layout.usual[0]}={path}"
        why = f"its name is that of no file of {place.benchmark}"
        raise BadBenchmark(str(path), None, why, hint)
    file, stem = named
    part = file if file in layout.parts else _part_of(file, layout)
    return Files(layout, path.parents[stem.count("/")], (part,), {file: pieces})


def _part_of(file: str, layout: Layout) -> str:
    return next((part for part in layout.parts if file in layout.of(part)), layout.usual[0])


def _named(path: Path, names: Names) -> tuple[str, str] | None:
    """Return the file that a path must be by its name, and the name; the longest that fits."""
    whole = path if path.is_dir() else path.with_suffix("")
    text = _PIECE.sub("", whole.as_posix())
    fits = [
        (file, stem)
        for file, stems in names.items()
        for stem in stems
        if text == stem or text.endswith(f"/{stem}")
    ]
    return max(fits, key=lambda fit: len(fit[1]), default=None)


def _found(folder: Path, stems: Sequence[str]) -> tuple[Path, ...]:
    for stem in stems:
        for ending in ENDINGS:
            if is_file(path := folder / f"{stem}{ending}"):
                return (path,)
        for pattern in (*_PIECES, *_SAVED):
            if found := tuple(sorted(folder.glob(pattern.format(stem)))):
                return found
    return ()


def _wanted(layout: Layout, *parts: str) -> str:
    stems = [layout.files[file][0] for part in parts for file in layout.of(part)[:1]]
    return f"it would be {', '.join(f'{stem}.json' for stem in stems)} or the same as parquet"
