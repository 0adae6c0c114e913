"""Results as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from benchmarks._agreement import Agreement
from benchmarks._goals import Goal
from benchmarks._interleaved import Line, Result, Spread
from benchmarks._sweeps import Long, Pair

SWEEP_HEAD = (
    f"{'layers':>6}{'width':>7}{'vocab':>9}{'n':>7}{'T':>5}{'seconds':>10}{'tokens/s':>11}"
    f"{'x tokens':>10}{'x limit':>9}{'memory':>12}"
)


def spread(value: Spread, unit: str = "") -> str:
    """Return a median and its range."""
    return f"{value.median:.3g}{unit} ({value.least:.3g} to {value.most:.3g})"


def table(result: Result) -> Iterator[str]:
    """Yield the lines of a comparison."""
    yield (
        f"{'':18}{'seconds':>9}  {'x ours':<24}{'tokens':>10}{'tokens/s':>10}{'memory':>11}"
        f"  {'off by':<9}note"
    )
    for line in result.lines:
        yield _line(line)
    for name, why in result.refused.items():
        yield f"{name:18} not run: {why}"
    compared = [(line.name, line.agreement) for line in result.lines if line.agreement]
    if compared:
        yield ""
        yield (
            f"{'estimates':18}{'KeyTokens':>10}{'found':>8}{'overlap':>9}{'rank':>8}"
            f"{'estimates alone':>17}{'says itself':>13}"
        )
        yield from (_agreement(name, found) for name, found in compared)
    yield ""
    yield from limits(result)


def limits(result: Result) -> Iterator[str]:
    """Yield what the least work is, and how near ours came."""
    work, rate = result.limit, result.rate
    yield (
        f"limit: {work.tokens:,} token-forwards, {work.flops / 1e12:.3g} TFLOP; the model's "
        f"matrices run at {spread(_scaled(rate), ' GFLOP/s')}: {work.flops / rate.median:.3g} s"
    )
    yield (
        f"ours / limit: {result.over_tokens:.3f} in token-forwards, "
        f"{spread(result.over_time)} in seconds "
        f"(of the matrices' rate {100 / result.over_time.median:.0f} % is used)"
    )


def swept(shape: Any, result: Result) -> str:
    """Return a row of the sweep."""
    (line, *_) = result.lines
    return (
        f"{shape.layers:>6}{shape.width:>7}{shape.vocabulary:>9,}{shape.prompt:>7,}"
        f"{shape.answer:>5}{line.seconds.median:>10.3g}"
        f"{line.tokens / line.seconds.median:>11,.0f}{result.over_tokens:>10.3f}"
        f"{result.over_time.median:>9.3f}{size(line.memory):>12}"
    )


def sides(found: Pair) -> Iterator[str]:
    """Yield what both sides of a pair cost."""
    yield (
        f"one model {spread(found.base, ' s')}, two apart {spread(found.apart, ' s')}, "
        f"{found.common} of {found.layers} layers in common {spread(found.both, ' s')}"
    )
    yield (
        f"both / one {spread(found.ratio)}; weights of both {size(found.bytes)}, of which "
        f"{size(found.shared)} are in memory once; above the weights {size(found.memory)}; "
        f"off by {figure(found.differs)}"
    )


def lengthy(found: Long) -> Iterator[str]:
    """Yield what an estimator made of the long prompt."""
    said = "" if found.said is None else f", agreement by itself {found.said:.2f}"
    promised = "" if found.promised is None else f" of {found.promised:.3g} s planned"
    yield (
        f"{found.name:14} {found.seconds:.3g} s{promised}, {found.tokens:,} token-forwards "
        f"(exact: {found.exact.tokens:,}), memory {size(found.memory)}, "
        f"{found.measured:,} tokens measured{said}"
    )
    yield f"{'':14} {found.how}"


def goal(wanted: Goal) -> str:
    """Return a goal and what came of it."""
    if wanted.measured is None:
        return f"  not measured      {wanted.text}"
    return f"  {'met ' if wanted.met else 'MISSED'} {wanted.measured:>10.3g}  {wanted.text}"


def size(count: int | None) -> str:
    """Return bytes for people."""
    return "-" if count is None else f"{count / 2**20:,.0f} MiB"


def figure(value: float | None) -> str:
    """Return a difference, of which the order of magnitude says all."""
    return "-" if value is None else f"{value:.1g}"


def _line(line: Line) -> str:
    ratio = "" if line.name == "ours" else spread(line.ratio)
    notes = [
        f"timed on {100 * line.share:.0f} % of the work" if line.share < 1 else "",
        f"noise {line.noise:.1g}" if line.noise is not None else "",
        line.note,
    ]
    return (
        f"{line.name:18}{line.seconds.median:>9.3g}  {ratio:<24}{line.tokens:>10,.0f}"
        f"{line.tokens / line.seconds.median:>10,.0f}{size(line.memory):>11}"
        f"  {figure(line.differs):<9}{', '.join(filter(None, notes))}"
    )


def _agreement(name: str, found: Agreement) -> str:
    figures = (
        (found.found, 8),
        (found.overlap, 9),
        (found.rank_measured, 8),
        (found.rank_estimated, 17),
        (found.said, 13),
    )
    cells = "".join(f"{'-' if v is None else format(v, '.2f'):>{w}}" for v, w in figures)
    return f"{name:18}{found.key_tokens:>10}{cells}"


def _scaled(rate: Spread) -> Spread:
    return Spread(rate.median / 1e9, rate.least / 1e9, rate.most / 1e9)
