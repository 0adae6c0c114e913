"""Ranks as the cells of a table, for the terminal and for a page. Pure; names are raw."""

from __future__ import annotations

from unpact_tui.weights.change import Rank

COLUMNS = ("first direction", "effective rank", "for 90%", "rank", "held")

MEANING = (
    "Directions are singular vectors of the change; a share is of its square. Effective rank: exp "
    "of the entropy of the shares. For 90%: fewest directions with that much. Rank: fewest with "
    "all but what rounding explains. Of large matrices a sketch holds the main directions, held "
    "says how much of the change, and what it does not hold makes a number a bound."
)


def cells(rank: Rank, directions: int) -> tuple[str, ...]:
    """Return a row; a sketch of so many `directions` gave it if it is not exact."""
    whole = rank.exact or rank.held > 0.999
    return (
        f"{rank.top:.1%}",
        ("" if whole else ">=") + f"{rank.effective:.3g}",
        _count(rank.directions, rank, directions),
        _count(rank.rank, rank, directions),
        "all" if rank.exact else f"{int(1000 * rank.held) / 10:.1f}%",
    )


def _count(value: int | None, rank: Rank, directions: int) -> str:
    if value is not None:
        return f"{value}" if rank.exact else f"<={value}"
    return "?" if rank.exact else f">{directions}"
