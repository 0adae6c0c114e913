"""A session measured once more without a terminal: the same is asked, and the same comes out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from fakes import AdditiveModel
from room import CASES, Room, keys

from attribution.thresholds import Thresholds
from attribution.types import Case
from unpact_tui import run as run_module
from unpact_tui.document import Document
from unpact_tui.engine import Engine
from unpact_tui.errors import BadSession, BadUsage
from unpact_tui.options import Chosen
from unpact_tui.run import Task, run_tasks
from unpact_tui.session.actions import ChooseCase, ChooseGranularity, ChooseStrategy, MoveThresholds
from unpact_tui.session.file import Recorder, read
from unpact_tui.session.keeping import Keeping
from unpact_tui.session.remembered import as_document
from unpact_tui.settings import Settings
from unpact_tui.tasks import asked_again, asked_of
from unpact_tui.worker import server as server_module
from unpact_tui.worker.events import Loaded, Opened, Role, Step
from unpact_tui.worker.protocol import Open, Order, Reply, Request, Try
from unpact_tui.worker.server import Server

NOTHING = Chosen("", None, None, None, None, None)


@pytest.fixture
def session(tmp_path: Path) -> Path:
    path = tmp_path / "friday.jsonl"
    room = Room()
    keeping = Keeping(path)
    order = Open("b", "u", "r", Settings(seed=7))
    room.comparison.wire.recorder = keeping.begin(order, room.opened, room.state.timeline)
    room.comparison.begin()
    room.hear()
    room.do(keys(room))
    room.tried()
    room.do(ChooseStrategy("quote"))
    room.tried()
    room.comparison.recover()
    room.hear()
    room.do(MoveThresholds(replace(room.state.thresholds, lift=0.1)))
    room.do(ChooseCase(1), ChooseGranularity("word"))
    keeping.close()
    return path


def test_everything_that_was_asked_is_asked_again(session: Path) -> None:
    asked = asked_again(session, NOTHING, ())
    assert (asked.order.base, asked.order.unlearned, asked.order.reference) == ("b", "u", "r")
    assert asked.order.settings.seed == 7
    assert asked.order.settings.thresholds.lift == 0.1
    assert asked.order.settings.granularity == "word"
    emphasis = read(session).timeline.now.here[0].emphasis
    assert emphasis
    assert asked.tasks == (
        Task(
            CASES[0],
            emphasis,
            (Try(CASES[0], "bold", emphasis), Try(CASES[0], "quote", emphasis)),
        ),
        Task(CASES[1]),
        Task(CASES[2]),
    )


def test_its_settings_can_be_changed(session: Path) -> None:
    asked = asked_again(session, NOTHING, ("granularity=token", "draws=1"))
    assert (asked.order.settings.granularity, asked.order.settings.draws) == ("token", 1)
    with pytest.raises(BadUsage):
        asked_again(session, NOTHING, ("draws=lots",))


@pytest.mark.parametrize(
    "chosen",
    [replace(NOTHING, base="b"), replace(NOTHING, prompt="p"), replace(NOTHING, whp="r")],
)
def test_a_session_names_its_own_checkpoints_and_prompts(session: Path, chosen: Chosen) -> None:
    with pytest.raises(BadUsage, match="not both"):
        asked_again(session, chosen, ())


def test_a_file_that_is_no_session_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSession):
        asked_again(tmp_path / "nothing", NOTHING, ())


def test_a_command_line_is_asked_as_it_stands() -> None:
    asked = asked_of(Chosen("b", "u", None, None, "Who?", "Ana"), Settings())
    assert asked.order == Open("b", "u", None, Settings())
    assert asked.tasks == (Task(Case("1", "Who?", "Ana")),)


# ---------------------------------------------------------------- the same comes out

ASKED = (
    Case("one", "Where was Ana Prado born?", "Lisbon it was"),
    Case("two", "Who is Bob?", "Nobody here", "retain"),
)


def loaded(role: Role) -> Loaded:
    return Loaded(role, role, role, None, 1, 1, "float32", "cpu", role)


class Fitting(Engine):
    """The engine itself, on models that fit in the head and cost nothing."""

    tokens_read = 0

    def open(self, order: Open):
        self.settings = order.settings
        base = AdditiveModel({" Ana": 1.0, " Prado": 2.0}, bias=-3.5, says={"Ana": "Lisbon it was"})
        weak = AdditiveModel({" Ana": -0.5, "**": 1.5}, bias=-5.0)
        self.models = {"base": base, "unlearned": weak}
        opened: Step = Opened((loaded("base"), loaded("unlearned")), chat=False, warnings=())
        yield opened


class Served:
    """The engine's process without a process."""

    def __init__(self) -> None:
        self.said: list[Reply] = []
        self.server = Server(self.said.append)
        self.orders: list[Order] = []

    def send(self, order: Order, client: int = 0) -> int:
        self.orders.append(order)
        self.server.accept(Request(len(self.orders), order, client))
        return len(self.orders)

    def listen(self, callback: object) -> None:
        pass

    def close(self, timeout: float = 1.0) -> None:
        pass

    @property
    def alive(self) -> bool:
        return True


def hear(room: Room, served: Served) -> None:
    while served.said or not served.server.idle:
        if not served.said:
            served.server.step()
        while served.said:
            room.comparison.hear(served.said.pop(0))


def finished(order: Open, tasks: tuple[Task, ...]) -> Document:
    steps = run_tasks(order, tasks)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


def test_a_session_measured_again_says_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "Engine", Fitting)
    monkeypatch.setattr(run_module, "Engine", Fitting)
    order = Open("b", "u", None, Settings(draws=2, strategies=("bold", "quote")))
    path = tmp_path / "session.jsonl"
    room = Room(ASKED)
    served = Served()
    served.send(order)
    while not served.server.idle:
        served.server.step()
    opened = next(r.event for r in served.said if isinstance(r.event, Opened))
    served.said.clear()
    recorder: Recorder = Keeping(path).begin(order, opened, room.state.timeline)
    room.comparison.wire.recorder = recorder
    room.comparison.reconnect(served)
    hear(room, served)
    room.do(keys(room))
    room.settle()
    hear(room, served)
    assert room.state.page.tried is not None
    room.comparison.score(wanted=True)
    hear(room, served)
    recorder.close()
    found = read(path)
    before = as_document(opened, order.settings, found.timeline.now, found.memory)
    assert before is not None
    asked = asked_again(path, NOTHING, ())
    after = finished(asked.order, asked.tasks)
    assert [case.id for case in after.cases] == ["one", "two"]
    assert after.cases[0].tried == before.cases[0].tried
    assert after.cases == before.cases
    assert (after.verdict, after.evidence) == (before.verdict, before.evidence)
    assert after == before


def test_other_choices_of_words_are_measured_and_judge_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(run_module, "Engine", Fitting)
    names = ("Ana Prado", "Ana Lima", "Ana Sousa", "Ana Reis", "Ana Melo")
    tasks = tuple(Task(Case(name, f"Where was {name} born?", "Lisbon it was")) for name in names)
    lenient = Thresholds(base_breaks=9.0, base_loss=9.0)
    settings = Settings(draws=2, strategies=("bold", "quote"), thresholds=lenient)
    alone = finished(Open("b", "u", None, settings), tasks)
    both = finished(Open("b", "u", None, replace(settings, also=("shift",))), tasks)
    assert both.cases == alone.cases
    assert (both.evidence, both.verdict) == (alone.evidence, alone.verdict)
    assert both.held_out is not None
    assert alone.held_out is not None
    assert {selection for _, selection in alone.held_out.chosen} == {"base"}
    assert {strategy for strategy, _ in both.held_out.chosen} == {"bold"}, "quotes do nothing here"
    assert both.settings.also == ("shift",)
