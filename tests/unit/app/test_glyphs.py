"""Numbers and bars as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from unpact_tui.app.glyphs import ASCII, UNICODE, Glyphs, size

both = pytest.mark.parametrize("glyphs", [ASCII, UNICODE])


@both
@given(value=st.floats(-2, 3) | st.none(), width=st.integers(1, 40))
def test_a_bar_fits_and_grows(glyphs: Glyphs, value: float | None, width: int) -> None:
    bar = glyphs.bar(value, width)
    assert cell_len(bar) <= width
    assert (bar == "") == (value is None or value <= 0)
    if value is not None:
        assert len(glyphs.bar(value / 2, width)) <= max(len(bar), 1)


@both
@given(value=st.floats(-1e6, 1e6) | st.none())
def test_numbers_have_no_negative_zero(glyphs: Glyphs, value: float | None) -> None:
    for signed in (False, True):
        text = glyphs.number(value, signed)
        assert text not in ("-0.00", "−0.00", "+0.00")
    assert all(c.isascii() for c in ASCII.number(value) + ASCII.share(value) + ASCII.points(value))


def test_some_numbers() -> None:
    assert UNICODE.number(-2.414) == "−2.41"
    assert UNICODE.number(0.5, signed=True) == "+0.50"
    assert UNICODE.number(None) == "–"
    assert UNICODE.share(0.857) == "86%"
    assert UNICODE.points(-0.021) == "−2"
    assert ASCII.bar(1.0, 4) == "####"
    assert UNICODE.bar(0.5, 4) == "██"


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 kB"), (12_300, "12 kB"), (2_471_645_608, "2.47 GB"), (19_000_000, "19 MB")],
)
def test_sizes(count: int, text: str) -> None:
    assert size(count) == text
