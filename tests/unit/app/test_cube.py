"""Colours written by number are the same colours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.color import Color
from rich.style import Style

from unpact_tui.app import palette
from unpact_tui.app.cube import numbered

CHANNELS = st.sampled_from((0, 8, 18, 95, 135, 175, 208, 215, 255)) | st.integers(0, 255)


@given(CHANNELS, CHANNELS, CHANNELS, st.booleans())
def test_no_colour_changes(red: int, green: int, blue: int, bold: bool) -> None:
    style = Style(
        color=Color.from_rgb(red, green, blue), bgcolor=Color.from_rgb(blue, red, 0), bold=bold
    )
    short = numbered(style)
    for before, after in ((style.color, short.color), (style.bgcolor, short.bgcolor)):
        assert before is not None
        assert after is not None
        assert after.get_truecolor() == before.get_truecolor()
    assert short.bold == bold


@pytest.mark.parametrize("colour", [c for side in (*palette._DARK, *palette._LIGHT) for c in side])
def test_the_palette_has_numbers(colour: str) -> None:
    after = numbered(Style(bgcolor=colour)).bgcolor
    assert after is not None
    # The darkest blue's number stands for a colour of the terminal's own theme in some shells.
    assert (after.number is None) == (colour == "#00005f")


@pytest.mark.parametrize(
    "style", [Style(), Style(bold=True), Style(color="blue"), Style(bgcolor="default")]
)
def test_what_is_not_in_the_cube_stays(style: Style) -> None:
    assert numbered(style) == style
