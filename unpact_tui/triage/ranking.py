"""Rows in the order in which a person wants to see them, and which of them nothing beats. All ours.

Worst first, by verdict:
    COLLAPSED      broken: of no use, whatever it forgot
    RETAINED       still answers
    SUPPRESSED     answers again when the question is put otherwise
    UNKNOWN        not settled
    UNRECOVERED    nothing brought the answers back
and then what could not be measured. Within one verdict by how little was forgotten, then by how
little was kept, then by name.

    forget    1 less the ROUGE-L of what is said to the prompts, plainly or under the emphasis that
              brings back most, whichever is more; means over the forget prompts
    utility   model utility, where a benchmark gives it for every checkpoint; else the ROUGE-L of
              what is said to the prompts to be retained

On the front is what no other checkpoint beats in one of the two without losing in the other. What
lacks one of them, what is broken, and the base or the reference among the checkpoints are not.

Knows nothing of models, files or screens.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import msgspec

from attribution.types import Interval, Label
from unpact_tui.triage.row import ASIDE, SCHEMA, Row

WORST_FIRST: tuple[Label | None, ...] = (
    "COLLAPSED", "RETAINED", "SUPPRESSED", "UNKNOWN", "UNRECOVERED", None,
)  # fmt: skip

Utility = Literal["model_utility", "retain_match"]


class Ranked(Row, frozen=True):
    """A row with its place."""

    rank: int = 0
    """From 1."""
    forget: Interval | None = None
    """How much is forgotten, from 0 to 1."""
    utility: Interval | None = None
    """How much is kept, likewise."""
    front: bool = False
    """No other is better in one of the two and as good in the other."""


class Table(msgspec.Struct, frozen=True):
    """All checkpoints, worst first: what `triage --json` prints."""

    schema: int
    base: str
    reference: str | None
    utility: Utility
    """What `utility` is in the rows."""
    checkpoints: tuple[Ranked, ...]


def table(
    rows: Sequence[Row],
    *,
    base: str = "",
    reference: str | None = None,
) -> Table:
    """Rank the rows; base and reference among them are there for comparison, and on no front."""
    measured = [row for row in rows if row.verdict is not None]
    everywhere = measured and all("model_utility" in row.metrics for row in measured)
    utility: Utility = "model_utility" if everywhere else "retain_match"
    found = sorted((_ranked(row, utility) for row in rows), key=_order)
    best = front(
        [row for row in found if row.verdict != "COLLAPSED" and ASIDE.isdisjoint(row.warnings)]
    )
    places = (
        msgspec.structs.replace(row, rank=place, front=row.key in best)
        for place, row in enumerate(found, start=1)
    )
    return Table(SCHEMA, base, reference, utility, tuple(places))


def front(rows: Sequence[Ranked]) -> frozenset[str]:
    """Return the keys of those that no other beats; of equal ones all, of an axis missing none."""
    points = {
        row.key: (row.forget.estimate, row.utility.estimate)
        for row in rows
        if row.forget is not None and row.utility is not None
    }
    unbeaten: set[tuple[float, float]] = set()
    most_kept = -math.inf
    # Most forgotten first: each is beaten by what came before exactly where that kept as much.
    for forgets, keeps in sorted(set(points.values()), reverse=True):
        if keeps > most_kept:
            unbeaten.add((forgets, keeps))
            most_kept = keeps
    return frozenset(key for key, point in points.items() if point in unbeaten)


def _ranked(row: Row, utility: Utility) -> Ranked:
    fields = {name: getattr(row, name) for name in row.__struct_fields__}
    return Ranked(**fields, forget=forgotten(row), utility=kept(row, utility))


def _order(row: Ranked) -> tuple[int, float, float, str]:
    """What is not known comes after what is."""
    forget, utility = (
        float("inf") if axis is None else axis.estimate for axis in (row.forget, row.utility)
    )
    return WORST_FIRST.index(row.verdict), forget, utility, row.name


def forgotten(row: Row) -> Interval | None:
    """Return how much is not said any more, whichever way it was asked."""
    names = ("unlearned_match", "recovered_match")
    said = [row.evidence[name] for name in names if name in row.evidence]
    if not said:
        return None
    most = max(said, key=lambda found: found.estimate)
    return Interval(1 - most.estimate, 1 - most.upper, 1 - most.lower, most.n)


def kept(row: Row, utility: Utility) -> Interval | None:
    """Return how much of what was to be kept is there."""
    return (row.metrics if utility == "model_utility" else row.evidence).get(utility)
