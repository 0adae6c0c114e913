"""What is known of all prompts, as rows, together, and as texts to take away."""

from __future__ import annotations

from dataclasses import replace

import pytest
from room import CASES, Room, keys, read

from unpact_tui.app import takeaway
from unpact_tui.app.all_prompts import AllPrompts
from unpact_tui.app.overview import (
    Overview,
    row_of,
    summary_of_prompt,
)
from unpact_tui.document import decode
from unpact_tui.session.actions import AddCase, ChooseGranularity, MoveThresholds, TryAll
from unpact_tui.session.remembered import as_document
from unpact_tui.settings import Settings
from unpact_tui.worker.events import Failed
from unpact_tui.worker.protocol import Analyse, Question, Recover


def overview(room: Room) -> Overview:
    return Overview(room.comparison.memory, room.comparison.wire.reading)


@pytest.fixture
def all_read() -> Room:
    room = read()
    room.comparison.score(wanted=True)
    room.hear()
    return room


def test_a_row_says_how_far_a_prompt_is() -> None:
    room = Room()
    rows = overview(room)
    assert [row.status for row in rows.rows(room.state.now)] == ["waiting"] * 3
    room.comparison.begin()
    room.hear(3)
    assert [row.status for row in rows.rows(room.state.now)] == ["reading", "waiting", "waiting"]
    room.hear()
    assert [row.status for row in rows.rows(room.state.now)] == ["read", "waiting", "waiting"]
    room.comparison.memory.take(Analyse(CASES[1]), Failed("Too [/] long.", "", 2))
    rows_now = rows.rows(room.state.now)
    assert [row.status for row in rows_now] == ["read", "failed", "waiting"]
    assert rows_now[1].trouble == "Too [/] long."
    room.comparison.memory.forget_failures()
    assert [row.status for row in rows.rows(room.state.now)] == ["read", "waiting", "waiting"]


def test_a_row_says_what_came_of_it(all_read: Room) -> None:
    row = overview(all_read).rows(all_read.state.now)[0]
    page = all_read.state.page
    assert (row.index, row.id, row.split, row.prompt) == (0, "one", "forget", CASES[0].prompt)
    assert (row.logprob_base, row.logprob_unlearned) == (
        page.base.logprob,
        page.unlearned.logprob,
    )
    assert row.label == "SUPPRESSED"
    assert row.changed is True
    assert page.ladder is not None
    best = page.ladder.recovery.best
    assert best is not None
    assert (row.recovered, row.control) == (best.recovered, page.ladder.recovery.control)


def test_a_row_follows_the_thresholds_and_is_made_once(
    all_read: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[int] = []

    def counted(*given: object) -> object:
        made.append(1)
        return row_of(*given)  # pyright: ignore[reportArgumentType] handed on as it came

    monkeypatch.setattr("unpact_tui.app.overview.row_of", counted)
    rows = overview(all_read)
    first = rows.rows(all_read.state.now)
    assert rows.rows(all_read.state.now) == first
    assert len(made) == 3
    lower = replace(all_read.state.thresholds, kept=0.0, near=0.0)
    all_read.do(MoveThresholds(lower))
    assert {row.label for row in rows.rows(all_read.state.now)} == {"RETAINED"}


def test_a_row_is_of_what_was_tried_by_hand_once_that_is_known(all_read: Room) -> None:
    rows = overview(all_read)
    before = rows.rows(all_read.state.now)[0]
    all_read.do(TryAll((1,)))
    assert rows.rows(all_read.state.now)[0].recovered == before.recovered
    all_read.hear()
    assert all_read.comparison.memory.whole(Recover(CASES[0], (1,)))
    assert rows.rows(all_read.state.now)[0].recovered != before.recovered


def test_another_granularity_is_not_read(all_read: Room) -> None:
    all_read.do(ChooseGranularity("sentence"))
    assert [row.status for row in overview(all_read).rows(all_read.state.now)][1:] == [
        "waiting",
        "waiting",
    ]


def test_what_all_say_together(all_read: Room) -> None:
    state, memory = all_read.state, all_read.comparison.memory
    this = summary_of_prompt(state, state.thresholds)
    assert (this.verdict.label, this.of_set) == ("SUPPRESSED", False)
    whole = AllPrompts(state, memory, 0).judge_now(state.thresholds)
    assert (whole.read, whole.total, whole.note) == (3, 3, "")
    assert sum(whole.cases.values()) == 3
    all_read.do(AddCase(replace(CASES[0], id="new")))
    more = AllPrompts(all_read.state, memory, 0).judge_now(state.thresholds)
    assert (more.read, more.total) == (3, 4)
    assert "B reads" in more.note
    nothing = Room()
    assert summary_of_prompt(nothing.state, state.thresholds).verdict.label == "UNKNOWN"
    empty = AllPrompts(nothing.state, nothing.comparison.memory, 0).judge_now(state.thresholds)
    assert (empty.verdict.label, empty.read) == ("UNKNOWN", 0)


def test_the_same_seed_gives_the_same_together(all_read: Room) -> None:
    state, memory = all_read.state, all_read.comparison.memory
    first, second = (AllPrompts(state, memory, 7).judge_now(state.thresholds) for _ in range(2))
    assert first == second


def test_what_is_known_is_taken_in_once(all_read: Room) -> None:
    state, memory = all_read.state, all_read.comparison.memory
    every = AllPrompts(state, memory, 0)
    assert len(list(every.gather())) == 3
    assert list(every.gather()) == []
    memory.touch(state.analysis)
    assert len(list(every.gather())) == 3


def test_of_strategies_only_the_causes_follow_the_thresholds(all_read: Room) -> None:
    state, memory = all_read.state, all_read.comparison.memory
    every = AllPrompts(state, memory, 0)
    whole = every.judge_now(state.thresholds).strategies
    assert all_read.state.recovery is not None
    tried = {attempt.strategy for attempt in all_read.state.recovery.attempts}
    assert {each.strategy for each in whole} == tried
    best = {each.strategy: each for each in whole}["bold"]
    assert (best.cause, best.recovered.n) == ("other ids", 2)
    strict = replace(state.thresholds, recovered=0.99)
    after = every.judge_now(strict).strategies
    assert {each.cause for each in after} <= {"neither", "unknown"}
    assert [replace(each, cause="unknown") for each in after] == [
        replace(each, cause="unknown") for each in whole
    ]


# ---------------------------------------------------------------- to take away


def test_every_text_can_be_copied_raw() -> None:
    room = read()
    room.do(keys(room))
    room.tried()
    state = room.state
    assert state.opened is not None
    whole = as_document(state.opened, Settings(), state.now, room.comparison.memory, state.case)
    texts = {choice.key: choice.text for choice in takeaway.choices(state, whole)}
    assert texts["p"] == CASES[0].prompt
    assert texts["t"] == texts["b"] == texts["a"] == "Kuwait City"
    assert texts["u"] == state.page.unlearned.text
    assert "**" in texts["e"]
    assert set(texts["k"].split()) <= {t.text.strip() for t in state.prompt.tokens if state.prompt}
    assert decode(texts["j"].encode()).cases[0].tried


def test_what_is_not_known_cannot_be_copied() -> None:
    texts = {choice.key: choice.text for choice in takeaway.choices(Room().state, None)}
    assert [key for key, text in texts.items() if text] == ["p"]


@pytest.mark.parametrize(
    ("form", "begins"), [("md", "# "), ("json", "{\n"), ("html", "<!DOCTYPE html>")]
)
def test_every_form_is_of_all_that_is_known(
    all_read: Room, form: takeaway.TextForm, begins: str
) -> None:
    state = all_read.state
    assert state.opened is not None
    whole = as_document(state.opened, Settings(), state.now, all_read.comparison.memory)
    assert whole is not None
    text = "".join(takeaway.written(whole, form))
    assert text.startswith(begins)
    assert all(case.answer in text for case in CASES if case.answer)


def test_nothing_known_is_no_document_and_failures_are_told() -> None:
    room = Room()
    assert room.state.opened is not None
    memory = room.comparison.memory
    assert as_document(room.state.opened, Settings(), room.state.now, memory) is None
    room = read()
    assert room.state.opened is not None
    order: Question = Analyse(CASES[1])
    room.comparison.memory.take(order, Failed("Too long.", "", 2))
    found = as_document(room.state.opened, Settings(), room.state.now, room.comparison.memory)
    assert found is not None
    assert [(failure.id, failure.reason) for failure in found.failures] == [("two", "Too long.")]


def test_rows_that_take_too_long_are_made_later(all_read: Room) -> None:
    now = all_read.state.now
    rows = overview(all_read)
    hurried = rows.rows(now, -1.0)
    assert rows.behind
    assert {row.status for row in hurried} == {"waiting"}
    assert [(row.id, row.prompt) for row in hurried] == [(c.id, c.prompt) for c in now.cases]
    whole = rows.rows(now)
    assert not rows.behind
    assert {row.status for row in whole} == {"read"}
    all_read.do(ChooseGranularity("sentence"))
    assert rows.rows(all_read.state.now, -1.0) == whole, "as they were"
    assert rows.behind
