"""What a person chose, taken back and done again, and kept in a file."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from attribution.thresholds import Thresholds
from attribution.types import Case
from unpact_tui.session.actions import (
    GRANULARITIES,
    VIEWS,
    Action,
    AddCase,
    ChooseAnswerToken,
    ChooseCase,
    ChooseGranularity,
    ChooseScale,
    ChooseStrategy,
    ChooseStrength,
    ChooseView,
    EditCase,
    Emphasise,
    Move,
    MoveThresholds,
    Redo,
    ShowLane,
    TryAll,
    Undo,
)
from unpact_tui.session.choices import (
    LEAST_GAMMA,
    MOST_GAMMA,
    Choices,
    Timeline,
    act,
    begin,
    replay,
)
from unpact_tui.session.file import SCHEMA, Began, Did, Recorder, read
from unpact_tui.session.memory import Memory
from unpact_tui.settings import DEFAULT_STRATEGIES, Settings
from unpact_tui.worker.events import Finished, Loaded, Opened, Role, Tried, Vitals, Written
from unpact_tui.worker.protocol import Analyse, Open, Try

CASES = (Case("1", "Who is Ana?", "Nobody"), Case("2", "Who is Bob?", None, "retain"))
ORDER = Open("b", "u", None, Settings())


def loaded(role: Role) -> Loaded:
    return Loaded(role, role, role, None, 1, 1, "float32", "cpu", role)


OPENED = Opened((loaded("base"), loaded("unlearned")), chat=False, warnings=())

texts = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
cases = st.builds(Case, texts, texts, st.none() | texts, st.sampled_from(("forget", "retain")))
positions = st.lists(st.integers(0, 12), max_size=4).map(tuple)
shares = st.floats(0, 1)
scales = st.builds(ChooseScale, st.booleans(), st.floats(-1, 2), st.floats(-1, 5))
choices = st.one_of(
    st.builds(Emphasise, positions),
    st.builds(TryAll, positions),
    st.builds(ChooseStrategy, st.sampled_from(DEFAULT_STRATEGIES)),
    st.builds(ChooseStrength, st.sampled_from((1.0, 2.0, 3.0))),
    st.builds(ChooseView, st.sampled_from(VIEWS)),
    st.builds(ChooseGranularity, st.sampled_from(GRANULARITIES)),
    st.builds(ChooseAnswerToken, st.integers(-2, 9)),
    scales,
    st.builds(ShowLane, st.booleans()),
    st.builds(MoveThresholds, st.builds(Thresholds, known=shares, lift=shares)),
    st.builds(ChooseCase, st.integers(-2, 5)),
    st.builds(EditCase, cases),
    st.builds(AddCase, cases),
)
moves = st.builds(Move, st.integers(-2, 20))
actions = st.one_of(choices, choices, moves, st.just(Undo()), st.just(Redo()))
logs = st.lists(actions, max_size=20)


def beginning() -> Timeline:
    return Timeline(Choices(CASES, begin(CASES), strategy="bold"))


def sound(timeline: Timeline) -> None:
    for now in (timeline.now, *timeline.past, *timeline.future):
        assert len(now.cases) == len(now.here)
        assert 0 <= now.index < len(now.cases)
        assert 0 <= now.threshold <= 1
        assert LEAST_GAMMA <= now.gamma <= MOST_GAMMA
        assert all(list(each.emphasis) == sorted(set(each.emphasis)) for each in now.here)
        assert all(each.answer_token >= 0 for each in now.here)


@settings(max_examples=60, deadline=None)
@given(logs, choices)
def test_undo_after_any_choice_gives_exactly_what_was(log: list[Action], choice: Action) -> None:
    before = replay(beginning(), log)
    after = act(before, choice)
    if after is before:
        return
    assert after.now != before.now
    back = act(after, Undo())
    assert (back.now, back.past) == (before.now, before.past)
    forth = act(back, Redo())
    assert (forth.now, forth.past, forth.future) == (after.now, after.past, ())


@settings(max_examples=60, deadline=None)
@given(logs, st.integers(0, 25))
def test_as_many_redo_as_undo_change_nothing(log: list[Action], count: int) -> None:
    before = replay(beginning(), log)
    steps = min(count, len(before.past))
    after = replay(before, [Undo()] * steps + [Redo()] * steps)
    assert (after.now, after.past, after.future) == (before.now, before.past, before.future)
    start = replay(before, [Undo()] * (len(before.past) + 3))
    assert start.now == beginning().now
    assert start.past == ()


@settings(max_examples=60, deadline=None)
@given(logs)
def test_a_log_gives_the_same_wherever_it_is_replayed(log: list[Action]) -> None:
    timeline = replay(beginning(), log)
    sound(timeline)
    assert replay(beginning(), timeline.log) == timeline
    moves = [isinstance(action, Move) for action in timeline.log]
    assert not any(first and second for first, second in pairwise(moves))


@settings(max_examples=60, deadline=None)
@given(logs)
def test_a_move_is_never_taken_back_and_takes_nothing_back(log: list[Action]) -> None:
    before = replay(beginning(), log)
    after = act(before, Move(7))
    assert (after.now, after.past, after.future) == (before.now, before.past, before.future)
    assert after.cursor == 7


@settings(max_examples=60, deadline=None)
@given(logs)
def test_what_is_chosen_for_a_prompt_stays_with_it(log: list[Action]) -> None:
    before = replay(beginning(), log)
    here = before.now.index
    away = replay(before, [AddCase(Case("new", "?")), ChooseCase(here)])
    assert away.now.chosen == before.now.chosen
    assert away.now.case == before.now.case


@settings(max_examples=40, deadline=None)
@given(logs, st.lists(texts, max_size=3))
def test_what_was_written_down_is_read_back(log: list[Action], said: list[str]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "session.jsonl"
        recorder = Recorder(path)
        timeline, memory = beginning(), Memory()
        recorder.write(Began(SCHEMA, "1", ORDER, OPENED, timeline.now))
        for action in log:
            after = act(timeline, action)
            if after is not timeline:
                recorder.did(action)
            timeline = after
        recorder.close()
        found = read(path)
        assert found.timeline == timeline
        assert (found.began.order, found.began.opened) == (ORDER, OPENED)
        assert not found.torn
        assert list(found.memory) == list(memory)


@settings(max_examples=60, deadline=None)
@given(actions)
def test_every_action_is_one_line_of_json(action: Action) -> None:
    line = msgspec.json.encode(Did(action))
    assert b"\n" not in line
    assert msgspec.json.decode(line, type=Did) == Did(action)


# ---------------------------------------------------------------- what is remembered

orders = st.sampled_from(
    (
        Analyse(CASES[0]),
        Analyse(CASES[0], background=True),
        Analyse(CASES[0], "word"),
        Analyse(CASES[1]),
        Try(CASES[0], "bold", (1,)),
    )
)
events = st.one_of(
    st.builds(Written, st.sampled_from(("base", "unlearned")), texts, st.booleans(), st.booleans()),
    st.just(Finished()),
    st.just(Vitals(1, 2, on_device=False, tokens_per_second=3.0)),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(orders, events), max_size=20))
def test_the_latest_of_a_kind_is_remembered_and_the_background_is_no_difference(
    heard: list[tuple[Analyse | Try, Written | Finished | Vitals]],
) -> None:
    memory, known = Memory(), dict[object, dict[object, str]]()
    for order, event in heard:
        key = (
            msgspec.structs.replace(order, background=False)
            if isinstance(order, Analyse)
            else order
        )
        whole = memory.take(order, event)
        assert whole == isinstance(event, Finished)
        if isinstance(event, Written):
            known.setdefault(key, {})[event.role, event.emphasised] = event.text
    for order, texts in known.items():
        assert isinstance(order, Analyse | Try)
        said = [event for event in memory.said(order) if isinstance(event, Written)]
        assert {(event.role, event.emphasised): event.text for event in said} == texts
        assert not any(isinstance(event, Finished | Vitals | Tried) for event in memory.said(order))
