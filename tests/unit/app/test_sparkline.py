"""Sparklines keep their width and their order."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unpact_tui.sparkline import sparkline


@pytest.mark.parametrize(
    ("values", "width", "line"),
    [
        ([], 3, "   "),
        ([0.0, 0.5, 1.0], 3, "▁▅█"),
        ([0.0, 0.5, 1.0], 5, "  ▁▅█"),
        ([0.0, 0.5, 1.0], 2, "▅█"),
        ([0.5], 0, ""),
        ([-3.0, None, math.nan, 7.0, math.inf, -math.inf], 6, "▁  ██▁"),
    ],
)
def test_sparkline(values: list[float | None], width: int, line: str) -> None:
    assert sparkline(values, width, ascii_only=False) == line


@given(st.lists(st.none() | st.floats(), max_size=40), st.integers(0, 30))
def test_ascii_is_ascii_and_as_wide(values: list[float | None], width: int) -> None:
    line = sparkline(values, width, ascii_only=True)
    assert line.isascii()
    assert len(line) == width


@given(st.floats(0, 1), st.floats(0, 1), st.booleans())
def test_a_bar_never_falls_as_a_number_rises(first: float, second: float, plain: bool) -> None:
    ranks = "_.:-=+*#" if plain else "▁▂▃▄▅▆▇█"
    low, high = sparkline(sorted((first, second)), 2, ascii_only=plain)
    assert ranks.index(low) <= ranks.index(high)
