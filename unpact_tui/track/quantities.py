"""What is followed over the steps of a run: each a number with its interval, step by step.

Pure. A step where a number was not measured has none: it is a gap, never zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from attribution.intervals import single
from attribution.types import Interval
from unpact_tui.track.schema import TrackedStep

Unit = Literal["share", "nats", "ratio", "percent"]
_LEAST_NATS = 0.1
"""A loss that never reaches this is drawn as the little that it is."""
Take = Callable[[TrackedStep], Interval | None]


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number that every step may have."""

    name: str
    """As in `evidence` or `metrics`, where it is from there."""
    title: str
    unit: Unit
    take: Take


@dataclass(frozen=True, slots=True)
class Series:
    """A quantity over the steps; None where it was not measured."""

    quantity: Quantity
    values: tuple[Interval | None, ...]

    @property
    def first(self) -> Interval | None:
        """The first that was measured."""
        return next((value for value in self.values if value is not None), None)

    @property
    def last(self) -> Interval | None:
        """The last that was measured."""
        return next((value for value in reversed(self.values) if value is not None), None)

    def heights(self) -> tuple[float | None, ...]:
        """Return the estimates from 0 to 1: shares as they are, others by the largest."""
        top = 1.0
        if self.quantity.unit != "share":
            largest = max((value.estimate for value in self.values if value), default=0.0)
            top = max(largest, _LEAST_NATS) if self.quantity.unit == "nats" else largest
        return tuple(_height(value, top) for value in self.values)


def _height(value: Interval | None, top: float) -> float | None:
    if value is None:
        return None
    return value.estimate / top if top > 0 else 0.0


def _evidence(name: str, step: TrackedStep) -> Interval | None:
    return step.row.evidence.get(name)


def _metric(name: str, step: TrackedStep) -> Interval | None:
    return step.row.metrics.get(name)


def _mass(step: TrackedStep) -> Interval | None:
    return step.key_mass


def _weights(step: TrackedStep) -> Interval | None:
    relative = None if step.row.weights is None else step.row.weights.relative
    return None if relative is None else single(relative)


def _of(
    take: Callable[[str, TrackedStep], Interval | None], *rows: tuple[str, str, Unit]
) -> Iterator[Quantity]:
    for name, title, unit in rows:
        yield Quantity(name, title, unit, partial(take, name))


QUANTITIES: tuple[Quantity, ...] = (
    *_of(
        _evidence,
        ("share_retained", "still answers", "share"),
        ("unlearned_probability", "forget probability", "share"),
        ("focus_kept", "focus kept", "share"),
    ),
    Quantity("key_mass", "KeyToken mass", "nats", _mass),
    *_of(
        _evidence,
        ("recovered", "recovered", "share"),
        ("control", "random words", "share"),
        ("retain_loss", "retain loss", "nats"),
        ("neutral_loss", "neutral loss", "nats"),
    ),
    *_of(
        _metric,
        ("penalty_key", "lost, keywords", "nats"),
        ("penalty_content", "lost, content", "nats"),
        ("penalty_common", "lost, common", "nats"),
        ("indiscriminateness", "common / keywords", "ratio"),
    ),
    Quantity("weights", "weights changed", "percent", _weights),
)


def series(steps: Sequence[TrackedStep]) -> tuple[Series, ...]:
    """Return every quantity that was measured at some step."""
    every = (
        Series(quantity, tuple(quantity.take(step) for step in steps)) for quantity in QUANTITIES
    )
    return tuple(found for found in every if found.first is not None)
