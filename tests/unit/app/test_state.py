"""The comparison's state without a screen."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attribution.types import Case
from unpact_tui.app.actions import (
    Action,
    ChooseCase,
    ChooseStrategy,
    ChooseView,
    ClearEmphasis,
    EditCase,
    Move,
    ShowLane,
    TakeKeyTokens,
    ToggleWord,
)
from unpact_tui.app.replies import asked, attempt, follow_up, quiet, receive
from unpact_tui.app.state import (
    CompareState,
    apply,
    painted,
    scale,
    start,
    word_at,
    word_from,
    words_with,
)
from unpact_tui.settings import Settings
from unpact_tui.worker.events import Cancelled, Failed, Finished, Written
from unpact_tui.worker.fake import STRATEGIES, FakeEngine
from unpact_tui.worker.protocol import Analyse, Open, Order, Recover, Reply, Try

CASES = (
    Case("one", "Where was Basil Mahfouz Al-Kuwaiti born?", "Kuwait City"),
    Case("two", "Who wrote the Towers of Lisbon?", "Ana Prado", "retain"),
)


class Session:
    """A state and the engine behind it, talking to each other without a screen."""

    def __init__(self, cases: tuple[Case, ...] = CASES) -> None:
        self.state = start(cases, STRATEGIES, 0, lane=False)
        self.engine = FakeEngine(manual=True)
        self.engine.listen(self.hear)
        self.engine.send(Open("b", "u", None, Settings()))
        self.engine.pump()

    def hear(self, reply: Reply) -> None:
        self.state = receive(self.state, reply)

    def ask(self, order: Order) -> int:
        request = self.engine.send(order)
        self.state = asked(self.state, order, request)
        return request

    def do(self, action: Action) -> None:
        self.state = apply(self.state, action)


def analysed() -> Session:
    session = Session()
    session.ask(Analyse(session.state.case))
    session.engine.pump()
    return session


def first_name(state: CompareState) -> int:
    return next(word[0] for word in state.words if word[0] in state.key_tokens)


def test_analysis_fills_both_sides() -> None:
    state = analysed().state
    assert state.prompt is not None
    assert state.compared is not None
    assert state.base.complete
    assert state.unlearned.complete
    assert state.base.text == "Kuwait City"
    assert state.base.done
    assert len(state.base.values) == len(state.prompt.tokens)
    assert not state.busy


def test_cursor_starts_on_a_token_that_can_be_emphasised() -> None:
    state = analysed().state
    assert state.prompt is not None
    assert not state.prompt.tokens[state.cursor].fixed


def test_toggle_takes_the_whole_word_and_gives_it_back() -> None:
    session = analysed()
    word = next(word for word in session.state.words if len(word) > 1)
    session.do(ToggleWord(word[-1]))
    assert session.state.emphasis == frozenset(word)
    session.do(ToggleWord(word[0]))
    assert session.state.emphasis == frozenset()


def test_a_token_in_no_word_does_nothing_but_hint() -> None:
    session = analysed()
    before = session.state
    session.do(ToggleWord(0))
    assert session.state.hint
    assert replace(session.state, hint="") == before
    session.do(Move(1))
    assert session.state.hint == ""


def test_key_tokens_are_taken_as_whole_words() -> None:
    session = analysed()
    session.do(TakeKeyTokens())
    state = session.state
    assert state.compared is not None
    assert state.key_tokens <= state.emphasis
    assert state.emphasis == words_with(state, state.compared.key_tokens)
    assert all(set(word_at(state, i)) <= state.emphasis for i in state.emphasis)


def test_key_tokens_before_they_are_known_hint() -> None:
    session = Session()
    session.do(TakeKeyTokens())
    assert session.state.hint
    assert session.state.log == ()


def test_emphasis_asks_and_none_does_not() -> None:
    session = analysed()
    assert attempt(session.state) is None
    session.do(TakeKeyTokens())
    assert attempt(session.state) == Try("bold", tuple(sorted(session.state.emphasis)))


def test_an_attempt_is_kept_until_the_emphasis_changes() -> None:
    session = analysed()
    session.do(TakeKeyTokens())
    order = attempt(session.state)
    assert order is not None
    session.ask(order)
    session.engine.pump()
    assert session.state.tried is not None
    assert session.state.unlearned.emphasised == "Kuwait City"
    plain = session.state.unlearned.text
    session.do(ClearEmphasis())
    assert session.state.tried is None
    assert session.state.unlearned.emphasised is None
    assert session.state.unlearned.text == plain


def test_replies_to_the_former_emphasis_are_dropped() -> None:
    session = analysed()
    session.do(ToggleWord(first_name(session.state)))
    stale = session.ask(Try("bold", tuple(session.state.emphasis)))
    session.do(ChooseStrategy("quote"))
    before = session.state
    session.hear(Reply(stale, Written("unlearned", "too late", emphasised=True, done=True)))
    session.hear(Reply(stale, Failed("too late", "", 4)))
    assert session.state is before


def test_a_reply_to_nothing_is_dropped() -> None:
    state = analysed().state
    assert receive(state, Reply(0, Written("base", "x", emphasised=False, done=True))) is state
    assert receive(state, Reply(99, Finished())) is state


def test_recovery_follows_the_analysis_once() -> None:
    session = analysed()
    order = follow_up(session.state, Finished())
    assert order == Recover()
    assert order is not None
    session.ask(order)
    assert follow_up(session.state, Finished()) is None
    session.engine.pump()
    assert session.state.judged is not None
    assert session.state.recovery is not None
    assert session.state.recovery.complete
    assert follow_up(session.state, Finished()) is None


def test_nothing_follows_a_cancel() -> None:
    session = analysed()
    session.state = quiet(session.state)
    assert follow_up(session.state, Finished()) is None
    assert session.state.hint == "Nothing is running."


def test_nothing_follows_while_an_attempt_runs() -> None:
    session = analysed()
    session.do(TakeKeyTokens())
    session.ask(Try("bold", tuple(session.state.emphasis)))
    assert follow_up(session.state, Finished()) is None


def test_cancelled_and_failed_end_the_task_and_say_so() -> None:
    for event in (Cancelled(), Failed("No memory left.", "", 4)):
        session = analysed()
        session.do(TakeKeyTokens())
        request = session.ask(Try("bold", tuple(session.state.emphasis)))
        session.hear(Reply(request, event))
        assert not session.state.busy
        assert session.state.trouble
        assert session.state.hint


def test_another_case_forgets_what_was_measured_and_keeps_what_was_chosen() -> None:
    session = analysed()
    for action in (TakeKeyTokens(), ChooseStrategy("quote"), ShowLane(True), ChooseView("shift")):
        session.do(action)
    session.do(ChooseCase(1))
    state = session.state
    assert (state.prompt, state.compared, state.emphasis, state.base.text) == (
        None,
        None,
        frozenset(),
        None,
    )
    assert (state.strategy, state.lane, state.view, state.index) == ("quote", True, "shift", 1)
    assert not state.busy
    assert not state.recover_asked


@pytest.mark.parametrize("index", [-1, 2, 99])
def test_no_case_beyond_the_ends(index: int) -> None:
    session = analysed()
    session.do(ChooseCase(index))
    assert session.state.index == 0
    assert session.state.hint


def test_an_edited_case_takes_the_place_of_the_old() -> None:
    session = analysed()
    new = Case("one (edited)", "Where was Ana Prado born?", None)
    session.do(EditCase(new))
    assert session.state.case == new
    assert session.state.cases[1] == CASES[1]
    assert session.state.prompt is None


def test_the_same_prompt_again_keeps_cursor_and_emphasis() -> None:
    session = analysed()
    session.do(TakeKeyTokens())
    session.do(Move(4))
    kept = (session.state.cursor, session.state.emphasis)
    session.ask(Analyse(session.state.case))
    session.engine.pump()
    assert (session.state.cursor, session.state.emphasis) == kept


def test_one_scale_for_both_panes() -> None:
    state = analysed().state
    values = [v for side in (state.base, state.unlearned) for v in side.values if v is not None]
    assert scale(state) == max(abs(v) for v in values)


def test_the_shift_view_paints_the_change_on_the_unlearned_side_alone() -> None:
    session = analysed()
    plain = painted(session.state, "base")
    session.do(ChooseView("shift"))
    assert session.state.compared is not None
    assert painted(session.state, "unlearned") == session.state.compared.shift.delta
    assert painted(session.state, "base") == plain


def test_word_by_word_visits_every_word_and_stops() -> None:
    state = analysed().state
    at, seen = 0, []
    while (after := word_from(state, at, 1)) != at:
        seen.append(after)
        at = after
    assert seen == [word[0] for word in state.words]
    while (before := word_from(state, at, -1)) != at:
        at = before
    assert at == state.words[0][0]


positions = st.integers(-3, 40)
actions = st.one_of(
    positions.map(Move),
    positions.map(ToggleWord),
    st.just(TakeKeyTokens()),
    st.just(ClearEmphasis()),
    st.sampled_from((*STRATEGIES, "unknown")).map(ChooseStrategy),
    st.sampled_from(("contribution", "shift")).map(ChooseView),
    st.booleans().map(ShowLane),
)
orders = st.sampled_from(("attempt", "recover", "analyse", "pump one", "pump"))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(actions, orders), max_size=25))
def test_whatever_happens_the_state_holds_together(steps: list[Action | str]) -> None:
    session = analysed()
    for step in steps:
        if not isinstance(step, str):
            session.do(step)
        elif step.startswith("pump"):
            session.engine.pump(1 if step == "pump one" else None)
        elif step == "attempt" and (order := attempt(session.state)) is not None:
            session.ask(order)
        elif step in ("recover", "analyse"):
            session.ask(Recover() if step == "recover" else Analyse(session.state.case))
        state = session.state
        assert state.prompt is not None
        assert 0 <= state.cursor < len(state.prompt.tokens)
        assert all(frozenset(word_at(state, i)) <= state.emphasis for i in state.emphasis)
        assert not any(state.prompt.tokens[i].fixed for i in state.emphasis)
        assert state.strategy in state.strategies
        if not state.emphasis:
            assert state.tried is None
            assert state.unlearned.emphasised is None
        if state.tried is not None:
            assert frozenset(state.tried.attempt.positions) == state.emphasis


@settings(max_examples=60, deadline=None)
@given(st.lists(actions, max_size=25))
def test_the_log_replays_to_the_same_state(steps: list[Action]) -> None:
    session = analysed()
    for step in steps:
        session.do(step)
    again = analysed()
    for step in session.state.log:
        again.do(step)
    assert not any(isinstance(step, Move) for step in session.state.log)
    still = replace(again.state, cursor=session.state.cursor, hint=session.state.hint)
    assert still == session.state
