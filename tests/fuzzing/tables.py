"""Rows as parquet and as Arrow streams, by pyarrow."""
# pyarrow's own annotations are incomplete.
# pyright: basic

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import pyarrow
from pyarrow.ipc import new_stream
from pyarrow.parquet import write_table


def as_parquet(rows: Sequence[Any]) -> bytes:
    """Return rows as a parquet file."""
    to = io.BytesIO()
    write_table(pyarrow.Table.from_pylist(list(rows)), to)
    return to.getvalue()


def as_arrow(rows: Sequence[Any]) -> bytes:
    """Return rows as `datasets` saves them."""
    batch, to = pyarrow.RecordBatch.from_pylist(list(rows)), io.BytesIO()
    with new_stream(to, batch.schema) as stream:
        stream.write_batch(batch)
    return to.getvalue()


def shared_value(rows: int, characters: int, *, plain: bool = False) -> dict[str, bytes]:
    """Return small files in which every row has the same long text, by their names."""
    column = pyarrow.DictionaryArray.from_arrays(
        pyarrow.array([0] * rows, pyarrow.int32()), ["x" * characters]
    )
    to, stream = io.BytesIO(), io.BytesIO()
    write_table(pyarrow.table({"question": column}), to, store_schema=not plain)
    batch = pyarrow.RecordBatch.from_arrays([column], ["question"])
    with new_stream(stream, batch.schema) as writer:
        writer.write_batch(batch)
    return {"x.parquet": to.getvalue(), "x.arrow": stream.getvalue()}


def too_late() -> list[bytes]:
    """Return tables with times of which Python has no value."""
    found: list[bytes] = []
    kinds = (
        (pyarrow.timestamp("us"), 2**62),
        (pyarrow.date32(), 2**30),
        (pyarrow.duration("s"), 2**62),
    )
    for kind, number in kinds:
        to = io.BytesIO()
        write_table(pyarrow.table({"question": pyarrow.array([number], kind)}), to)
        found.append(to.getvalue())
    return found
