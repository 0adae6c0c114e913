"""One strategy on one choice of words, chosen on half of the prompts and read on the rest. Ours.

Whatever does best on some prompts does so in part by luck; on other prompts it has to do it again.
Knows nothing of models.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from statistics import fmean

from attribution.attempts import Selection
from attribution.cells import Cell
from attribution.intervals import bootstrap_mean
from attribution.standing import HeldOut
from attribution.types import Interval

_FEW = 4
_Option = tuple[str, Selection]


Prompts = Sequence[Mapping[str, Cell]]
"""What each strategy does on each of several prompts (`standings.cells`)."""


def held_out(by_selection: Mapping[Selection, Prompts], *, seed: int) -> HeldOut | None:
    """Return what the choice of each half does on the other half, the two readings pooled.

    Every selection has the same prompts in the same order. The largest mean lift is chosen, or the
    most recovered where nothing has a control, among what can be read on at least half of the
    prompts of that half. None with fewer than four prompts, and where there is nothing to choose.
    """
    table = _table(by_selection)
    n = min((len(column) for column in table.values()), default=0)
    if n < _FEW:
        return None
    order = Random(seed).sample(range(n), n)
    halves = order[: n // 2], order[n // 2 :]
    chosen: list[_Option] = []
    read: list[Cell] = []
    for half, other in (halves, halves[::-1]):
        best = _best(table, half)
        if best is None:
            return None
        chosen.append(best)
        read += [cell for i in other if (cell := table[best][i]) is not None]
    recovered = _mean([cell.recovered for cell in read], seed)
    if recovered is None:
        return None
    return HeldOut(
        chosen=tuple(chosen),
        recovered=recovered,
        random=_mean([cell.random for cell in read], seed),
        lift=_mean([cell.lift for cell in read], seed),
        excess=_mean([cell.excess for cell in read], seed),
    )


def _table(by_selection: Mapping[Selection, Prompts]) -> dict[_Option, list[Cell | None]]:
    table: dict[_Option, list[Cell | None]] = {}
    for selection, rows in by_selection.items():
        for name in sorted({name for row in rows for name in row}):
            table[name, selection] = [row.get(name) for row in rows]
    return table


def _best(table: Mapping[_Option, Sequence[Cell | None]], half: Sequence[int]) -> _Option | None:
    lifts: dict[_Option, float] = {}
    shares: dict[_Option, float] = {}
    for option, column in table.items():
        there = [cell for i in half if (cell := column[i]) is not None]
        for found, numbers in (
            (lifts, [cell.lift for cell in there]),
            (shares, [cell.recovered for cell in there]),
        ):
            known = [number for number in numbers if number is not None]
            if known and 2 * len(known) >= len(half):
                found[option] = fmean(known)
    best = lifts or shares
    return max(best, key=best.__getitem__, default=None)


def _mean(numbers: Sequence[float | None], seed: int) -> Interval | None:
    found = [number for number in numbers if number is not None]
    return bootstrap_mean(found, seed) if found else None
