"""Rows of parquet files and of Arrow files as `datasets` saves them, by pyarrow, which `datasets`
brings.

Values come out as plain Python. Nothing is unpickled, no cache is written, and what a file says of
its own size is checked before it is read. Knows no field.
"""
# pyarrow's own annotations are incomplete.
# pyright: basic

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import BufferedReader, FileIO
from pathlib import Path
from typing import Any

from unpact_tui.errors import BadBenchmark, MissingExtra
from unpact_tui.foreign import Foreign, sentence

LARGEST = 512_000_000
"""Bytes of a table when decompressed."""
_BATCH = 256
_SHARING = ("dictionary", "run_end_encoded", "view")

TableRow = tuple[int, object]


def parquet(path: Path, stream: BufferedReader[FileIO]) -> Iterator[TableRow]:
    """Yield the rows of a parquet file, numbered from 1. Raises `BadBenchmark`, `MissingExtra`."""
    try:
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise MissingExtra("Reading parquet", "datasets") from error
    with _translated(path):
        table = ParquetFile(stream)
        facts = table.metadata
        groups = (facts.row_group(i) for i in range(facts.num_row_groups))
        size = sum(group.total_byte_size for group in groups)
        if size > LARGEST:
            raise _too_large(path)
        # A value that stands there once may be that of every row.
        at_once = max(1, min(_BATCH, LARGEST // max(1, size)))
        yield from _numbered(path, table.schema_arrow, table.iter_batches(at_once))


def arrow(path: Path, stream: BufferedReader[FileIO]) -> Iterator[TableRow]:
    """Yield the rows of an Arrow stream, numbered from 1. Raises as `parquet` does."""
    try:
        from pyarrow.ipc import open_stream
    except ImportError as error:
        raise MissingExtra("Reading a saved dataset", "datasets") from error
    with _translated(path), open_stream(stream) as batches:
        yield from _numbered(path, batches.schema, batches)


def _numbered(path: Path, schema: Any, batches: Iterable[Any]) -> Iterator[TableRow]:
    # Of these, a few bytes may stand for any number of others.
    if any(kind in str(column.type) for column in schema for kind in _SHARING):
        raise BadBenchmark(str(path), None, "it has a column of a kind that no benchmark has")
    number = size = 0
    for batch in batches:
        # Offsets that lead out of the buffers would crash the process when they are followed, as
        # the next line does already.
        batch.validate(full=True)
        size += batch.nbytes
        if size > LARGEST:
            raise _too_large(path)
        for value in batch.to_pylist():
            number += 1
            yield number, value


def _too_large(path: Path) -> BadBenchmark:
    return BadBenchmark(
        str(path), None, f"it is larger than {LARGEST // 1_000_000} MB when unpacked"
    )


def _translated(path: Path) -> Foreign:
    def bad(error: BaseException) -> BadBenchmark:
        return BadBenchmark(str(path), None, f"it is no table that can be read: {sentence(error)}")

    return Foreign(bad, (OSError, ValueError, MemoryError, OverflowError), ("pyarrow",))
