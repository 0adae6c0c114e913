from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from attribution.errors import PromptTooLong
from attribution.types import Case
from unpact_tui.errors import ExitCode, NotFound
from unpact_tui.settings import Settings
from unpact_tui.worker import server as module
from unpact_tui.worker.events import (
    Cancelled,
    Contributions,
    Event,
    Failed,
    Finished,
    Step,
    Written,
)
from unpact_tui.worker.protocol import Analyse, Cancel, Open, Recover, Reply, Request, Try


class ScriptedEngine:
    """Says numbered texts; an analysis of "bad" fails."""

    def __init__(self, settings: object) -> None:
        self.settings = settings

    def open(self, order: Open) -> Iterator[Step]:
        if not Path(order.base).exists():
            raise NotFound(Path(order.base))
        yield Written("base", "opened", emphasised=False, done=True)

    def analyse(self, case: Case) -> Iterator[Step]:
        for i in range(3):
            yield Written("base", f"{case.id}{i}", emphasised=False, done=True)
            if case.id == "bad":
                raise PromptTooLong(9, 8)

    def attempt(self, order: Try) -> Iterator[Step]:
        for i in range(2):
            yield Written("unlearned", f"try{i}", emphasised=True, done=True)

    def recover(self, positions: tuple[int, ...]) -> Iterator[Step]:
        for i in range(2):
            yield Written("unlearned", f"ladder{i}", emphasised=True, done=True)


class Harness:
    def __init__(self) -> None:
        self.said: list[Reply] = []
        self.server = module.Server(self.said.append)

    def ask(self, number: int, order: object) -> None:
        self.server.accept(Request(number, order))  # pyright: ignore[reportArgumentType]

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
    harness.ask(1, Analyse(Case("a", "?")))
    assert harness.drain() == [(1, "a0"), (1, "a1"), (1, "a2"), (1, "Finished")]


def test_a_try_goes_first_and_the_analysis_goes_on(harness: Harness) -> None:
    harness.ask(1, Analyse(Case("a", "?")))
    harness.server.step()
    harness.ask(2, Try("bold", (1,)))
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
    harness.ask(1, Try("bold", (1,)))
    harness.server.step()
    harness.ask(2, Try("quote", (1,)))
    assert harness.drain() == [
        (1, "try0"),
        (1, "Cancelled"),
        (2, "try0"),
        (2, "try1"),
        (2, "Finished"),
    ]


def test_a_new_case_ends_everything_about_the_old_one(harness: Harness) -> None:
    harness.ask(1, Analyse(Case("a", "?")))
    harness.server.step()
    harness.ask(2, Recover())
    harness.ask(3, Analyse(Case("b", "?")))
    story = harness.drain()
    assert [number for number, name in story if name == "Cancelled"] == [1, 2]
    assert story[-1] == (3, "Finished")


def test_cancel_stops_all(harness: Harness) -> None:
    harness.ask(1, Analyse(Case("a", "?")))
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
    harness.ask(2, Analyse(Case("a", "?")))
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
    clock = iter([0.0, 0.01, 0.02, 0.15])
    monkeypatch.setattr(module.time, "monotonic", lambda: 100 + next(clock))

    def chatty(self: object, case: Case) -> Iterator[Step]:
        for text in ("a", "ab", "abc", "abcd"):
            yield Written("base", text, emphasised=False, done=False)
        yield Written("base", "abcd!", emphasised=False, done=True)
        yield Contributions("base", -1.0, (None,), complete=True)

    monkeypatch.setattr(ScriptedEngine, "analyse", chatty)
    harness.ask(1, Analyse(Case("a", "?")))
    assert [name for _, name in harness.drain()] == [
        "a",
        "abcd",
        "abcd!",
        "Contributions",
        "Finished",
    ]


def test_every_request_ends_exactly_once(harness: Harness) -> None:
    for number in range(1, 8):
        harness.ask(number, Try("bold", (number,)) if number % 2 else Recover((number,)))
        harness.server.step()
    harness.drain()
    last = Finished | Failed | Cancelled
    ends = [reply.id for reply in harness.said if isinstance(reply.event, last)]
    assert sorted(ends) == list(range(1, 8))
