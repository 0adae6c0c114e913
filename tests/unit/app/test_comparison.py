"""What is asked of the engine, when, and what is never asked again; without a screen."""

from __future__ import annotations

import pytest
from room import CASES, Room, keys, read

from attribution.thresholds import Thresholds
from attribution.types import Case
from unpact_tui.app.all_prompts import AllPrompts
from unpact_tui.app.overview import Overview, next_like
from unpact_tui.app.recalling import weights
from unpact_tui.session.actions import (
    ChooseCase,
    ChooseGranularity,
    ChooseStrategy,
    ChooseView,
    EditCase,
    Emphasise,
    Move,
    Redo,
    Undo,
)
from unpact_tui.worker.events import Cancelled, Failed, Finished, Written
from unpact_tui.worker.fake import FakeEngine
from unpact_tui.worker.protocol import (
    Analyse,
    Cancel,
    Order,
    Recover,
    Reply,
    Try,
    Weigh,
    in_background,
)

OTHER = Case("other", "Where does Ana Prado live?", "Lisbon")


# ---------------------------------------------------------------- asking


def test_the_first_prompt_is_read_then_recovered_and_nothing_more() -> None:
    room = read()
    assert room.asked == [Analyse(CASES[0]), Recover(CASES[0])]
    assert not room.state.busy


def test_an_emphasis_is_asked_for_after_a_while() -> None:
    room = read()
    room.do(keys(room))
    assert room.news == []
    room.tried()
    assert room.news == [room.state.attempt]
    assert room.state.page.tried is not None
    assert room.state.page.unlearned.emphasised == "Kuwait City"


def test_of_quick_changes_only_the_last_is_asked_for() -> None:
    room = read()
    room.do(keys(room), ChooseStrategy("quote"), ChooseStrategy("upper"))
    assert [alarm.what is None for alarm in room.alarms] == [True, True, False]
    for alarm in room.alarms:
        alarm.ring()
    assert [type(order) for order in room.news] == [Try]
    assert room.state.attempt == room.news[0]


def test_the_latest_wins() -> None:
    room = read()
    room.do(keys(room))
    room.settle()
    room.hear(2)
    room.do(ChooseStrategy("quote"))
    room.tried()
    assert room.state.page.tried is not None
    assert room.state.page.tried.attempt.strategy == "quote"
    assert not room.state.busy
    # What was ended is not whole: coming back to it asks again.
    room.do(Undo())
    room.tried()
    assert room.state.page.tried is not None
    assert room.state.page.tried.attempt.strategy == "bold"
    assert [type(order) for order in room.news] == [Try, Try, Try]


def test_replies_to_what_is_no_longer_looked_at_change_nothing_on_the_page() -> None:
    room = read()
    room.do(keys(room))
    room.settle()
    stale = len(room.engine.orders)
    room.do(ChooseStrategy("quote"))
    before = room.state
    room.comparison.hear(Reply(stale, Written("unlearned", "late", emphasised=True, done=True)))
    assert room.state == before
    room.comparison.hear(Reply(0, Written("base", "nobody asked", emphasised=False, done=True)))
    room.comparison.hear(Reply(99, Finished()))
    assert room.state == before


def test_leaving_a_prompt_ends_what_runs_for_it() -> None:
    room = Room()
    room.comparison.begin()
    room.hear(3)
    room.do(ChooseCase(1))
    room.hear()
    assert room.asked == [Analyse(CASES[0]), Analyse(CASES[1]), Recover(CASES[1])]
    assert room.state.page.base.text == "Ana Prado"
    assert not room.comparison.memory.begun(Analyse(CASES[0]))


def test_back_before_the_engine_noticed() -> None:
    room = Room()
    room.comparison.begin()
    room.hear(3)
    room.do(ChooseCase(1), ChooseCase(0))
    room.hear()
    assert room.state.page.judged is not None
    assert room.state.page.base.text == "Kuwait City"
    assert not room.state.busy


# ---------------------------------------------------------------- what is remembered


def test_coming_back_to_a_prompt_asks_nothing() -> None:
    room = read()
    first = room.state.page
    room.do(ChooseCase(1))
    room.hear()
    room.forget_asked()
    room.do(ChooseCase(0))
    assert room.state.page == first
    room.hear()
    room.settle()
    assert room.news == []


def test_undo_of_an_emphasis_shows_the_former_answer_at_once() -> None:
    room = read()
    plain = room.state.page
    room.do(keys(room))
    room.tried()
    bold = room.state.page
    room.do(ChooseStrategy("quote"))
    assert room.state.page.tried is None
    room.tried()
    room.forget_asked()
    room.do(Undo())
    assert room.state.page == bold
    room.do(Undo())
    assert room.state.page == plain
    room.do(Redo(), Redo())
    assert room.state.page.tried is not None
    assert room.state.page.tried.attempt.strategy == "quote"
    for alarm in room.alarms:
        alarm.ring()
    room.hear()
    assert room.news == []


def test_another_granularity_is_another_question_and_the_former_comes_back() -> None:
    room = read()
    first = room.state.page
    room.do(ChooseGranularity("word"))
    room.hear()
    assert room.news == [Analyse(CASES[0], "word"), Recover(CASES[0], (), "word")]
    room.forget_asked()
    room.do(Undo())
    room.hear()
    assert (room.state.page, room.news) == (first, [])


def test_what_is_looked_at_asks_nothing() -> None:
    room = read()
    page = room.state.page
    room.do(Move(3), ChooseView("shift"))
    assert room.state.page is page
    assert (room.alarms, room.news) == ([], [])


def test_an_edited_prompt_is_asked_for_and_the_former_comes_back_with_its_emphasis() -> None:
    room = read()
    room.do(keys(room))
    room.tried()
    before = (room.state.page, room.state.emphasis)
    room.do(EditCase(OTHER))
    room.hear()
    assert room.state.page.base.text == "Lisbon"
    assert room.state.emphasis == frozenset()
    room.forget_asked()
    room.do(Undo())
    room.hear()
    assert (room.state.page, room.state.emphasis) == before
    assert room.news == []


def test_every_emphasis_that_was_tried_is_counted_once() -> None:
    room = read()
    room.do(keys(room))
    room.tried()
    room.do(ChooseStrategy("quote"))
    room.tried()
    assert len(room.state.history) == 2
    room.comparison.recover()
    room.hear()
    assert len(room.state.history) == 2
    room.do(ChooseCase(1))
    assert room.state.history == ()


# ---------------------------------------------------------------- asking again


def test_enter_asks_anew() -> None:
    room = read()
    room.comparison.again()
    room.hear()
    assert room.news == [Analyse(CASES[0]), Recover(CASES[0])]
    room.do(keys(room))
    room.forget_asked()
    room.comparison.again()
    assert room.news == [room.state.attempt]
    room.hear()
    room.comparison.again()
    room.hear()
    assert room.news == [room.state.attempt, room.state.attempt]
    assert room.state.page.tried is not None


@pytest.mark.parametrize("heard", [1, 3, 8])
def test_enter_in_the_middle_of_an_answer_loses_nothing(heard: int) -> None:
    room = Room()
    room.comparison.begin()
    room.hear(heard)
    room.comparison.again()
    room.hear()
    assert room.state.prompt is not None
    assert room.state.page == read().state.page
    assert room.asked == [Analyse(CASES[0]), Recover(CASES[0])]


def test_every_strategy_runs_on_the_emphasised_words_and_again_when_asked_again() -> None:
    room = read()
    room.do(Emphasise((1, 2)))
    room.tried()
    room.forget_asked()
    room.comparison.recover()
    room.hear()
    assert room.news == [Recover(CASES[0], (1, 2))]
    room.comparison.recover()
    room.hear()
    assert room.news == [Recover(CASES[0], (1, 2))] * 2
    assert room.state.page.judged is not None


# ---------------------------------------------------------------- cancelling


@pytest.mark.parametrize("heard", [1, 5, 13])
def test_x_stops_and_nothing_starts_by_itself_and_enter_does(heard: int) -> None:
    room = Room()
    room.comparison.begin()
    room.hear(heard)
    room.comparison.cancel()
    room.hear()
    assert room.asked == [Analyse(CASES[0]), Cancel()]
    assert not room.state.busy
    assert room.state.page.refused
    assert "enter" in room.state.hint
    room.comparison.cancel()
    assert room.state.hint == "Nothing is running."
    assert room.asked[-1] == Cancel()
    room.comparison.again()
    room.hear()
    assert room.asked[2:] == [Analyse(CASES[0]), Recover(CASES[0])]
    assert room.state.page.judged is not None


def test_x_stops_an_emphasis_and_it_stays_stopped() -> None:
    room = read()
    room.do(keys(room))
    room.settle()
    room.hear(2)
    room.comparison.cancel()
    room.hear()
    assert [type(order) for order in room.news] == [Try, Cancel]
    assert not room.state.busy
    assert room.state.emphasis
    room.comparison.again()
    room.hear()
    assert room.state.page.tried is not None


def test_x_before_an_emphasis_is_asked_for_keeps_it_from_being_asked() -> None:
    room = read()
    room.comparison.score(wanted=True)
    room.do(keys(room))
    room.comparison.cancel()
    room.settle()
    room.hear()
    assert not any(isinstance(order, Try | Cancel) for order in room.news)
    assert room.state.hint == "All 3 prompts are read."
    room.do(ChooseStrategy("quote"))
    room.tried()
    assert room.state.page.tried is not None


def test_another_choice_after_x_asks_again() -> None:
    room = Room()
    room.comparison.begin()
    room.hear(3)
    room.comparison.cancel()
    room.hear()
    room.do(ChooseCase(1))
    room.hear()
    assert room.state.page.judged is not None


# ---------------------------------------------------------------- failing


def test_a_failure_is_told_once_and_not_asked_again_by_itself() -> None:
    room = read()
    room.do(Emphasise((0,)))  # of the template: nothing to emphasise
    room.tried()
    assert len(room.warnings) == 1
    assert not room.state.busy
    assert room.state.page.trouble
    assert room.state.hint == room.warnings[0].message
    room.do(Undo(), Redo())
    room.tried()
    assert len(room.warnings) == 1
    assert room.state.page.trouble
    room.forget_asked()
    room.comparison.again()
    room.hear()
    assert [type(order) for order in room.news] == [Try]
    assert len(room.warnings) == 2


class Failing(FakeEngine):
    """Cannot read one prompt, until it is told that it can."""

    def __init__(self, case: Case) -> None:
        super().__init__(manual=True)
        self.broken: Case | None = case

    def pump(self, count: int | None = None) -> int:
        for queue in (self._work, self._background):
            for job in [job for job in queue if self._cannot(job[1])]:
                queue.remove(job)
                self._say(Reply(job[0], Failed("Too long.", "Shorten it.", 2)))
                return 1
        return super().pump(count)

    def _cannot(self, order: Order) -> bool:
        return isinstance(order, Analyse) and order.case == self.broken


def test_why_a_prompt_could_not_be_read_is_said_on_coming_back() -> None:
    room = read(engine=Failing(CASES[1]))
    room.do(ChooseCase(1))
    room.hear()
    assert (room.state.hint, len(room.warnings)) == ("Too long.", 1)
    room.do(ChooseCase(0))
    assert room.state.hint == ""
    room.do(ChooseCase(1))
    room.hear()
    assert room.state.hint == "Too long."
    assert room.state.page.refused
    assert room.news.count(Analyse(CASES[1])) == 1


# ---------------------------------------------------------------- in the background


def test_all_prompts_are_read_in_the_background() -> None:
    room = read()
    room.comparison.score(wanted=True)
    assert room.state.scored == (1, 3)
    room.hear()
    assert room.news == [
        kind(case, background=True) for case in CASES[1:] for kind in (Analyse, Recover)
    ]
    assert room.state.scored is None
    assert room.state.hint == "All 3 prompts are read."
    assert not room.comparison.background.wanted
    summary = AllPrompts(room.state, room.comparison.memory, 0).judge_now(Thresholds())
    assert (summary.read, summary.total) == (3, 3)
    room.forget_asked()
    room.do(ChooseCase(2))
    assert room.state.page.judged is not None
    room.hear()
    assert room.news == []


def test_the_background_gives_way_and_goes_on() -> None:
    room = read()
    room.comparison.score(wanted=True)
    room.hear(4)
    room.do(keys(room))
    room.settle()
    while room.state.page.tried is None:
        room.hear(1)
        assert room.comparison.background.wanted
    assert room.state.scored == (1, 3)
    room.hear()
    assert room.state.hint == "All 3 prompts are read."
    assert not any(isinstance(order, Cancel) for order in room.news)
    assert sum(isinstance(order, Analyse) for order in room.news) == 2


def test_b_again_stops_it() -> None:
    room = read()
    room.comparison.score(wanted=True)
    room.hear(4)
    room.comparison.score(wanted=False)
    room.hear()
    assert room.news == [Analyse(CASES[1], background=True), Cancel(background=True)]
    assert room.state.scored is None
    assert not room.state.busy
    room.comparison.score(wanted=True)
    room.hear()
    assert room.state.hint == "All 3 prompts are read."


def test_stopped_and_started_at_once_it_goes_on() -> None:
    room = read()
    room.comparison.score(wanted=True)
    room.hear(4)
    room.comparison.score(wanted=False)
    room.comparison.score(wanted=True)
    room.hear()
    assert room.state.hint == "All 3 prompts are read."


def test_x_stops_it_when_nothing_else_runs() -> None:
    room = read()
    room.comparison.score(wanted=True)
    room.hear(4)
    room.comparison.cancel()
    room.hear()
    assert room.news[-1] == Cancel(background=True)
    assert not room.comparison.background.wanted


def test_what_cannot_be_read_is_passed_over() -> None:
    engine = Failing(CASES[1])
    room = read(engine=engine)
    room.comparison.score(wanted=True)
    room.hear()
    assert room.state.hint == "All 3 prompts are read."
    assert room.warnings == []
    assert room.comparison.memory.whole(Recover(CASES[2]))
    # Asked for all once more, what failed is tried once more.
    engine.broken = None
    room.forget_asked()
    room.comparison.score(wanted=True)
    room.hear()
    assert [type(order) for order in room.news] == [Analyse, Recover]
    assert room.comparison.memory.whole(Recover(CASES[1]))


@pytest.mark.parametrize("heard", [0, 1, 6])
def test_going_where_the_background_is_adopts_what_it_does(heard: int) -> None:
    room = read()
    room.comparison.score(wanted=True)
    room.hear(heard)
    room.do(ChooseCase(1))
    assert room.state.busy
    assert room.news == [Analyse(CASES[1], background=True)]
    room.hear()
    assert room.state.page.judged is not None
    assert not room.state.busy
    assert sum(order.case == CASES[1] for order in room.news if isinstance(order, Analyse)) == 1
    assert sum(order.case == CASES[1] for order in room.news if isinstance(order, Recover)) == 1


def test_x_stops_what_was_adopted_and_it_stays_stopped() -> None:
    room = read()
    room.comparison.score(wanted=True)
    room.hear(3)
    room.do(ChooseCase(1))
    room.comparison.cancel()
    room.hear()
    assert room.news == [Analyse(CASES[1], background=True), Cancel(background=True)]
    assert not room.state.busy
    assert not room.comparison.background.wanted
    room.comparison.again()
    room.hear()
    assert room.state.page.judged is not None


def test_jumps_go_round_what_is_read() -> None:
    room = read()
    rows = Overview(room.comparison.memory, room.comparison.wire.reading)
    assert next_like(room.state, rows, "suppressed") is None
    room.comparison.score(wanted=True)
    room.hear()
    assert next_like(room.state, rows, "suppressed") == 1
    room.do(ChooseCase(2))
    assert next_like(room.state, rows, "suppressed") == 0
    assert next_like(room.state, rows, "changed") == 0
    assert next_like(room.state, rows, "collapsed") is None


def test_the_weights_are_asked_for_once() -> None:
    room = read()
    assert weights(room.comparison.memory) == (None, None)
    room.comparison.weigh()
    room.comparison.weigh()
    room.hear()
    room.comparison.weigh()
    change, failed = weights(room.comparison.memory)
    assert room.news == [Weigh()]
    assert change is not None
    assert change.complete
    assert failed is None
    assert room.weighed_times > 1


# ---------------------------------------------------------------- another engine


@pytest.mark.parametrize("heard", [0, 2, 9])
def test_another_engine_loses_nothing(heard: int) -> None:
    room = read()
    room.do(keys(room))
    room.tried()
    page, timeline = room.state.page, room.state.timeline
    room.do(ChooseStrategy("quote"))
    room.settle()
    room.comparison.score(wanted=True)
    room.hear(heard)
    dead, room.engine = room.engine, room.connected(FakeEngine(manual=True))
    room.replies.clear()
    room.comparison.reconnect(room.engine)
    room.hear()
    assert room.state.timeline.past[: len(timeline.past)] == timeline.past
    assert room.state.page.tried is not None
    assert room.state.page.tried.attempt.strategy == "quote"
    assert room.state.hint == "All 3 prompts are read."
    assert Analyse(CASES[0]) not in room.asked
    asked = len(room.engine.orders)
    room.do(Undo())
    assert room.state.page == page
    assert len(room.engine.orders) == asked
    assert len(room.state.history) == 3
    assert dead is not room.engine


def test_a_memory_that_was_kept_answers_for_the_engine() -> None:
    room = read()
    again = Room(memory=room.comparison.memory)
    again.comparison.begin()
    again.hear()
    assert again.asked == []
    assert again.state.page == room.state.page


def test_everything_that_is_asked_is_foreground_but_for_b_and_the_weights() -> None:
    room = read()
    room.do(keys(room))
    room.tried()
    room.comparison.recover()
    room.hear()
    assert not any(in_background(order) for order in room.asked)
    assert Cancelled() not in [event for _, said in room.comparison.memory for event in said]
