"""Rows of a benchmark's files, with fields that are checked: what is wrong names file and line.

JSON lines, one JSON list, one JSON object, parquet and Arrow files. Sizes are bounded, so that no
file can fill the memory. Knows no benchmark.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader, FileIO
from itertools import islice
from pathlib import Path
from typing import cast

from unpact_tui import bounded_json, json_rows, regular_files
from unpact_tui.benchmarks import _tables
from unpact_tui.errors import BadBenchmark, Unreadable

MOST_ROWS = 200_000
"""Of one file; the largest benchmark has a twentieth."""
LARGEST_FILE = 512_000_000
"""Bytes; the largest benchmark has a hundredth."""
LONGEST_TEXT = 1_000_000
"""Characters of one field."""
_LONGEST_OBJECT = json_rows.LONGEST_LIST
_TABLES = {".parquet": _tables.parquet, ".arrow": _tables.arrow}


@dataclass(frozen=True, slots=True)
class Row:
    """One row and where it stands."""

    value: object
    file: str
    number: int
    """From 1: the line that it begins on, or its number in a table."""
    table: bool = False

    def complain(self, number: int, why: str) -> BadBenchmark:
        """Return the error that says what is wrong here."""
        if self.table:
            return BadBenchmark(f"{self.file}, row {number}", None, why)
        return BadBenchmark(self.file, number, why)

    def wrong(self, why: str) -> BadBenchmark:
        """Return the error that says what is wrong with this row."""
        return self.complain(self.number, why)

    def fields(self) -> dict[str, object]:
        """Return the row as the object it must be. Raises `BadBenchmark`."""
        return json_rows.fields(self.value, self.complain, self.number)

    def has(self, name: str) -> bool:
        """Whether a field is there and not null. Raises `BadBenchmark`."""
        return self.fields().get(name) is not None

    def text(self, name: str) -> str:
        """Return a field that must be there and fit text. Raises `BadBenchmark`."""
        found = json_rows.text_field(self._with(name), name, self.complain, self.number)
        self._bounded(name, found)
        return found

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a field that must be a list of fit texts. Raises `BadBenchmark`."""
        found = json_rows.texts_field(self._with(name), name, self.complain, self.number)
        self._bounded(name, *found)
        return found

    def options(self, name: str) -> tuple[str, ...]:
        """Return a field that must be a list of texts, each of which may be empty.

        Raises `BadBenchmark`.
        """
        return tuple(
            "" if row.value == "" else Row({name: row.value}, *row.where()).text(name)
            for row in self.within(name)
        )

    def where(self) -> tuple[str, int, bool]:
        """Return where it stands."""
        return self.file, self.number, self.table

    def whole(self) -> str:
        """Return the row itself as the fit text it must be. Raises `BadBenchmark`."""
        return Row({"text": self.value}, *self.where()).text("text")

    def index(self, name: str, below: int) -> int:
        """Return a field that must be a whole number from 0. Raises `BadBenchmark`."""
        found = self._with(name)[name]
        if not isinstance(found, int) or isinstance(found, bool) or not 0 <= found < below:
            raise self.wrong(f'its "{name}" is not a whole number from 0 to {below - 1}')
        return found

    def within(self, name: str) -> Iterator[Row]:
        """Yield the rows that a field holds. Raises `BadBenchmark`."""
        found = self._with(name)[name]
        if not isinstance(found, list):
            raise self.wrong(f'its "{name}" is not a list')
        for value in cast("list[object]", found):
            yield Row(value, *self.where())

    def _with(self, name: str) -> dict[str, object]:
        fields = self.fields()
        if fields.get(name) is None:
            raise self.wrong(f'it has no "{name}"')
        return fields

    def _bounded(self, name: str, *texts: str) -> None:
        if any(len(text) > LONGEST_TEXT for text in texts):
            raise self.wrong(f'its "{name}" is longer than {LONGEST_TEXT:,} characters')


def rows(path: Path) -> Iterator[Row]:
    """Yield the rows of a file; none for one that is blank. Raises `BadBenchmark`, `MissingExtra`.

    What a file holds is told by its name's ending; without a known one it is JSON.
    """
    table = path.suffix in _TABLES
    with _opened(path) as stream:
        found = _TABLES[path.suffix](path, stream) if table else _json(path, stream)
        for number, value in islice(found, MOST_ROWS):
            yield Row(value, str(path), number, table)
        if next(found, None) is not None:
            raise BadBenchmark(str(path), None, f"it has more than {MOST_ROWS:,} rows")


@contextmanager
def _opened(path: Path) -> Generator[BufferedReader[FileIO]]:
    try:
        with regular_files.opened(path) as raw, BufferedReader(raw) as stream:
            if os.fstat(raw.fileno()).st_size > LARGEST_FILE:
                why = f"it is larger than {LARGEST_FILE // 1_000_000} MB"
                raise BadBenchmark(str(path), None, why)
            yield stream
    except Unreadable as error:
        raise BadBenchmark(str(path), None, f"it cannot be read: {error.why}") from error


def _json(path: Path, stream: BufferedReader[FileIO]) -> Iterator[json_rows.JsonRow]:
    def complain(line: int, why: str) -> BadBenchmark:
        return BadBenchmark(str(path), line, why)

    def plain(lines: Iterable[json_rows.Line]) -> Iterator[json_rows.JsonRow]:
        for number, _ in lines:
            raise complain(number, "it is neither JSON lines nor a list of rows")
        yield from ()

    if stream.peek(2)[:2] in (b"{\n", b"{\r"):
        # An object over several lines: the whole file is one row.
        yield 1, _object(stream, complain)
        return
    yield from json_rows.rows(stream, complain, plain, json_rows.LONGEST_LIST)


def _object(stream: BufferedReader[FileIO], complain: json_rows.Complain) -> object:
    raw = stream.read(_LONGEST_OBJECT + 1)
    if len(raw) > _LONGEST_OBJECT:
        raise complain(1, f"the object is longer than {_LONGEST_OBJECT // 1_000_000} MB")
    try:
        return bounded_json.loads(raw)
    except bounded_json.NotJson as error:
        raise complain(error.line, "it is not JSON") from error
