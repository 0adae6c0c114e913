"""Schemes measured in turns in one process, and each compared with ours turn by turn.

What a machine does besides changes from minute to minute; within a turn all schemes meet the same.
"""

# pyright: basic
# (what is measured brings annotations that do not stand strict mode)

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from attribution.removal import Removed, remove, units
from benchmarks._agreement import Agreement, agreement, furthest
from benchmarks._bench import Bench
from benchmarks._clock import Timed, timed
from benchmarks._limit import Work, limit, matrix_rate
from benchmarks._peers import Unfit
from benchmarks._schemes import Outcome, Scheme, ours

OURS = "ours"
_WARM = 8, 2
"""Tokens of prompt and answer on which each scheme runs once before anything is measured."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A median and how far single turns were from it."""

    median: float
    least: float
    most: float

    @staticmethod
    def of(values: list[float]) -> Spread:
        """Summarise some turns."""
        return Spread(median(values), min(values), max(values))


@dataclass(frozen=True, slots=True)
class Line:
    """One scheme."""

    name: str
    seconds: Spread
    ratio: Spread
    """Its seconds over ours, turn by turn."""
    tokens: float
    """Token-forwards, filling included."""
    read: int | None
    """Filling left out, where the scheme says."""
    memory: int | None
    share: float
    """Of the work that was timed; the figures are of the whole."""
    asked: str
    differs: float | None
    """Largest difference of a contribution from what it should be; None for estimates."""
    noise: float | None
    agreement: Agreement | None
    note: str


@dataclass(frozen=True, slots=True)
class Result:
    """A table, and the limit beside it."""

    lines: tuple[Line, ...]
    refused: Mapping[str, str]
    """Schemes that could not be run, and why."""
    limit: Work
    rate: Spread
    """Operations per second of the model's own matrices."""
    over_tokens: float
    """Our token-forwards over the limit."""
    over_time: Spread
    """Our seconds over those that the limit takes at that rate, turn by turn."""


def interleaved(bench: Bench, schemes: Mapping[str, Scheme], runs: int, rate_rows: int) -> Result:
    """Measure every scheme once a turn; each turn begins with another one."""
    wanted = {OURS: ours} | dict(schemes)
    refused = _warm_up(bench, wanted)
    names = [name for name in wanted if name not in refused]
    turns: dict[str, list[Timed]] = {name: [] for name in names}
    rates: list[float] = []
    for turn in range(runs):
        at = turn % len(names)
        for name in names[at:] + names[:at]:
            scheme = wanted[name]
            turns[name].append(timed(bench.model, lambda scheme=scheme: scheme(bench)))
            if name == OURS:
                rates.append(median(matrix_rate(bench.model, rate_rows) for _ in range(3)))
    work = limit(bench.prompt, len(bench.answer.ids), bench.model)
    own = [t.seconds for t in turns[OURS]]
    truth = _Truth(bench, turns[OURS][0].value)
    return Result(
        lines=tuple(_line(name, turns[name], own, truth) for name in names),
        refused=refused,
        limit=work,
        rate=Spread.of(rates),
        over_tokens=turns[OURS][-1].tokens / work.tokens,
        over_time=Spread.of([s * rate / work.flops for s, rate in zip(own, rates, strict=True)]),
    )


def _warm_up(bench: Bench, schemes: Mapping[str, Scheme]) -> dict[str, str]:
    """Run everything once on little, ours also as it will be; return who cannot, and why."""
    prompt, answer = _WARM
    small = bench.shorter(prompt, answer)
    refused: dict[str, str] = {}
    for name, scheme in schemes.items():
        try:
            scheme(small)
        except (Unfit, ImportError) as error:
            refused[name] = str(error)
    # The first long prompt also proves that prefixes may be shared: paid once for a model.
    for door in (bench.door, bench.plain_door):
        next(remove(door, bench.prompt, bench.answer, units(bench.prompt, "token")[-1:]))
    return refused


class _Truth:
    """What a scheme should find, whatever it was asked; computed when first needed."""

    def __init__(self, bench: Bench, exact: Outcome) -> None:
        self.exact = exact
        self._bench = bench
        self._replaced: Removed | None = None

    def differs(self, found: Outcome) -> float | None:
        """Return how far a scheme is off; None for estimates."""
        if found.asked == "estimated":
            return None
        if found.asked == "removed":
            return furthest(found.contributions, self.exact.contributions)
        read = self._read_replaced()
        if found.asked == "replaced":
            return furthest(found.contributions, read.contributions())
        rows = read.by_answer_token()[found.first : found.last]
        sizes = [
            None if None in column else sum(abs(c or 0.0) for c in column) / len(column)
            for column in zip(*rows, strict=True)
        ]
        return furthest(found.contributions, sizes)

    def _read_replaced(self) -> Removed:
        if self._replaced is None:
            bench = self._bench
            wanted = units(bench.prompt, "token")
            *_, read = remove(bench.door, bench.prompt, bench.answer, wanted, stand_in=0)
            self._replaced = read
        return self._replaced


def _line(name: str, turns: list[Timed], own: list[float], truth: _Truth) -> Line:
    last: Outcome = turns[-1].value
    seconds = [turn.seconds / last.share for turn in turns]
    exact, found = truth.exact.attribution, last.attribution
    compared = last.asked == "estimated" and exact is not None and found is not None
    return Line(
        name=name,
        seconds=Spread.of(seconds),
        ratio=Spread.of([a / b for a, b in zip(seconds, own, strict=True)]),
        tokens=turns[-1].tokens / last.share,
        read=last.read,
        memory=max((t.memory for t in turns if t.memory is not None), default=None),
        share=last.share,
        asked=last.asked,
        differs=truth.differs(last),
        noise=found.noise if found else None,
        agreement=agreement(exact, found) if compared and exact and found else None,
        note=last.note,
    )
