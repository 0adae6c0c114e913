from __future__ import annotations

from collections.abc import Generator, Sequence

import pytest
from triage_fixture import make_row

from attribution.types import Case
from unpact_tui.document import encode
from unpact_tui.errors import ComputeError, Unwritable
from unpact_tui.fleet.jobs import Done, Event, Lost, Said
from unpact_tui.settings import Settings
from unpact_tui.time_left import time_left
from unpact_tui.triage.gathering import Gathered, Progress, gather
from unpact_tui.triage.question import Question
from unpact_tui.triage.row import Row
from unpact_tui.triage.worker import CheckpointJob

QUESTION = Question("base", None, Settings(), (Case("1", "Who?"),), compare=("f.jsonl",))
JOBS = tuple(CheckpointJob(name, name, f"sweep/{name}") for name in "ab")


def row(name: str) -> Row:
    return make_row(name, key=name)


def events(_jobs: Sequence[CheckpointJob]) -> Generator[Event]:
    yield Said("b", "reading", 3, 9)
    yield Done("b", encode(row("b")))
    yield Said("a", "its process was ended", 0, 0)
    yield Lost("a", "Its process was ended by signal 9, 3 times.")


def ended(steps: Generator[Progress, None, Gathered]) -> tuple[list[str], Gathered]:
    said: list[str] = []
    while True:
        try:
            step = next(steps)
        except StopIteration as end:
            return said, end.value
        said.append(f"{step.done}/{step.total} {step.stage}")


def test_rows_come_as_they_come_and_what_died_is_a_row() -> None:
    kept: list[Row] = []
    said, found = ended(gather(QUESTION, JOBS, [row("c")], events, kept.append))
    assert said[0] == "1/3 1 known already"
    assert said[1] == "1/3 1/3 b: reading 3/9"
    assert said[2].startswith("2/3 b: UNRECOVERED, 2 s (about ")
    assert said[4] == "3/3 a: not measured: Its process was ended by signal 9, 3 times, 0 s"
    assert list(found.rows) == ["c", "b", "a"]
    assert [one.name for one in kept] == ["b", "a"]
    lost = found.rows["a"]
    assert (lost.verdict, lost.error_code) == (None, 4)
    assert lost.compare == ("unpact-tui", "compare", "base", "sweep/a", "f.jsonl")


@pytest.mark.parametrize(
    ("stage", "done", "total", "words"),
    [
        ("importing torch", 0, 0, "0/2 a: importing torch"),
        ("a: importing torch", 0, 0, "0/2 a: importing torch"),
        ("weights", 500_000, 2_000_000, "0/2 a: weights 25 %"),
    ],
)
def test_what_goes_on_is_said_in_few_words(stage: str, done: int, total: int, words: str) -> None:
    def one(_jobs: Sequence[CheckpointJob]) -> Generator[Event]:
        yield Said("a", stage, done, total)

    said, _ = ended(gather(QUESTION, JOBS, [], one, lambda _: None))
    assert said[1] == f"0/2 {words}"


def test_a_row_that_cannot_be_kept_ends_nothing() -> None:
    tries: list[str] = []

    def full(one: Row) -> None:
        tries.append(one.name)
        raise Unwritable("rows.jsonl", "no space")

    _, found = ended(gather(QUESTION, JOBS, [], events, full))
    assert set(found.rows) == {"a", "b"}
    assert tries == ["b"]
    assert found.unwritten is not None


def test_leaving_ends_whoever_works() -> None:
    left: list[bool] = []

    def working(_jobs: Sequence[CheckpointJob]) -> Generator[Event]:
        try:
            yield Said("a", "reading", 0, 0)
            yield Said("a", "reading", 1, 0)
        finally:
            left.append(True)

    steps = gather(QUESTION, JOBS, [], working, lambda _: None)
    next(steps)
    next(steps)
    steps.close()
    assert left == [True]


def test_nobody_to_work_is_said() -> None:
    def none(_jobs: Sequence[CheckpointJob]) -> Generator[Event]:
        raise ComputeError("No process could be started.")
        yield

    with pytest.raises(ComputeError):
        ended(gather(QUESTION, JOBS, [], none, lambda _: None))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "about 1 s left"), (89, "about 89 s left"), (600, "about 10 min left"),
     (86_400, "about 24.0 h left")],
)  # fmt: skip
def test_what_is_left_in_words(seconds: float, words: str) -> None:
    assert time_left(seconds) == words
