"""What is lost in rounding, and what is a guess, never looks like what was measured."""

from __future__ import annotations

import math
import random

import pytest
from rich.cells import cell_len
from rich.color import Color, ColorSystem

from attribution.types import Token
from unpact_tui.app import marks, palette
from unpact_tui.app.marks import Mark, Scale, mark
from unpact_tui.app.widgets.token_rows import TokenRows

ONE = Scale(1.0)
LEVELS = [level for level in range(-palette.LEVELS, palette.LEVELS + 1) if level]
NOISE = Mark(0, "noise")
GUESSES = [Mark(level, "estimate") for level in LEVELS]
MEASURED = [Mark(level) for level in (None, 0, *LEVELS)]
GROUND = {"dark": "#121212", "light": "#ffffff"}
SIDES = {"dark": marks._DARK, "light": marks._LIGHT}
LETTERS = [(theme, colour) for theme, sides in SIDES.items() for side in sides for colour in side]


@pytest.mark.parametrize(
    ("value", "estimate", "noise", "found"),
    [
        (0.5, None, None, Mark(3)),
        (0.5, 0.9, 0.004, Mark(3)),
        (0.003, None, 0.004, NOISE),
        (-0.003, 0.9, 0.004, NOISE),
        (0.004, None, 0.004, Mark(0)),
        (0.0, None, 0.004, Mark(0)),  # measured, and inert
        (0.9, None, 2.0, NOISE),
        (5e-8, None, 1e-7, Mark(0)),  # float32: nothing that anybody could see
        (None, None, 0.004, Mark(None)),
        (None, 0.5, 0.004, Mark(3, "estimate")),
        (None, 0.001, 0.004, Mark(0, "estimate")),  # noise is of what was measured
        (math.nan, 0.5, None, Mark(3, "estimate")),
        (None, math.nan, None, Mark(None)),
    ],
)
def test_a_mark_says_what_kind_of_number_it_is(
    value: float | None, estimate: float | None, noise: float | None, found: Mark
) -> None:
    assert mark(value, estimate, noise, ONE) == found
    assert list(marks.marks([value], [estimate], noise, ONE)) == [found]


def test_without_noise_and_guesses_nothing_is_drawn_otherwise() -> None:
    draw = random.Random(0)
    values = [None, math.nan, 0.0, *(draw.uniform(-1, 1) for _ in range(200))]
    scale = Scale(0.8, 0.05, 0.7)
    for noise in (None, 0.0, 1e-7):
        found = list(marks.marks(values, (), noise, scale))
        assert [each.level for each in found] == [palette.level(v, *scale) for v in values]
        assert {each.kind for each in found} == {"measured"}
        assert [marks.component(each) for each in found] == [
            palette.component(each.level) for each in found
        ]


@pytest.mark.parametrize("width", [2, 3, 7])
def test_in_the_lane_no_kind_is_taken_for_another(width: int) -> None:
    drawn = [marks.lane(each, width) for each in (*MEASURED, NOISE, *GUESSES)]
    assert len(set(drawn)) == len(drawn)
    assert all(cell_len(text) == width for text in drawn)


def test_in_a_single_cell_a_guess_says_that_it_was_not_measured() -> None:
    assert {marks.lane(each, 1) for each in GUESSES} == {palette.lane(None)}
    assert marks.lane(NOISE, 1) not in {palette.lane(level) for level in (None, 0, *LEVELS)}


def test_in_ascii_no_kind_is_taken_for_another() -> None:
    drawn = [marks.ascii_lane(each) for each in (*MEASURED, NOISE, *GUESSES)]
    assert len(set(drawn)) == len(drawn)
    assert all(text.isascii() for text in drawn)
    # However little room there is, a guess begins as what was not measured does.
    assert {marks.ascii_lane(each)[0] for each in GUESSES} == {palette.ascii_lane(None)}


def test_a_guess_of_nothing_is_what_was_not_measured() -> None:
    guess = Mark(0, "estimate")
    assert marks.lane(guess, 3) == marks.lane(marks.UNKNOWN, 3)
    assert marks.component(guess) == marks.component(marks.UNKNOWN)


def test_components_of_kinds_are_apart() -> None:
    assert marks.component(NOISE) is None
    found = {marks.component(each) for each in GUESSES}
    assert found == marks.GUESSES
    assert not found & palette.COMPONENTS


def test_the_style_sheet_has_every_guess_everywhere_and_no_ground() -> None:
    rules = marks.css("Thing").splitlines()
    for name in marks.GUESSES:
        for variant in ("", ":light", ":ansi", ":nocolor"):
            (rule,) = [r for r in rules if r.startswith(f"Thing{variant} > .{name} {{")]
            assert "background" not in rule or "background: transparent" in rule


@pytest.mark.parametrize(("theme", "colour"), LETTERS)
def test_letters_can_be_read_and_are_the_same_with_256_colours(theme: str, colour: str) -> None:
    assert palette.contrast(colour, GROUND[theme]) >= 4.5
    exact = Color.parse(colour)
    assert exact.downgrade(ColorSystem.EIGHT_BIT).get_truecolor() == exact.triplet


# ---------------------------------------------------------------- in rows


def rows(*texts: str, plain: bool = False) -> TokenRows:
    made = TokenRows()
    made.show([Token(i, text, 0, 0) for i, text in enumerate(texts)], plain=plain)
    made.place(80)
    return made


def lane(made: TokenRows) -> str:
    return "".join(text for _, text in made.lane_row(0))


def test_marks_leave_room_for_what_was_found_and_emphasised() -> None:
    made = rows("aaaa", " bbb", "cc", "d")
    made.paint((None, 0.001, None, None), ONE, 0.004, (1.0, None, -1.0, 1.0))
    assert lane(made) == "╌█╌█◦◦◦◦╌▓╌"
    made.emphasise(frozenset({0, 1, 2, 3}))
    assert lane(made) == "●█╌█●◦◦◦●▓╌"
    made.find(frozenset({0, 1, 2, 3}))
    assert lane(made) == "●█╌/●◦◦/●▓╌"  # never in the place of the level


def test_marks_in_ascii() -> None:
    made = rows("aaaa", " bbb", "cc", "d", plain=True)
    made.paint((None, 0.001, None, None), ONE, 0.004, (1.0, None, -1.0, 1.0))
    assert lane(made) == "~+5 o   ~-~"
    made.emphasise(frozenset({0, 1, 2, 3}))
    assert lane(made) == "~+5*o  *~-~"


def test_a_long_measurement_repaints_what_is_new_and_nothing_else() -> None:
    """Partial results on 2,000 tokens: each token is drawn once."""
    made = rows(*(f" word{i}" for i in range(2000)))
    draw = random.Random(0)
    values = [draw.uniform(-0.5, 0.5) for _ in range(2000)]
    order = list(range(2000))
    draw.shuffle(order)
    drawn = 0
    for step in range(1, 26):
        known = set(order[: 80 * step])
        seen = tuple(value if i in known else None for i, value in enumerate(values))
        changed = list(made.paint(seen, ONE, 0.004, ()))
        assert set(changed) <= set(order[80 * step - 80 : 80 * step])
        drawn += len(changed)
    assert drawn == 2000
    assert not list(made.paint(tuple(values), ONE, 0.004, ()))
