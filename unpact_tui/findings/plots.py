"""The findings drawn, as SVG: the only module that knows matplotlib, which need not be there.

The same findings give the same bytes. Every picture shows intervals, and the page has its numbers
in a table: a picture is never the only place where something is said.
"""

# matplotlib's own types leave **kwargs untyped, which strict checking takes for unknown.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from importlib.util import find_spec
from io import StringIO
from typing import TYPE_CHECKING

from unpact_tui.findings.estimate import Estimate
from unpact_tui.findings.figures import Findings

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

HOW = "Without matplotlib there are no pictures: pip install 'unpact-tui[plots]'."
"""Said where it is not there."""

# Okabe and Ito's colours, which most colour-blind people tell apart; shapes differ as well.
_BLUE, _ORANGE, _GREEN, _PINK, _GREY = "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#777777"

_Series = tuple[str, str, str, Sequence[Estimate | None]]
"""A label, a colour, a marker, and one estimate per method."""


def available() -> bool:
    """Tell whether there is something to draw with."""
    return find_spec("matplotlib") is not None


def draw(found: Findings, names: Collection[str] | None = None) -> Mapping[str, str]:
    """Return every picture, or those of these names, by the name of its file."""
    pictures: Mapping[str, Callable[[Findings], Figure]] = {
        "focus.svg": _focus,
        "recovery.svg": _recovery,
        "strategies.svg": _strategies,
        "penalty.svg": _penalty,
        "collapse.svg": _collapse,
    }
    from matplotlib import rc_context

    with rc_context({"svg.hashsalt": "unpact-tui", "svg.fonttype": "none", "font.size": 9.0}):
        return {
            name: _svg(picture(found))
            for name, picture in pictures.items()
            if names is None or name in names
        }


def _svg(figure: Figure) -> str:
    text = StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    # Trailing blanks are matplotlib's, and many a tool would take them away.
    return re.sub(r"[ \t]+\n", "\n", text.getvalue())


def _figure(columns: int, rows: float, titles: Sequence[str]) -> tuple[Figure, list[Axes]]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.2 * columns + 1.2, 1.4 + 0.28 * rows), layout="constrained")
    axes = [figure.add_subplot(1, columns, i + 1) for i in range(columns)]
    for one, title in zip(axes, titles, strict=True):
        one.set_title(title, fontsize=10)
        one.grid(axis="x", color="#dddddd", linewidth=0.6)
        one.set_axisbelow(True)
    return figure, axes


def _names(found: Findings) -> list[str]:
    return [method.member for method in found.methods]


def _dots(axes: Axes, names: Sequence[str], series: Sequence[_Series], label: str) -> None:
    """Draw one line of dots per method, each with its interval, the first method on top."""
    step = 0.7 / max(len(series), 1)
    for place, (name, colour, marker, estimates) in enumerate(series):
        height = (place - (len(series) - 1) / 2) * step
        there = [(i, one) for i, one in enumerate(estimates) if one is not None]
        axes.errorbar(
            [one.estimate for _, one in there],
            [i + height for i, _ in there],
            xerr=[
                [one.estimate - one.lower for _, one in there],
                [one.upper - one.estimate for _, one in there],
            ],
            fmt=marker,
            color=colour,
            markersize=4,
            elinewidth=1,
            label=name,
        )
    axes.axvline(0, color="black", linewidth=0.6)
    axes.set_yticks(range(len(names)), labels=list(names))
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_xlabel(label)


def _legend(figure: Figure, axes: Axes, columns: int) -> None:
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=columns, frameon=False)


def _focus(found: Findings) -> Figure:
    figure, axes = _figure(2, len(found.methods), ("prompts to forget", "prompts to retain"))
    pairs = (
        [(one.base_forget, one.unlearned_forget) for one in found.focus],
        [(one.base_retain, one.unlearned_retain) for one in found.focus],
    )
    for one, pair in zip(axes, pairs, strict=True):
        series: list[_Series] = [
            ("base", _BLUE, "o", [base for base, _ in pair]),
            ("unlearned", _ORANGE, "s", [after for _, after in pair]),
        ]
        _dots(one, _names(found), series, "mean contribution of the base's KeyTokens, nats")
    _legend(figure, axes[0], 2)
    return figure


def _recovery(found: Findings) -> Figure:
    titles = ("lost log-probability", "answers word for word")
    figure, axes = _figure(2, 1.5 * len(found.methods), titles)
    rows = [one.held_out for one in found.recovered]
    shares: list[_Series] = [
        ("KeyTokens", _BLUE, "o", [row and row.recovered for row in rows]),
        ("random words", _GREY, "x", [row and row.random for row in rows]),
        ("reference", _PINK, "v", [row and row.reference for row in rows]),
        ("marks, same ids", _GREEN, "^", [row and row.same_ids for row in rows]),
        ("other ids, no marks", _ORANGE, "s", [row and row.other_ids for row in rows]),
    ]
    _dots(axes[0], _names(found), shares, "share brought back")
    axes[0].set_xlim(-0.6, 1.1)  # beyond that lies damage, which the tables have
    texts: list[_Series] = [
        ("KeyTokens", _BLUE, "o", [row and row.exact for row in rows]),
        ("random words", _GREY, "x", [row and row.random_exact for row in rows]),
    ]
    _dots(axes[1], _names(found), texts, "share of the lost prompts")
    axes[1].set_xlim(-0.05, 1.05)
    _legend(figure, axes[0], 5)
    return figure


def _strategies(found: Findings) -> Figure:
    from matplotlib.figure import Figure

    names = found.strategies
    size = (1.6 + 0.62 * len(names), 1.6 + 0.3 * len(found.methods))
    figure = Figure(figsize=size, layout="constrained")
    axes = figure.add_subplot()
    lifts = [
        [_number({row.strategy: row.lift for row in one.strategies}.get(name)) for name in names]
        for one in found.recovered
    ]
    if not names:
        return figure
    shown = [[0.0 if lift is None else lift for lift in line] for line in lifts]
    axes.imshow(shown, cmap="RdBu", vmin=-1.0, vmax=1.0, aspect="auto")
    for i, j, lift in _cells(lifts):
        text = "-" if lift is None else f"{max(lift, -9.9):z.2f}"
        colour = "white" if lift is not None and abs(lift) > 0.6 else "black"
        axes.text(j, i, text, ha="center", va="center", color=colour, fontsize=7)
    axes.set_xticks(range(len(names)), labels=list(names), rotation=45, ha="right")
    axes.set_yticks(range(len(found.methods)), labels=_names(found))
    axes.set_title("lift over random words, share of the lost log-probability", fontsize=10)
    return figure


def _cells(lines: Sequence[Sequence[float | None]]) -> Iterator[tuple[int, int, float | None]]:
    for i, line in enumerate(lines):
        for j, value in enumerate(line):
            yield i, j, value


def _number(found: Estimate | None) -> float | None:
    return None if found is None else found.estimate


def _penalty(found: Findings) -> Figure:
    texts = ("forget", "retain", "general", "neutral")
    figure, axes = _figure(4, len(found.methods) * 1.2, [f"{text} text" for text in texts])
    looks = (("key", _ORANGE, "s"), ("content", _GREEN, "^"), ("common", _BLUE, "o"))
    for one, text in zip(axes, texts, strict=True):
        series: list[_Series] = [
            (
                f"{kind} tokens",
                colour,
                marker,
                [
                    next((x.lost for x in p.losses if (x.text, x.kind) == (text, kind)), None)
                    for p in found.penalised
                ],
            )
            for kind, colour, marker in looks
        ]
        _dots(one, _names(found), series, "nats lost per token")
        one.set_xscale("symlog", linthresh=1.0)
    _legend(figure, axes[0], 3)
    return figure


def _collapse(found: Findings) -> Figure:
    titles = ("damage to neutral text", "answers retained")
    figure, axes = _figure(2, 10, titles)
    damage = (
        [point.neutral_loss for point in found.points],
        [point.retain_exact for point in found.points],
    )
    labels = ("nats lost per token", "share written word for word")
    for one, values, label in zip(axes, damage, labels, strict=True):
        for collapsed, colour, marker, name in (
            (False, _BLUE, "o", "model"),
            (True, _ORANGE, "X", "collapsed model"),
        ):
            those = [i for i, p in enumerate(found.points) if p.collapsed == collapsed]
            one.scatter(
                [found.points[i].indiscriminateness for i in those],
                [values[i] for i in those],
                c=colour,
                marker=marker,
                s=22,
                label=name,
            )
        one.set_xlabel("loss on common tokens / loss on keywords")
        one.set_ylabel(label)
    axes[0].set_yscale("symlog", linthresh=1.0)
    _legend(figure, axes[0], 2)
    return figure
