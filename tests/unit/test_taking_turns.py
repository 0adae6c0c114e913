from __future__ import annotations

import weakref
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import pytest
from checkpoints_fixture import make_tokenizer

from attribution import hf
from attribution.attempts import Lever, Steering
from attribution.scorer import Row, TokenLogprobs
from attribution.types import Answer, Odds
from unpact_tui import taking_turns
from unpact_tui.taking_turns import TurnModel, Turns
from unpact_tui.worker.events import Loaded, Loading, Role

ANSWER = Answer("x", (7,), "gold")
ROWS: list[Row] = [(1,), (1, 2), (1, 2, 3), (4,)]


class Door:
    """Stands for a loaded model: scores rows one by one by their length, writes 5, 5, 5, ..."""

    alive = 0
    most = 0

    def __init__(self, model: float, tokenizer: object, *, chat: bool) -> None:
        self.model, self.tokens_read = model, 0
        Door.alive += 1
        Door.most = max(Door.most, Door.alive)
        weakref.finalize(self, Door.leave)

    @staticmethod
    def leave() -> None:
        Door.alive -= 1

    def score(
        self, rows: Sequence[Row], answer: Answer, steering: Steering | None = None
    ) -> Iterator[list[TokenLogprobs]]:
        assert rows
        where = [frozenset[int]()] * len(rows) if steering is None else steering.where
        for row, positions in zip(rows, where, strict=True):
            self.tokens_read += len(row)
            yield [(self.model * len(row) - sum(positions),)]

    def odds(self, rows: Sequence[Row], answer: Answer) -> Iterator[list[tuple[Odds, ...]]]:
        for ((logprob,),) in self.score(rows, answer):
            yield [(Odds(logprob, True, self.model, 1.0),)]

    def refuses(self, lever: Lever) -> str:
        return "" if lever.kind == "anchor" else f"{lever.kind} on {self.model:g} {lever.layers}"

    def hide(
        self, row: Row, answer: Answer, hidden: Sequence[frozenset[int]]
    ) -> Iterator[list[TokenLogprobs]]:
        for positions in hidden:
            yield [(self.model * len(positions),)]

    def salience(self, row: Row, answer: Answer) -> tuple[float, ...]:
        return (self.model,) * len(row)

    def rounding(self, row: Row, answer: Answer) -> float | None:
        return self.model / 8

    def write(
        self, rows: Sequence[Row], limit: int, steering: Steering | None = None
    ) -> Iterator[list[Row]]:
        for length in range(1, limit + 1):
            yield [(5 if steering is None else 6,) * length for _ in rows]


@dataclass
class Ready:
    model: float
    info: Loaded


@dataclass
class Pair:
    base: TurnModel
    unlearned: TurnModel
    loads: list[Role]


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> Pair:
    monkeypatch.setattr(hf, "HFModel", Door)
    monkeypatch.setattr(taking_turns.gc, "collect", lambda: 0)  # nothing here knows itself
    Door.alive = Door.most = 0
    loads: list[Role] = []
    infos = {role: Loaded(role, role, role, None, 1, 4, "float32", "cpu", "") for role in ROLES}

    def load(role: Role, value: float) -> Generator[Loading, None, Ready]:
        loads.append(role)
        yield Loading(role, role, "reading weights", 0, 0, 0, 0)
        return Ready(value, infos[role])

    tokenizer = cast("Any", make_tokenizer())
    made = cast("Any", {role: lambda role=role: load(role, ROLES[role]) for role in ROLES})
    turns = Turns(made, tokenizer, chat=False)
    models = [TurnModel(turns, role, infos[role], tokenizer, chat=False) for role in ROLES]
    return Pair(models[0], models[1], loads)


ROLES: dict[Role, float] = {"base": -1.0, "unlearned": -2.0}


def test_whoever_is_asked_is_loaded_and_the_other_leaves(pair: Pair) -> None:
    for _ in range(2):
        assert list(pair.base.score(ROWS, ANSWER))[1] == [(-2.0,)]
    assert pair.loads == ["base"]
    assert pair.unlearned.salience((1, 2), ANSWER) == (-2.0, -2.0)
    assert pair.unlearned.rounding((1, 2), ANSWER) == -0.25
    assert list(pair.base.hide((1,), ANSWER, [frozenset({1})])) == [[(-1.0,)]]
    assert pair.loads == ["base", "unlearned", "base"]
    assert Door.most == 1


def test_text_needs_no_weights(pair: Pair) -> None:
    prompt = pair.base.encode("Who is it?")
    assert pair.unlearned.decode(prompt.ids[1:]) == "Who is it?"
    assert pair.unlearned.answer("Lily", after=prompt).ids
    assert pair.loads == []


@pytest.mark.parametrize("stop", [1, 2, 4])
def test_an_answer_goes_on_after_anothers_turn(pair: Pair, stop: int) -> None:
    expected = list(pair.base.score(ROWS, ANSWER))
    steps = pair.base.score(ROWS, ANSWER)
    found = [next(steps) for _ in range(stop)]
    written = pair.unlearned.write([(1,)], 5)
    texts = [next(written)]
    found += steps
    texts += written
    assert found == expected
    assert texts == [[(5,) * length] for length in range(1, 6)]
    assert Door.most == 1


def test_odds_go_on_after_anothers_turn(pair: Pair) -> None:
    expected = list(pair.base.odds(ROWS, ANSWER))
    assert expected[2] == [(Odds(-3.0, True, -1.0, 1.0),)]
    steps = pair.base.odds(ROWS, ANSWER)
    found = [next(steps), next(steps)]
    assert next(pair.unlearned.odds([(1,)], ANSWER)) == [(Odds(-2.0, True, -2.0, 1.0),)]
    found += steps
    assert found == expected


def test_steering_goes_on_after_anothers_turn(pair: Pair) -> None:
    steering = Steering(Lever("anchor", 1.0), tuple(frozenset({i}) for i in range(4)))
    steps = pair.base.score(ROWS, ANSWER, steering)
    found = [next(steps), next(steps)]
    assert next(pair.unlearned.write([(1,)], 3)) == [(5,)]
    found += steps
    assert found == [[(-1.0,)], [(-3.0,)], [(-5.0,)], [(-4.0,)]]
    one = Steering(steering.lever, (frozenset({1}),))
    assert list(pair.base.write([(1,)], 2, one)) == [[(6,)], [(6, 6)]]


def test_what_a_model_refuses_is_asked_in_one_turn(pair: Pair) -> None:
    bias, share = Lever("attention_bias", 2.0), Lever("attention_share", 0.3)
    for _ in range(2):
        for lever in (bias, share):
            assert pair.base.refuses(lever) == f"{lever.kind} on -1 ()"
            assert pair.unlearned.refuses(lever) == f"{lever.kind} on -2 ()"
        assert pair.base.refuses(Lever("anchor", 1.0)) == ""
    assert pair.loads == ["base", "unlearned"]
    layer = Lever("attention_bias", 2.0, layers=(1,))
    assert pair.base.refuses(layer) == "attention_bias on -1 (1,)"


def test_what_was_read_is_counted_over_all_turns(pair: Pair) -> None:
    list(pair.base.score(ROWS, ANSWER))
    list(pair.unlearned.score(ROWS[:1], ANSWER))
    assert (pair.base.tokens_read, pair.unlearned.tokens_read) == (7, 1)
    list(pair.base.score(ROWS, ANSWER))
    assert (pair.base.tokens_read, pair.unlearned.tokens_read) == (14, 1)


def test_breaking_off_leaves_the_model_usable(pair: Pair) -> None:
    steps = pair.base.score(ROWS, ANSWER)
    next(steps)
    cast("Generator[object]", steps).close()
    assert len(list(pair.base.score(ROWS, ANSWER))) == 4
    assert pair.loads == ["base"]
