"""What a report is made of, before it is HTML or Markdown: plain values of raw text.

Knows neither form, and no result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from attribution.types import Interval, Nats, Token
from unpact_tui.reporting.svg import Course, Dot, Whisker
from unpact_tui.result_schema import Document


@dataclass(frozen=True, slots=True)
class Heading:
    """Level 1 begins a result, 2 a part of it."""

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Words:
    """A paragraph."""

    text: str
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list; nothing where it is empty."""

    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: int = 99
    """The first column of numbers; all behind it are too."""


@dataclass(frozen=True, slots=True)
class Whiskers:
    """Numbers with their intervals, one beneath the other; a table stands beside it."""

    title: str
    rows: tuple[Whisker, ...]
    limits: tuple[float, float] | None = None
    """What lies beyond is drawn at them."""


@dataclass(frozen=True, slots=True)
class Plane:
    """Points in a plane; a table stands beside it."""

    title: str
    x: str
    y: str
    dots: tuple[Dot, ...]


@dataclass(frozen=True, slots=True)
class Courses:
    """Quantities over the same steps; a table stands beside it."""

    steps: tuple[str, ...]
    rows: tuple[Course, ...]


@dataclass(frozen=True, slots=True)
class Coloured:
    """One prompt several times, its tokens coloured on one scale."""

    tokens: tuple[Token, ...]
    keys: frozenset[int]
    rows: tuple[tuple[str, tuple[Nats | None, ...]], ...]
    """Each with what it is."""


@dataclass(frozen=True, slots=True)
class Whole:
    """A result document, as it is shown alone."""

    document: Document


SHARES = (-0.5, 1.5)
"""Limits for shares: of a loss of next to nothing, any share can come back."""

Block = Heading | Words | Bullets | Grid | Whiskers | Plane | Courses | Coloured | Whole


def said(found: Interval | None) -> str:
    """Return a number with its interval; it never stands without."""
    if found is None:
        return "-"
    return f"{found.estimate:z.2f} [{found.lower:z.2f}, {found.upper:z.2f}]"


def counted(count: int, what: str) -> str:
    """Return how many of something there are."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def numbered(found: dict[str, Interval]) -> Grid:
    """Return numbers by name as a table."""
    rows = [
        (name, f"{each.estimate:.4g}", f"{each.lower:.4g} to {each.upper:.4g}", str(each.n))
        for name, each in found.items()
    ]
    return Grid(("number", "estimate", "interval", "n"), tuple(rows), numbers=1)


def largest(values: Sequence[Nats | None], most: int) -> list[int]:
    """Return the places of the largest numbers, in their order."""
    known = [i for i, value in enumerate(values) if value is not None]
    return sorted(sorted(known, key=lambda i: -abs(values[i] or 0.0))[:most])
