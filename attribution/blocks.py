"""Which rows are read together behind a beginning that they share with the first.

Plain arithmetic on ids: knows no model. A row that differs from the first at position p needs only
what stands from p on to be read. The rows of a block are all read from the smallest such p, so a
block that grows wastes a little on each of its rows and saves the fixed price of one more pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from attribution.scorer import Row

_PIECE = 512
"""Ids that are compared at a time: to walk from one to the next would take a minute where there are
tens of thousands, once for each of them."""


@dataclass(frozen=True, slots=True)
class Block:
    """Rows `start` to `stop`, to be read from position `shared` on."""

    start: int
    stop: int
    shared: int


@dataclass(frozen=True, slots=True)
class Room:
    """How large a block may be."""

    tokens: int
    """Rows x ids of one pass."""
    overhead: int
    """What one more pass costs, in ids."""
    rows: int
    """Rows, for the tables of logits."""
    held: int
    """Rows x ids with what is shared, whose keys and values are copied."""


def shared_length(first: Row, row: Row) -> int:
    """Return how many ids at the beginning of `row` need not be read again.

    The last one always must be: it predicts the first of the answer.
    """
    start, most = 0, min(len(first), len(row) - 1)
    while start < most:
        stop = min(start + _PIECE, most)
        if first[start:stop] != row[start:stop]:
            return next(i for i in range(start, stop) if first[i] != row[i])
        start = stop
    return most


def forwards(rows: Sequence[Row], shared: Sequence[int], answer: int) -> int:
    """Return the ids to be read when each row is read from where it differs on, the first whole.

    Of exact leave-one-out this is the limit, n + T - 1 + the sum of (n - i - 2 + T): about
    n^2/2 + nT.
    """
    return sum(len(row) - common + answer - 1 for row, common in zip(rows, shared, strict=True))


def blocks(
    rows: Sequence[Row], shared: Sequence[int], start: int, answer: int, room: Room
) -> Iterator[Block]:
    """Cut rows `start` and up into blocks, in order; `shared` is `shared_length` of each."""
    while start < len(rows):
        common, longest, wasted, stop = shared[start], len(rows[start]), 0, start + 1
        while stop < len(rows):
            lowest = min(common, shared[stop])
            # Whoever shares less makes all rows before it longer.
            wasted += (common - lowest) * (stop - start) + shared[stop] - lowest
            length = max(longest, len(rows[stop]))
            count = stop + 1 - start
            read = count * (length - lowest + answer - 1)
            held = count * (length + answer - 1)
            if wasted > room.overhead or read > room.tokens or held > room.held:
                break
            if count > room.rows:
                break
            common, longest, stop = lowest, length, stop + 1
        yield Block(start, stop, common)
        start = stop
