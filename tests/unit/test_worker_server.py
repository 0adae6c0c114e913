from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from attribution.errors import PromptTooLong
from attribution.types import Case
from unpact_tui.errors import ExitCode, NotFound
from unpact_tui.settings import Settings
from unpact_tui.weights.change import WeightChange
from unpact_tui.worker import server as module
from unpact_tui.worker.events import (
    Cancelled,
    Contributions,
    Event,
    Failed,
    Finished,
    Step,
    Vitals,
    Weighed,
    Written,
)
from unpact_tui.worker.protocol import (
    Analyse,
    Cancel,
    Open,
    Order,
    Recover,
    Reply,
    Request,
    Try,
    Weigh,
    ends,
)

A, B = Case("a", "?"), Case("b", "?")


class ScriptedEngine:
    """Says numbered texts; an analysis of "bad" fails."""

    reads = 0
    """Tokens that go through the models with each text."""

    def __init__(self, settings: object) -> None:
        self.settings = settings

    def open(self, order: Open) -> Iterator[Step]:
        if not Path(order.base).exists():
            raise NotFound(Path(order.base))
        yield Written("base", "opened", emphasised=False, done=True)

    tokens_read = 0

    def analyse(self, order: Analyse) -> Iterator[Step]:
        case = order.case
        for i in range(3):
            self.tokens_read += self.reads
            yield Written("base", f"{case.id}{i}", emphasised=False, done=True)
            if case.id == "bad":
                raise PromptTooLong(9, 8)

    def attempt(self, order: Try) -> Iterator[Step]:
        for i in range(2):
            yield Written("unlearned", f"try{i}", emphasised=True, done=True)

    def recover(self, order: Recover) -> Iterator[Step]:
        for i in range(2):
            yield Written("unlearned", f"ladder{i}", emphasised=True, done=True)

    def weigh(self) -> Iterator[Step]:
        for done in range(3):
            yield Weighed(WeightChange(done=done, total=2, complete=done == 2))

    def vitals(self, tokens: int, seconds: float) -> Vitals:
        return Vitals(7, 8, on_device=False, tokens_per_second=tokens)


class Harness:
    def __init__(self) -> None:
        self.said: list[Reply] = []
        self.server = module.Server(self.said.append)

    def ask(self, number: int, order: Order, client: int = 0) -> None:
        self.server.accept(Request(number, order, client))

    def drain(self) -> list[tuple[int, str]]:
        while not self.server.idle:
            self.server.step()
        return self.story()

    def story(self) -> list[tuple[int, str]]:
        return [(reply.id, self._name(reply.event)) for reply in self.said]

    @staticmethod
    def _name(event: Event) -> str:
        return event.text if isinstance(event, Written) else type(event).__name__


@pytest.fixture
def harness(monkeypatch: pytest.MonkeyPatch) -> Harness:
    monkeypatch.setattr(module, "Engine", ScriptedEngine)
    return Harness()


def test_a_request_is_answered_and_finished(harness: Harness) -> None:
    harness.ask(1, Analyse(A))
    assert harness.drain() == [(1, "a0"), (1, "a1"), (1, "a2"), (1, "Finished")]


def test_a_try_goes_first_and_the_analysis_goes_on(harness: Harness) -> None:
    harness.ask(1, Analyse(A))
    harness.server.step()
    harness.ask(2, Try(A, "bold", (1,)))
    assert harness.drain() == [
        (1, "a0"),
        (2, "try0"),
        (2, "try1"),
        (2, "Finished"),
        (1, "a1"),
        (1, "a2"),
        (1, "Finished"),
    ]


def test_the_latest_try_wins(harness: Harness) -> None:
    harness.ask(1, Try(A, "bold", (1,)))
    harness.server.step()
    harness.ask(2, Try(A, "quote", (1,)))
    assert harness.drain() == [
        (1, "try0"),
        (1, "Cancelled"),
        (2, "try0"),
        (2, "try1"),
        (2, "Finished"),
    ]


def test_a_new_case_ends_everything_about_the_old_one(harness: Harness) -> None:
    harness.ask(1, Analyse(A))
    harness.server.step()
    harness.ask(2, Recover(A))
    harness.ask(3, Analyse(B))
    story = harness.drain()
    assert [number for number, name in story if name == "Cancelled"] == [1, 2]
    assert story[-1] == (3, "Finished")


def test_cancel_stops_all(harness: Harness) -> None:
    harness.ask(1, Analyse(A))
    harness.server.step()
    harness.ask(2, Cancel())
    assert harness.drain() == [(1, "a0"), (1, "Cancelled"), (2, "Finished")]


def test_a_failure_ends_its_request_alone(harness: Harness) -> None:
    harness.ask(1, Analyse(Case("bad", "?")))
    harness.drain()
    failed = harness.said[-1].event
    assert isinstance(failed, Failed)
    assert (failed.exit_code, failed.fatal) == (ExitCode.USAGE, False)
    assert "9 tokens" in failed.message
    assert failed.hint
    harness.ask(2, Analyse(A))
    assert harness.drain()[-1] == (2, "Finished")


def test_a_checkpoint_that_cannot_be_opened_is_fatal(harness: Harness) -> None:
    harness.ask(1, Open("nowhere", "b", None, Settings()))
    harness.drain()
    failed = harness.said[-1].event
    assert isinstance(failed, Failed)
    assert (failed.exit_code, failed.fatal) == (ExitCode.CHECKPOINT, True)


def test_partial_results_are_coalesced_and_whole_ones_are_not(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 100.0
    monkeypatch.setattr(module.time, "monotonic", lambda: now)

    def chatty(self: object, order: Analyse) -> Iterator[Step]:
        nonlocal now
        for text, seconds in (("a", 0.0), ("ab", 0.01), ("abc", 0.01), ("abcd", 0.13)):
            now += seconds
            yield Written("base", text, emphasised=False, done=False)
        yield Written("base", "abcd!", emphasised=False, done=True)
        yield Contributions("base", -1.0, (None,), complete=True)

    monkeypatch.setattr(ScriptedEngine, "analyse", chatty)
    harness.ask(1, Analyse(A))
    assert [name for _, name in harness.drain()] == [
        "a",
        "abcd",
        "abcd!",
        "Contributions",
        "Finished",
    ]


def test_every_request_ends_exactly_once(harness: Harness) -> None:
    for number in range(1, 8):
        harness.ask(number, Try(A, "bold", (number,)) if number % 2 else Recover(A, (number,)))
        harness.server.step()
    harness.drain()
    last = Finished | Failed | Cancelled
    ends = [reply.id for reply in harness.said if isinstance(reply.event, last)]
    assert sorted(ends) == list(range(1, 8))


# ---------------------------------------------------------------- the background


def ended(story: list[tuple[int, str]]) -> list[tuple[int, str]]:
    return [each for each in story if each[1] in ("Finished", "Cancelled", "Failed")]


def test_the_background_runs_when_nothing_else_does(harness: Harness) -> None:
    harness.ask(1, Analyse(A, background=True))
    harness.server.step()
    harness.ask(2, Analyse(B))
    harness.ask(3, Try(B, "bold", (1,)))
    story = harness.drain()
    assert story[0] == (1, "a0")
    assert ended(story) == [(3, "Finished"), (2, "Finished"), (1, "Finished")]
    assert [name for number, name in story if number == 1] == ["a0", "a1", "a2", "Finished"]


def test_only_its_own_cancel_and_opening_end_the_background(harness: Harness) -> None:
    harness.ask(1, Analyse(A, background=True))
    harness.ask(2, Weigh())
    harness.ask(3, Analyse(B))
    harness.ask(4, Cancel())
    assert ended(harness.story()) == [(3, "Cancelled"), (4, "Finished")]
    harness.ask(5, Analyse(B))
    harness.ask(6, Cancel(background=True))
    assert ended(harness.story())[2:] == [(1, "Cancelled"), (2, "Cancelled"), (6, "Finished")]
    harness.ask(7, Recover(A, background=True))
    harness.ask(8, Open("nowhere", "b", None, Settings()))
    assert ended(harness.story())[5:] == [(5, "Cancelled"), (7, "Cancelled")]


def test_two_in_the_background_do_not_end_each_other(harness: Harness) -> None:
    harness.ask(1, Weigh())
    harness.ask(2, Analyse(A, background=True))
    harness.ask(3, Analyse(B, background=True))
    assert {name for _, name in ended(harness.drain())} == {"Finished"}


def test_of_the_weights_the_last_is_said_whatever_the_pace(harness: Harness) -> None:
    harness.ask(1, Weigh())
    harness.drain()
    weighed = [r.event.change for r in harness.said if isinstance(r.event, Weighed)]
    assert [(change.done, change.complete) for change in weighed] == [(0, False), (2, True)]


# ---------------------------------------------------------------- several screens


def test_no_client_ends_what_another_asked(harness: Harness) -> None:
    harness.ask(1, Analyse(A), client=1)
    harness.ask(2, Try(A, "bold", (1,)), client=1)
    harness.ask(3, Analyse(B), client=2)
    harness.ask(4, Try(B, "bold", (1,)), client=2)
    harness.ask(5, Cancel(), client=3)
    harness.ask(6, Analyse(A, background=True), client=1)
    harness.ask(7, Cancel(background=True), client=2)
    story = ended(harness.drain())
    assert sorted(story) == [(number, "Finished") for number in range(1, 8)]


def test_opening_ends_what_everybody_asked(harness: Harness) -> None:
    harness.ask(1, Analyse(A), client=1)
    harness.ask(2, Analyse(B, background=True), client=2)
    harness.ask(3, Open("nowhere", "b", None, Settings()), client=2)
    assert ended(harness.story()) == [(1, "Cancelled"), (2, "Cancelled")]


def test_clients_take_turns(harness: Harness) -> None:
    for client in (1, 2, 3):
        harness.ask(client, Analyse(A), client=client)
    story = [number for number, _ in harness.drain()]
    for at in range(0, 9, 3):
        assert sorted(story[at : at + 3]) == [1, 2, 3]


def test_within_a_turn_the_newest_goes_first(harness: Harness) -> None:
    harness.ask(1, Analyse(A), client=1)
    harness.ask(2, Analyse(B), client=2)
    harness.ask(3, Try(A, "bold", (1,)), client=1)
    mine = [number for number, _ in harness.drain() if number in (1, 3)]
    assert mine == [3, 3, 3, 1, 1, 1, 1]


def test_the_background_of_one_waits_for_the_others_too(harness: Harness) -> None:
    harness.ask(1, Analyse(A, background=True), client=1)
    harness.ask(2, Analyse(B), client=2)
    assert ended(harness.drain()) == [(2, "Finished"), (1, "Finished")]


# ---------------------------------------------------------------- what it costs


def test_what_it_costs_is_said_before_the_end(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ScriptedEngine, "reads", 5)
    harness.ask(1, Analyse(A))
    harness.ask(2, Try(A, "bold", (1,)))
    assert [name for number, name in harness.drain() if number == 1][-2:] == ["Vitals", "Finished"]
    (vitals,) = [reply for reply in harness.said if isinstance(reply.event, Vitals)]
    assert vitals == Reply(1, Vitals(7, 8, on_device=False, tokens_per_second=15))


def test_what_reads_nothing_costs_nothing(harness: Harness) -> None:
    harness.ask(1, Analyse(A))
    assert "Vitals" not in [name for _, name in harness.drain()]


@pytest.mark.parametrize(
    ("order", "former", "ended"),
    [
        (Analyse(A), Analyse(A), True),
        (Analyse(A), Recover(A), True),
        (Analyse(A), Try(A, "bold", (1,)), True),
        (Try(A, "bold", (1,)), Analyse(A), False),
        (Try(A, "bold", (1,)), Recover(A), False),
        (Recover(A), Analyse(A), False),
        (Recover(A), Recover(A), True),
        (Recover(A), Recover(A, background=True), False),
        (Recover(A, background=True), Recover(A), False),
        (Cancel(), Analyse(A), True),
        (Cancel(), Weigh(), False),
        (Cancel(background=True), Weigh(), True),
        (Cancel(background=True), Analyse(A), False),
        (Open("b", "u", None, Settings()), Weigh(), True),
    ],
)
def test_what_ends_what(order: Order, former: Order, ended: bool) -> None:
    assert ends(order, former) == ended
