"""Levels are even and honest, and no two of them look alike to anybody."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.color import Color, ColorSystem

from unpact_tui.app import marks, palette

SCORES = st.floats(-1e6, 1e6)
SCALES = st.floats(1e-9, 1e6)
GAMMAS = st.floats(0.05, 20)
SIDES = [*palette._DARK, *palette._LIGHT]
STEPS = [step for step in range(-palette.LEVELS, palette.LEVELS + 1) if step]

# Machado, Oliveira and Fernandes 2009, severity 1: how linear RGB looks with each deficiency.
VISION = {
    "normal": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}


@pytest.mark.parametrize(
    ("value", "step"),
    [
        (None, None),
        (math.nan, None),
        (0.0, 0),
        (0.099, 0),
        (0.1, 1),
        (-0.1, -1),
        (0.5, 3),
        (-0.9, -5),
        (1.0, 5),
        (7.0, 5),
        (-math.inf, -5),
    ],
)
def test_level(value: float | None, step: int | None) -> None:
    assert palette.level(value, 1.0) == step


@given(SCORES, SCORES, SCALES, GAMMAS)
def test_levels_never_fall_as_scores_rise(
    first: float, second: float, scale: float, gamma: float
) -> None:
    low, high = sorted((first, second))
    below, above = (palette.level(score, scale, gamma=gamma) for score in (low, high))
    assert below is not None
    assert above is not None
    assert -palette.LEVELS <= below <= above <= palette.LEVELS


@given(SCORES, SCALES, st.floats(0, 10), GAMMAS)
def test_levels_are_symmetric(score: float, scale: float, threshold: float, gamma: float) -> None:
    up, down = (palette.level(sign * score, scale, threshold, gamma) for sign in (1, -1))
    assert up is not None
    assert down == -up


@given(SCORES, SCALES, GAMMAS, GAMMAS)
def test_a_smaller_gamma_never_shows_less(
    score: float, scale: float, first: float, second: float
) -> None:
    strong, weak = (
        palette.level(abs(score), scale, gamma=gamma) for gamma in sorted((first, second))
    )
    assert strong is not None
    assert weak is not None
    assert strong >= weak


def test_gamma_bends_the_scale_but_not_its_ends() -> None:
    assert [palette.level(x, 1.0, gamma=0.5) for x in (0.0, 0.04, 0.25, 1.0)] == [0, 1, 3, 5]


@given(SCORES, st.sampled_from([0.0, -1.0, math.nan]))
def test_without_a_scale_everything_is_level(score: float, scale: float) -> None:
    assert palette.level(score, scale) == 0


def test_scores_below_the_threshold_are_not_coloured() -> None:
    assert palette.level(0.4, 1.0, threshold=0.5) == 0
    assert palette.level(0.5, 1.0, threshold=0.5) == 3


@pytest.mark.parametrize("write", [palette.lane, palette.ascii_lane, palette.ascii_cell])
def test_every_level_is_written_differently(write: object) -> None:
    assert callable(write)
    assert len({write(step) for step in (None, 0, *STEPS)}) == 2 * palette.LEVELS + 2


def test_ascii_lane_is_ascii() -> None:
    assert all(palette.ascii_lane(step).isascii() for step in (None, 0, *STEPS))
    cells = [palette.ascii_cell(step) for step in (None, 0, *STEPS)]
    assert all(len(cell) == 1 and cell.isascii() for cell in cells)


@pytest.mark.parametrize("colour", [colour for side in SIDES for colour in side])
def test_colours_are_the_same_with_256(colour: str) -> None:
    exact = Color.parse(colour)
    nearest = exact.downgrade(ColorSystem.EIGHT_BIT).get_truecolor()
    assert nearest == exact.triplet


@pytest.mark.parametrize("colour", [colour for side in SIDES for colour in side])
def test_text_on_every_colour_can_be_read(colour: str) -> None:
    assert palette.contrast(colour, palette._text_on(colour)) >= 4.5


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize(("down", "up"), [palette._DARK, palette._LIGHT], ids=["dark", "light"])
def test_a_level_and_its_opposite_differ(
    vision: str, down: tuple[str, ...], up: tuple[str, ...]
) -> None:
    weakest, *others = (
        math.dist(_lab(low, vision), _lab(high, vision)) for low, high in zip(down, up, strict=True)
    )
    assert min(others) > 20
    assert weakest > 5


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("sides", [marks._DARK, marks._LIGHT], ids=["dark", "light"])
def test_both_sides_of_a_guess_differ_for_everybody(
    vision: str, sides: tuple[tuple[str, ...], tuple[str, ...]]
) -> None:
    for low, high in zip(*sides, strict=True):
        assert math.dist(_lab(low, vision), _lab(high, vision)) > 20


def test_the_style_sheet_colours_every_level_everywhere() -> None:
    rules = palette.css("Thing")
    for name in palette.COMPONENTS:
        for variant in ("", ":light", ":ansi", ":nocolor"):
            assert f"Thing{variant} > .{name} {{" in rules


def _lab(colour: str, vision: str) -> tuple[float, float, float]:
    """Return CIE L*a*b* (D65) of a colour as it is seen."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    rgb = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    rgb = [sum(m * c for m, c in zip(row, rgb, strict=True)) for row in VISION[vision]]
    rgb = [min(1.0, max(0.0, c)) for c in rgb]
    to_xyz = (
        (0.4124564, 0.3575761, 0.1804375),
        (0.2126729, 0.7151522, 0.0721750),
        (0.0193339, 0.1191920, 0.9503041),
    )
    white = (0.95047, 1.0, 1.08883)
    x, y, z = (
        sum(m * c for m, c in zip(row, rgb, strict=True)) / w
        for row, w in zip(to_xyz, white, strict=True)
    )
    x, y, z = (v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in (x, y, z))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)
