"""Which numbers colour which tokens, in every view."""

from __future__ import annotations

from dataclasses import replace
from math import log

import pytest
from room import Room, keys, read

from unpact_tui.app import painting
from unpact_tui.app.painting import PANES
from unpact_tui.app.state import CompareState, Page, Side
from unpact_tui.session.actions import (
    VIEWS,
    ChooseAnswerToken,
    ChooseScale,
    ChooseView,
    Emphasise,
    Move,
)


@pytest.fixture(scope="module")
def known() -> CompareState:
    return read().state


@pytest.fixture
def room() -> Room:
    return read()


def test_contributions_are_painted_as_they_are(known: CompareState) -> None:
    assert painting.painted(known, "base") == known.page.base.values
    assert painting.painted(known, "unlearned") == known.page.unlearned.values
    assert known.prompt is not None
    assert painting.tokens(known) == known.prompt.tokens
    assert painting.marked(known) == known.key_tokens


def test_the_key_tokens_alone_and_all_else_inert(room: Room) -> None:
    room.do(ChooseView("key_tokens"))
    state = room.state
    for role in PANES:
        values, whole = painting.painted(state, role), state.side(role).values
        assert state.key_tokens
        for i, value in enumerate(values):
            assert value == (whole[i] if i in state.key_tokens else 0.0)


def test_the_answer_is_painted_by_how_probable_it_is(room: Room) -> None:
    room.do(ChooseView("answer"), ChooseAnswerToken(1))
    state = room.state
    assert painting.tokens(state) == state.page.answer_tokens
    assert painting.cursor(state) == 1
    for role in PANES:
        values = painting.painted(state, role)
        assert len(values) == len(state.page.answer_tokens)
        assert all(value is not None and 0 <= value <= 1 for value in values)
        assert painting.scale(state, role) == 1.0
    room.do(ChooseScale(False, 0.0, 1.0), keys(room))
    assert painting.scale(room.state, "base") == 1.0
    assert painting.emphasised(room.state) == frozenset()
    room.do(ChooseView("contribution"))
    assert painting.emphasised(room.state) == room.state.emphasis


def test_contributions_to_one_answer_token_are_its_row(room: Room) -> None:
    room.do(ChooseView("by_token"))
    for row in range(len(room.state.page.answer_tokens)):
        room.do(ChooseAnswerToken(row))
        for role in PANES:
            assert painting.painted(room.state, role) == room.state.side(role).by_token[row]
    largest = max(abs(v) for r in PANES for row in room.state.side(r).by_token for v in row if v)
    assert painting.matrix_scale(room.state) == largest


@pytest.mark.parametrize("view", VIEWS)
def test_before_anything_is_known_nothing_is_painted(view: str) -> None:
    room = Room()
    room.do(ChooseView(next(each for each in VIEWS if each == view)))
    state = room.state
    for role in PANES:
        assert painting.painted(state, role) == ()
        assert painting.scale(state, role) in (0.0, 1.0)
        assert painting.said(state, role) == ("", False)
    waiting = painting.tokens(state)
    if view == "answer":
        assert waiting == ()
    else:  # readable at once, and nothing else
        assert "".join(token.text for token in waiting) == state.case.prompt
        assert all(token.fixed for token in waiting)
    assert painting.hits(state, "a") == ()
    assert painting.marked(state) == frozenset()
    assert painting.matrix_scale(state) == 0.0
    assert painting.probabilities(state) == ((), ())


def with_answers(
    known: CompareState, base: tuple[float, ...], after: tuple[float, ...]
) -> CompareState:
    sides = [Side(answer_logprobs=tuple(map(log, side))) for side in (base, after)]
    page = replace(known.page, base=sides[0], unlearned=sides[1])
    return replace(known, page=page)


def test_an_answer_token_has_died_below_half_of_its_probability(known: CompareState) -> None:
    state = with_answers(known, (0.9, 0.9, 0.2), (0.46, 0.44, 0.05))
    assert painting.dead(state) == (1, 2)
    assert painting.first_divergence(state) == 1
    base, after = painting.probabilities(state)
    assert base == pytest.approx((0.9, 0.9, 0.2))
    assert after == pytest.approx((0.46, 0.44, 0.05))
    assert painting.first_divergence(with_answers(known, (0.9,), (0.9,))) is None


def test_the_pointer_of_the_answer_is_where_the_models_part(known: CompareState) -> None:
    state = with_answers(known, (0.9, 0.9), (0.9, 0.1))
    now = replace(state.now, view="answer")
    state = replace(state, timeline=replace(state.timeline, now=now))
    assert painting.marked(state) == {1}
    assert painting.marked(replace(state, page=Page())) == frozenset()


def test_what_is_said_with_emphasis_is_the_unlearned_models_alone(room: Room) -> None:
    assert room.state.page.unlearned.text is not None
    assert painting.said(room.state, "unlearned") == (room.state.page.unlearned.text, True)
    room.do(keys(room))
    assert painting.said(room.state, "unlearned") == ("", False)
    assert painting.said(room.state, "base") == ("Kuwait City", True)
    room.tried()
    assert painting.said(room.state, "unlearned") == ("Kuwait City", True)


def test_a_text_is_found_in_what_is_shown(room: Room) -> None:
    assert room.state.prompt is not None
    (hit,) = painting.hits(room.state, "al-kuwaiti")
    assert "".join(room.state.prompt.tokens[i].text for i in hit).strip() == "Al-Kuwaiti"
    assert painting.hits(room.state, "city") == ()
    room.do(ChooseView("answer"))
    assert len(painting.hits(room.state, "city")) == 1
    assert painting.hits(room.state, "") == ()


def test_a_cursor_beyond_the_end_is_at_it(room: Room) -> None:
    room.do(Move(999), ChooseAnswerToken(999), Emphasise((999,)))
    room.do(ChooseView("answer"))
    assert painting.cursor(room.state) == len(room.state.page.answer_tokens) - 1
    room.do(ChooseView("shift"))
    assert room.state.prompt is not None or painting.cursor(room.state) == 0
