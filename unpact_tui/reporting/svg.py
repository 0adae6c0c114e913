"""Small plots as SVG inside a page: intervals side by side, points in a plane, courses over steps.

Own code, because a plot that stands in a page takes the page's colours, light, dark and in print,
and needs nothing installed. Every mark has a title that says its numbers, and whoever uses one puts
a table beside it. Knows nothing of what is plotted; labels are escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil, log10

from attribution.types import Interval
from unpact_tui.html_parts import text

STYLE = (
    ".plot{max-width:100%;height:auto;font:12px system-ui,sans-serif;display:block;margin:.5rem 0}",
    ".plot text{fill:var(--ink)}.plot .soft{fill:var(--quiet)}",
    ".plot line,.plot polyline{stroke:var(--ink);fill:none;stroke-width:1.5}",
    ".plot .grid{stroke:var(--line);stroke-width:1}.plot circle{fill:var(--ink)}",
    ".plot .open{fill:var(--page);stroke:var(--ink);stroke-width:1.5}",
    ".plot .control{stroke:var(--quiet);stroke-dasharray:3 3}",
    ".plot .band{fill:var(--line);opacity:.6;stroke:none}",
)
"""Rules of a page with plots."""

_WIDTH = 640
_LABELS = 200
"""Room for what stands before a row."""
_ROW = 24
_EDGE = 34
"""Room for the numbers of an axis."""
_SHOWN = 28
"""Characters of a label."""
_SIDE, _TOP = 360, 24
"""Of the plane, and the room above it."""
_NEAR, _APART = 90, 14
"""Labels nearer than this, across and up, would lie on each other."""


@dataclass(frozen=True, slots=True)
class Whisker:
    """A number with its interval, and beside it a control with its own."""

    label: str
    value: Interval
    control: Interval | None = None


@dataclass(frozen=True, slots=True)
class Dot:
    """A place in the plane, with its intervals."""

    label: str
    x: Interval
    y: Interval
    filled: bool = True


@dataclass(frozen=True, slots=True)
class Course:
    """One quantity over steps; None where it was not measured."""

    label: str
    values: tuple[Interval | None, ...]


def whiskers(
    rows: Sequence[Whisker], title: str, limits: tuple[float, float] | None = None
) -> Iterator[str]:
    """Yield a row for each: a filled dot with its interval, a hollow one for its control.

    What lies beyond the limits is drawn at them, as an arrow.
    """
    found = [each for row in rows for each in (row.value, row.control) if each is not None]
    if not found:
        return
    low = min(0.0, *(each.lower for each in found))
    high = max(1.0, *(each.upper for each in found))
    if limits is not None:
        low, high = max(low, limits[0]), min(high, limits[1])
    scale = _Scale(low, high, _LABELS, _WIDTH - 16)
    height = _ROW * len(rows) + _EDGE
    yield _open(title, height)
    for tick in _ticks(low, high):
        x = scale(tick)
        yield _line("grid", x, 4, x, height - _EDGE + 4)
        yield f'<text x="{x:.1f}" y="{height - 14}" text-anchor="middle">{tick:g}</text>'
    for place, row in enumerate(rows):
        y = _ROW * place + _ROW / 2 + 2
        yield f'<text x="0" y="{y + 4:.1f}">{text(_short(row.label))}</text>'
        yield from _whisker(row.label, row.value, scale, y - 3, control=False)
        if row.control is not None:
            yield from _whisker(f"{row.label}, control", row.control, scale, y + 5, control=True)
    yield "</svg>"


def scatter(dots: Sequence[Dot], title: str, x: str, y: str) -> Iterator[str]:
    """Yield a plane from 0 to 1 on both axes, what is filled joined in the order of x."""
    if not dots:
        return
    across, up = _Scale(0.0, 1.0, 48, 48 + _SIDE), _Scale(0.0, 1.0, _TOP + _SIDE, _TOP)
    yield _open(title, _TOP + _SIDE + 44)
    for tick in (0.0, 0.25, 0.5, 0.75, 1.0):
        at, level = across(tick), up(tick)
        yield _line("grid", at, up(0), at, up(1))
        yield _line("grid", across(0), level, across(1), level)
        yield f'<text x="{at:.1f}" y="{up(0) + 16:.1f}" text-anchor="middle">{tick:g}</text>'
        yield f'<text x="42" y="{level + 4:.1f}" text-anchor="end">{tick:g}</text>'
    yield f'<text class="soft" x="{across(1):.1f}" y="{up(0) + 34:.1f}" text-anchor="end">'
    yield f"{text(x)}</text>"
    yield f'<text class="soft" x="0" y="12">{text(y)}</text>'
    front = sorted((dot for dot in dots if dot.filled), key=lambda dot: dot.x.estimate)
    if len(front) > 1:
        yield _polyline((across(dot.x.estimate), up(dot.y.estimate)) for dot in front)
    named: list[tuple[float, float]] = []
    for dot in sorted(dots, key=lambda dot: not dot.filled):
        place = across(_within(dot.x.estimate)), up(_within(dot.y.estimate))
        # Where many lie together the first is named; all are in the table, and say their names.
        clear = all(abs(place[0] - x) > _NEAR or abs(place[1] - y) > _APART for x, y in named)
        named += [place] if clear else []
        yield from _dot(dot, across, up, named=clear)
    yield "</svg>"


def course(one: Course, steps: Sequence[str], title: str) -> Iterator[str]:
    """Yield one quantity over steps, its interval as a band; gaps where nothing was measured."""
    known = [each for each in one.values if each is not None]
    if not known:
        return
    low, high = min(0.0, *(e.lower for e in known)), max(e.upper for e in known)
    high = high if high > low else low + 1
    height = 150
    up = _Scale(low, high, height - _EDGE, 10)
    across = _Scale(0.0, max(1.0, float(len(steps) - 1)), _LABELS, _WIDTH - 24)
    yield _open(title, height)
    yield f'<text x="0" y="22">{text(_short(one.label))}</text>'
    for tick in (low, high):
        yield _line("grid", _LABELS, up(tick), _WIDTH - 24, up(tick))
        yield f'<text x="{_LABELS - 6}" y="{up(tick) + 4:.1f}" text-anchor="end">{tick:.2f}</text>'
    for place in sorted({0, len(steps) // 2, len(steps) - 1}):
        yield f'<text x="{across(place):.1f}" y="{height - 12}" text-anchor="middle">'
        yield f"{text(steps[place])}</text>"
    for run in _runs(one.values):
        yield from _course(run, across, up, steps, one.label)
    yield "</svg>"


# ---------------------------------------------------------------- parts


@dataclass(frozen=True, slots=True)
class _Scale:
    """From numbers to places."""

    low: float
    high: float
    first: float
    last: float

    def __call__(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return self.first + share * (self.last - self.first)


def _open(title: str, height: float) -> str:
    label = text(title)
    box = f'viewBox="0 0 {_WIDTH} {height:g}" width="{_WIDTH}" height="{height:g}"'
    return f'<svg class="plot" role="img" aria-label="{label}" {box}><title>{label}</title>'


def _line(kind: str, x: float, y: float, to_x: float, to_y: float) -> str:
    look = f' class="{kind}"' if kind else ""
    return f'<line{look} x1="{x:.1f}" y1="{y:.1f}" x2="{to_x:.1f}" y2="{to_y:.1f}"/>'


def _polyline(points: Iterable[tuple[float, float]]) -> str:
    return f'<polyline points="{_points(points)}"/>'


def _points(points: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _whisker(
    label: str, value: Interval, scale: _Scale, y: float, *, control: bool
) -> Iterator[str]:
    yield f"<g><title>{text(f'{label}: {_said(value)}')}</title>"
    lower, middle, upper = (
        scale(min(scale.high, max(scale.low, end)))
        for end in (value.lower, value.estimate, value.upper)
    )
    yield _line("control" if control else "", lower, y, upper, y)
    look = ' class="open"' if control else ""
    if scale.low <= value.estimate <= scale.high:
        yield f'<circle{look} cx="{middle:.1f}" cy="{y:.1f}" r="3.5"/></g>'
    else:
        tip = 7 if value.estimate > scale.high else -7
        points = _points([(middle - tip, y - 4), (middle, y), (middle - tip, y + 4)])
        yield f'<polyline points="{points}"/></g>'


def _dot(dot: Dot, across: _Scale, up: _Scale, *, named: bool) -> Iterator[str]:
    x, y = across(_within(dot.x.estimate)), up(_within(dot.y.estimate))
    said = f"{dot.label}: {_said(dot.x)} across, {_said(dot.y)} up"
    yield f"<g><title>{text(said)}</title>"
    yield _line("grid", across(_within(dot.x.lower)), y, across(_within(dot.x.upper)), y)
    yield _line("grid", x, up(_within(dot.y.lower)), x, up(_within(dot.y.upper)))
    look = "" if dot.filled else ' class="open"'
    yield f'<circle{look} cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
    if named:
        side = f'x="{x - 7:.1f}" text-anchor="end"' if x > across(0.7) else f'x="{x + 7:.1f}"'
        yield f'<text {side} y="{y - 5:.1f}">{text(_short(dot.label))}</text>'
    yield "</g>"


def _runs(values: Sequence[Interval | None]) -> Iterator[list[tuple[int, Interval]]]:
    """Yield what lies between gaps."""
    run: list[tuple[int, Interval]] = []
    for place, value in enumerate(values):
        if value is not None:
            run.append((place, value))
        elif run:
            yield run
            run = []
    if run:
        yield run


def _course(
    run: Sequence[tuple[int, Interval]],
    across: _Scale,
    up: _Scale,
    steps: Sequence[str],
    label: str,
) -> Iterator[str]:
    top = [(across(place), up(value.upper)) for place, value in run]
    bottom = [(across(place), up(value.lower)) for place, value in reversed(run)]
    yield f'<polygon class="band" points="{_points([*top, *bottom])}"/>'
    yield _polyline((across(place), up(value.estimate)) for place, value in run)
    for place, value in run:
        said = text(f"{label}, {steps[place]}: {_said(value)}")
        yield f"<g><title>{said}</title>"
        yield f'<circle cx="{across(place):.1f}" cy="{up(value.estimate):.1f}" r="2.5"/></g>'


def _ticks(low: float, high: float) -> Iterator[float]:
    """Yield a few round numbers of a range."""
    eighth = (high - low) / 8
    round_ones = (size for size in (0.25, 0.5, 1, 2, 5, 10, 50, 100) if eighth <= size)
    step = next(round_ones, None) or 10.0 ** ceil(log10(eighth))
    first = -int(-low // step) if low < 0 else 0
    tick = -first * step
    while tick <= high + 1e-9:
        if tick >= low - 1e-9:
            yield tick
        tick += step


def _within(value: float) -> float:
    return min(1.0, max(0.0, value))


def _said(value: Interval) -> str:
    return f"{value.estimate:z.2f} [{value.lower:z.2f}, {value.upper:z.2f}]"


def _short(label: str) -> str:
    return label if len(label) <= _SHOWN else f"{label[: _SHOWN - 1]}…"
