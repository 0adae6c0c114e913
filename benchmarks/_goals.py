"""What the exact scheme and the screened one are meant to reach, beside what was measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from operator import ge, le

from benchmarks._interleaved import Line, Result


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure that was set beforehand."""

    text: str
    measured: float | None
    met: bool | None
    """None where it was not measured."""


def goals(result: Result, tokens: int) -> Iterator[Goal]:
    """Yield each goal for a prompt of so many tokens.

    Those of the exact scheme were set for 8 layers, width 512, n = 128 and T = 16; those of the
    screened one for n = 512.
    """
    lines = {line.name: line for line in result.lines}
    times = {name: line.ratio.median for name, line in lines.items()}
    best = [times[name] for name in ("captum sequence", "captum by hand") if name in times]
    yield _goal("x ours: captum's default", times.get("captum"), 40)
    yield _goal("x ours: captum at its best", min(best, default=None), 2)
    yield _goal("x ours: plain batching", times.get("plain batching"), 1.5)
    over = result.over_time.median
    yield Goal("x the limit at the machine's rate, at most 1.15", over, le(over, 1.15))
    if tokens >= 512:
        screened = lines.get("screened")
        yield _goal("x faster than exact: screened", _speed(screened), 6)
        yield _goal("rank on KeyTokens: screened", _rank(screened), 0.95)


def _goal(text: str, measured: float | None, least: float) -> Goal:
    met = None if measured is None else ge(measured, least)
    return Goal(f"{text}, at least {least:g}", measured, met)


def _speed(line: Line | None) -> float | None:
    return 1 / line.ratio.median if line else None


def _rank(line: Line | None) -> float | None:
    return line.agreement.rank_measured if line and line.agreement else None
