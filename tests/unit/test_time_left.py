from __future__ import annotations

from unpact_tui.time_left import Pace


def test_a_pace_is_that_since_the_first_sign_of_life() -> None:
    pace = Pace(1000)
    assert pace.left(200, 60) == 0, "a minute of making ready says nothing"
    assert pace.left(200, 61) == 0
    assert pace.left(300, 70) == 70
    assert pace.left(1000, 140) == 0


def test_of_what_nobody_knows_the_size_of_nothing_is_said() -> None:
    pace = Pace(0)
    assert [pace.left(done, done) for done in (1, 2, 3)] == [0, 0, 0]
