"""How strategies stand over a set of prompts, each beside its controls. Ours.

Every interval is a bootstrap over prompts: one resampling for all strategies and all numbers, so
that what is compared is paired. Where the best of several strategies is picked by its lift, the
simultaneous interval is the one to read. Knows nothing of models.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from statistics import fmean, stdev

from attribution.attempts import Recovery
from attribution.cause import cause_of
from attribution.cells import Cell, cells
from attribution.intervals import Draw, quantile, resamples, resamplings, single, wilson
from attribution.standing import Cause, Standing
from attribution.thresholds import DEFAULT_THRESHOLDS, Thresholds
from attribution.types import Interval

_LEVEL = 0.95
_FEW = 4
"""With fewer prompts than this nothing can be said of all strategies at once."""


class _Column:
    """One number over all prompts, None where there is none, and its means resampled."""

    def __init__(self, values: Sequence[float | None]) -> None:
        found = [value for value in values if value is not None]
        self.n = len(found)
        self.mean = fmean(found) if found else 0.0
        self.error = stdev(found, self.mean) / sqrt(self.n) if self.n > 1 else 0.0
        self._whole = self.n == len(values)
        self._filled = [value or 0.0 for value in values]
        self._squares = [value * value for value in self._filled]
        self._there = [0 if value is None else 1 for value in values]
        self._means: list[float] = []

    def resample(self, draw: Draw) -> int:
        """Note the mean of one resampling; return of how many it is, 0 for none."""
        drawn = self.n if self._whole else int(sum(draw(self._there)))
        if drawn:
            self._means.append(sum(draw(self._filled)) / drawn)
        return drawn

    def deviation(self, draw: Draw, drawn: int) -> float:
        """Return by how many standard errors the mean noted last is off.

        The error is the resample's own, but not under half of the true one: a resample of few
        prompts may have drawn one of them only.
        """
        mean = self._means[-1]
        squares = sum(draw(self._squares)) / drawn - mean * mean
        error = sqrt(max(squares, 0.0) / max(drawn - 1, 1))
        return abs(mean - self.mean) / max(error, self.error / 2)

    def interval(self) -> Interval | None:
        """Return the mean with its percentile interval."""
        if self.n <= 1:
            return single(self.mean) if self.n else None
        ordered = sorted(self._means)
        lower, upper = (quantile(ordered, share) for share in ((1 - _LEVEL) / 2, (1 + _LEVEL) / 2))
        return Interval(self.mean, min(lower, self.mean), max(upper, self.mean), self.n)


@dataclass(frozen=True, slots=True)
class _Rows:
    """One strategy over all prompts."""

    strategy: str
    cells: tuple[Cell | None, ...]
    recovered: _Column
    random: _Column
    lift: _Column
    excess: _Column

    @property
    def columns(self) -> tuple[_Column, ...]:
        return self.recovered, self.random, self.excess


class Field:
    """Strategies over prompts, resampled once: the largest lift first, whatever the thresholds.

    Of a standing only the cause depends on these, so that they can be moved at no cost.
    """

    def __init__(
        self, prompts: Sequence[Mapping[str, Cell]], *, seed: int, samples: int = 1000
    ) -> None:
        """`prompts` are the forget prompts whose answer the base knows, in any order."""
        self._rows = _table(prompts)
        largest = _resample(self._rows, len(prompts), samples, seed)
        self._found = [_standing(row, largest) for row in self._rows]

    def by(self, thresholds: Thresholds) -> tuple[Standing, ...]:
        """Return how the strategies stand when causes are told by these thresholds."""
        found = [
            replace(standing, cause=_cause(row, thresholds))
            for standing, row in zip(self._found, self._rows, strict=True)
        ]
        return tuple(sorted(found, key=_rank))


def standings(
    cases: Sequence[Recovery],
    *,
    seed: int,
    thresholds: Thresholds = DEFAULT_THRESHOLDS,
    samples: int = 1000,
) -> tuple[Standing, ...]:
    """Return how each strategy stands over the prompts, the largest lift first.

    `cases` are the forget prompts whose answer the base knows, in any order. The simultaneous
    intervals are by the largest studentised deviation of any strategy in a resampling (max-|t|):
    in 95 of 100 such sets all of them hold at once, however the best was picked.
    """
    return Field([cells(case) for case in cases], seed=seed, samples=samples).by(thresholds)


def _table(prompts: Sequence[Mapping[str, Cell]]) -> list[_Rows]:
    names = sorted({name for prompt in prompts for name in prompt})

    def order(prompt: Mapping[str, Cell]) -> list[tuple[bool, float]]:
        numbers = [
            number
            for name in names
            for cell in (prompt.get(name),)
            for number in (
                (None,) * 3 if cell is None else (cell.recovered, cell.random, cell.excess)
            )
        ]
        return [(number is None, number or 0.0) for number in numbers]

    # The order in which prompts were asked is no part of the result.
    ordered = sorted(prompts, key=order)
    return [_rows(name, tuple(prompt.get(name) for prompt in ordered)) for name in names]


def _rows(name: str, found: tuple[Cell | None, ...]) -> _Rows:
    return _Rows(
        name,
        found,
        _Column([None if cell is None else cell.recovered for cell in found]),
        _Column([None if cell is None else cell.random for cell in found]),
        _Column([None if cell is None else cell.lift for cell in found]),
        _Column([None if cell is None else cell.excess for cell in found]),
    )


def _resample(rows: Sequence[_Rows], n: int, samples: int, seed: int) -> float:
    """Resample every column alike; return the largest deviation that is still usual."""
    largest: list[float] = []
    for draw in resamples(n, resamplings(n, samples), seed) if n > 1 else ():
        deviations: list[float] = []
        for row in rows:
            for column in row.columns:
                if column.n:
                    column.resample(draw)
            drawn = row.lift.resample(draw) if row.lift.n else 0
            if drawn and row.lift.n >= _FEW and row.lift.error > 0:
                deviations.append(row.lift.deviation(draw, drawn))
        largest.append(max(deviations, default=0.0))
    return quantile(sorted(largest), _LEVEL) if largest else 0.0


def _standing(row: _Rows, largest: float) -> Standing:
    recovered, lift = row.recovered.interval(), row.lift.interval()
    return Standing(
        strategy=row.strategy,
        recovered=recovered or Interval(0.0, 0.0, 0.0, 0),
        random=row.random.interval(),
        lift=lift,
        simultaneous=_simultaneous(row.lift, lift, largest),
        excess=row.excess.interval(),
        exact=_share(cell.exact for cell in row.cells if cell is not None),
        random_exact=_share(cell.random_exact for cell in row.cells if cell is not None),
        cause="unknown",
    )


def _simultaneous(column: _Column, pointwise: Interval | None, largest: float) -> Interval | None:
    if pointwise is None or column.n < _FEW:
        return None
    half = largest * column.error
    lower, upper = column.mean - half, column.mean + half
    return Interval(column.mean, min(lower, pointwise.lower), max(upper, pointwise.upper), column.n)


def _share(values: Iterable[float | None]) -> Interval | None:
    found = [value for value in values if value is not None]
    return wilson(sum(found), len(found)) if found else None


def _cause(row: _Rows, thresholds: Thresholds) -> Cause:
    """Of the means over the prompts where the attempt and both halves of its mark can be read."""
    if row.recovered.n and row.recovered.mean < thresholds.recovered:
        return "neither"
    whole = list(_with_both_halves(row.cells))
    if not whole:
        return "unknown"
    recovered, same, other = (fmean(numbers) for numbers in zip(*whole, strict=True))
    cause = cause_of(recovered, same, other, thresholds)
    return "unknown" if cause == "neither" else cause


def _with_both_halves(found: Iterable[Cell | None]) -> Iterator[tuple[float, float, float]]:
    for cell in found:
        if cell is None or cell.recovered is None:
            continue
        if cell.same_ids is not None and cell.other_ids is not None:
            yield cell.recovered, cell.same_ids, cell.other_ids


def _rank(standing: Standing) -> tuple[bool, float, float, str]:
    lift = standing.lift
    best = 0.0 if lift is None else -lift.estimate
    return lift is None, best, -standing.recovered.estimate, standing.strategy
