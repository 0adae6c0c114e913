"""The comparison's state without a screen."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attribution.types import Case
from unpact_tui.app.painting import painted, scale
from unpact_tui.app.replies import put, put_all, task_of
from unpact_tui.app.state import (
    Page,
    apply,
    rank,
    same_words,
    start,
    word_at,
    word_from,
    words_with,
)
from unpact_tui.session.actions import (
    Action,
    ChooseAnswerToken,
    ChooseCase,
    ChooseScale,
    ChooseStrategy,
    ChooseStrength,
    ChooseView,
    EditCase,
    Emphasise,
    Move,
    MoveThresholds,
    ShowLane,
    TryAll,
    Undo,
)
from unpact_tui.session.choices import Chosen
from unpact_tui.settings import Settings
from unpact_tui.worker.events import Cancelled, Failed, Finished, Loading, Written
from unpact_tui.worker.fake import STRATEGIES, FakeEngine
from unpact_tui.worker.protocol import Cancel, Open, Question, Recover, Reply, Try, Weigh

CASES = (
    Case("one", "Where was Basil Mahfouz Al-Kuwaiti born?", "Kuwait City"),
    Case("two", "Who wrote the Towers of Lisbon?", "Ana Prado", "retain"),
)


class Session:
    """A state and the engine behind it, talking to each other without a screen."""

    def __init__(self, cases: tuple[Case, ...] = CASES) -> None:
        self.state = start(cases, STRATEGIES, 0, lane=False)
        self.order: Question | None = None
        self.engine = FakeEngine(manual=True)
        self.engine.listen(self.hear)
        self.engine.send(Open("b", "u", None, Settings()))
        self.engine.pump()

    def hear(self, reply: Reply) -> None:
        task = None if self.order is None else task_of(self.order)
        if task is not None:
            self.state = replace(self.state, page=put(self.state.page, task, reply.event))

    def ask(self, order: Question) -> None:
        self.order = order
        task = task_of(order)
        assert task is not None
        page = self.state.page
        self.state = replace(self.state, page=replace(page, awaited=page.awaited | {task}))
        self.engine.send(order)
        self.engine.pump()

    def do(self, action: Action) -> None:
        self.state = apply(self.state, action)

    def emphasise(self) -> None:
        """Emphasise the words that hold KeyTokens."""
        self.do(Emphasise(words_with(self.state, self.state.key_tokens)))


def analysed() -> Session:
    session = Session()
    session.ask(session.state.analysis)
    return session


def test_analysis_fills_both_sides() -> None:
    session = Session()
    session.order = session.state.analysis
    session.engine.send(session.order)
    session.state = replace(session.state, page=Page(awaited=frozenset({"analysis"})))
    assert session.state.busy
    session.engine.pump()
    state = session.state
    assert state.prompt is not None
    assert state.page.compared is not None
    assert state.page.base.complete
    assert state.page.unlearned.complete
    assert state.page.base.text == "Kuwait City"
    assert state.page.base.done
    assert len(state.page.base.values) == len(state.prompt.tokens)
    assert len(state.page.base.by_token) == len(state.page.answer_tokens)
    assert not state.busy


def test_cursor_starts_on_a_token_that_can_be_emphasised() -> None:
    state = analysed().state
    assert state.prompt is not None
    assert not state.prompt.tokens[state.cursor].fixed


def test_before_anything_is_known_there_is_nothing_to_look_at() -> None:
    state = Session().state
    assert (state.cursor, state.answer_token, state.key_tokens) == (0, 0, frozenset())
    assert (state.verdict, state.recovery, state.prompt, state.busy) == (None, None, None, False)


def test_key_tokens_are_taken_as_whole_words() -> None:
    session = analysed()
    session.emphasise()
    session.ask(session.state.analysis)
    state = session.state
    assert state.page.compared is not None
    assert state.key_tokens <= state.emphasis
    assert state.emphasis == set(words_with(state, state.key_tokens))
    assert all(set(word_at(state, i)) <= state.emphasis for i in state.emphasis)


def test_a_word_is_found_wherever_it_stands() -> None:
    session = Session((Case("x", "Ana saw ana, and anA saw Anabel.", "yes"),))
    session.ask(session.state.analysis)
    state = session.state
    assert state.prompt is not None
    found = same_words(state, state.page.words[0][0])
    texts = [state.prompt.tokens[i].text.strip() for i in found]
    assert texts == ["Ana", "ana", "anA"]
    assert same_words(state, 0) == ()


def test_emphasis_asks_and_none_does_not() -> None:
    session = analysed()
    assert session.state.attempt is None
    session.emphasise()
    positions = tuple(sorted(session.state.emphasis))
    assert session.state.attempt == Try(CASES[0], "bold", positions)
    session.do(ChooseStrategy("repeat"))
    session.do(ChooseStrength(3.0))
    assert session.state.attempt == Try(CASES[0], "repeat", positions, 3.0)


def test_an_attempt_is_on_the_page_until_the_emphasis_changes() -> None:
    session = analysed()
    session.emphasise()
    order = session.state.attempt
    assert order is not None
    session.ask(order)
    assert session.state.page.tried is not None
    assert session.state.page.unlearned.emphasised == "Kuwait City"
    assert session.state.page.unlearned.text is None  # what the analysis says is recalled, not kept
    session.do(Emphasise(()))
    assert session.state.page == Page()


def test_a_page_is_made_again_from_what_was_said() -> None:
    session = Session()
    said: list[Reply] = []
    session.engine.listen(said.append)
    session.engine.send(session.state.analysis)
    session.engine.pump()
    events = [reply.event for reply in said]
    page = put_all(Page(awaited=frozenset({"analysis"})), "analysis", events)
    assert page == analysed().state.page
    assert put_all(page, "analysis", events) == page


def test_what_is_no_part_of_a_page_changes_nothing() -> None:
    page = analysed().state.page
    assert put(page, "analysis", Loading("base", "b", "reading", 0, 0, 1, 1)) is page
    assert [task_of(order) for order in (Weigh(), Cancel(), Recover(CASES[0]))] == [
        None,
        None,
        "recovery",
    ]


def test_every_side_is_the_one_that_was_spoken_of() -> None:
    page = Page()
    for role in ("base", "unlearned", "reference"):
        page = put(page, "analysis", Written(role, role, emphasised=False, done=True))
    state = replace(analysed().state, page=page)
    assert [state.side(role).text for role in ("base", "unlearned", "reference")] == [
        "base",
        "unlearned",
        "reference",
    ]


def test_cancelled_and_failed_end_the_task() -> None:
    for event in (Cancelled(), Failed("No memory left.", "", 4), Finished()):
        session = analysed()
        both = replace(session.state.page, awaited=frozenset({"attempt", "recovery"}))
        page = put(both, "attempt", event)
        assert page.awaited == {"recovery"}
        assert page.trouble == ("No memory left." if isinstance(event, Failed) else "")
        assert not page.refused
        assert put(both, "recovery", event).refused == isinstance(event, Failed)


def test_another_case_forgets_what_was_measured_and_keeps_what_was_chosen() -> None:
    session = analysed()
    session.emphasise()
    emphasis = session.state.emphasis
    for action in (ChooseStrategy("quote"), ShowLane(True), ChooseView("shift")):
        session.do(action)
    session.do(ChooseCase(1))
    state = session.state
    assert (state.page, state.emphasis) == (Page(), frozenset())
    assert (state.strategy, state.now.lane, state.view, state.index) == ("quote", True, "shift", 1)
    assert not state.busy
    session.do(ChooseCase(0))
    assert session.state.emphasis == emphasis


@pytest.mark.parametrize("index", [-1, 2, 99])
def test_no_case_beyond_the_ends(index: int) -> None:
    session = analysed()
    before = session.state
    session.do(ChooseCase(index))
    assert session.state == before
    assert session.state.timeline is before.timeline


def test_an_edited_case_takes_the_place_of_the_old() -> None:
    session = analysed()
    session.emphasise()
    new = Case("one (edited)", "Where was Ana Prado born?", None)
    session.do(EditCase(new))
    assert session.state.case == new
    assert session.state.cases[1] == CASES[1]
    assert session.state.prompt is None
    assert session.state.now.chosen == Chosen()


def test_the_same_prompt_again_keeps_cursor_and_emphasis() -> None:
    session = analysed()
    session.emphasise()
    session.ask(session.state.analysis)
    session.do(Move(4))
    kept = (session.state.cursor, session.state.emphasis)
    session.ask(session.state.analysis)
    assert (session.state.cursor, session.state.emphasis) == kept


def test_a_hint_is_gone_after_the_next_action() -> None:
    session = analysed()
    session.state = replace(session.state, hint="no word")
    session.do(Move(1))
    assert session.state.hint == ""


def test_the_verdict_follows_the_thresholds() -> None:
    session = analysed()
    session.ask(session.state.recovering)
    before = session.state
    assert before.verdict is not None
    assert before.verdict.label == "SUPPRESSED"
    session.do(MoveThresholds(replace(before.thresholds, kept=0.0, near=0.0)))
    assert session.state.verdict is not None
    assert session.state.verdict.label == "RETAINED"
    assert session.state.page is before.page
    session.do(Undo())
    assert session.state.verdict == before.verdict


def test_what_the_strategies_run_on_is_asked_for() -> None:
    session = analysed()
    session.ask(session.state.recovering)
    session.do(TryAll((2, 1)))
    assert session.state.recovering == Recover(CASES[0], (1, 2))
    assert session.state.page == Page()


def test_one_scale_for_both_panes_or_one_each() -> None:
    session = analysed()
    page = session.state.page
    values = [[v for v in side.values if v is not None] for side in (page.base, page.unlearned)]
    largest = [max(map(abs, side)) for side in values]
    assert scale(session.state, "base") == scale(session.state, "unlearned") == max(largest)
    session.do(ChooseScale(False, 0.0, 1.0))
    assert [scale(session.state, "base"), scale(session.state, "unlearned")] == largest


def test_the_shift_view_paints_the_change_on_the_unlearned_side_alone() -> None:
    session = analysed()
    plain = painted(session.state, "base")
    session.do(ChooseView("shift"))
    assert session.state.page.compared is not None
    assert painted(session.state, "unlearned") == session.state.page.compared.shift.delta
    assert painted(session.state, "base") == plain


def test_word_by_word_visits_every_word_and_stops() -> None:
    state = analysed().state
    at, seen = 0, []
    while (after := word_from(state, at, 1)) != at:
        seen.append(after)
        at = after
    assert seen == [word[0] for word in state.page.words]
    while (before := word_from(state, at, -1)) != at:
        at = before
    assert at == state.page.words[0][0]


def test_the_largest_is_first_and_what_was_not_measured_has_no_place() -> None:
    values = (None, 0.5, -0.1, 0.5, 0.2)
    assert [rank(values, i) for i in range(6)] == [None, 1, 4, 1, 3, None]


positions = st.integers(-3, 40)
actions = st.one_of(
    positions.map(Move),
    st.lists(positions, max_size=3).map(tuple).map(Emphasise),
    st.lists(positions, max_size=3).map(tuple).map(TryAll),
    st.sampled_from((*STRATEGIES, "unknown")).map(ChooseStrategy),
    st.sampled_from(("contribution", "shift", "answer", "by_token", "key_tokens")).map(ChooseView),
    st.booleans().map(ShowLane),
    st.integers(-3, 40).map(ChooseAnswerToken),
    st.just(Undo()),
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.one_of(actions, st.sampled_from(("attempt", "recover", "analyse"))), max_size=25)
)
def test_whatever_happens_the_state_holds_together(steps: list[Action | str]) -> None:
    session = analysed()
    for step in steps:
        if not isinstance(step, str):
            session.do(step)
        elif step == "attempt" and (order := session.state.attempt) is not None:
            session.ask(order)
        elif step in ("recover", "analyse"):
            recover = step == "recover"
            session.ask(session.state.recovering if recover else session.state.analysis)
        state = session.state
        known = len(state.prompt.tokens) if state.prompt else 1
        assert 0 <= state.cursor < known
        assert 0 <= state.answer_token < max(1, len(state.page.answer_tokens))
        assert len(painted(state, "base")) in (0, known, len(state.page.answer_tokens))
        assert not state.busy
        if not state.emphasis:
            assert state.page.tried is None
            assert state.page.unlearned.emphasised is None
        if state.page.tried is not None:
            marked = frozenset(words_with(state, state.emphasis))  # whole words are
            assert frozenset(state.page.tried.attempt.positions) == marked


@settings(max_examples=60, deadline=None)
@given(st.lists(actions, max_size=25))
def test_the_log_replays_to_the_same_state(steps: list[Action]) -> None:
    session = analysed()
    for step in steps:
        session.do(step)
    again = analysed()
    for step in session.state.timeline.log:
        again.do(step)
    assert again.state == session.state
