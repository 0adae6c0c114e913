"""A model that remembers answers as the bare one does, and asks it once."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from pathlib import Path

import msgspec
import pytest
from fakes import AdditiveModel
from hypothesis import given
from hypothesis import strategies as st

from attribution import estimators
from attribution.attempts import Lever, Steering
from attribution.errors import OutOfMemory
from attribution.scorer import Hidden, Model, Row, TokenLogprobs, score_all, write_all
from attribution.types import Answer, Odds
from unpact_tui.cache import Store
from unpact_tui.cache_file import FORMAT
from unpact_tui.remembered_model import RememberedModel, bare

ANSWER = Answer(" Mira Vale", (50, 51), "gold")
ROWS: list[Row] = [(1, 10, 11), (1, 11), (1, 10, 11), (1,), (12, 13), (1, 10)]


class Shelf:
    """A memory that is a dictionary."""

    def __init__(self) -> None:
        self.kept: dict[bytes, bytes] = {}
        self.dropped = 0

    def get(self, key: bytes) -> bytes | None:
        return self.kept.get(key)

    def put(self, key: bytes, value: bytes) -> None:
        self.kept[key] = value

    def drop(self, key: bytes) -> None:
        self.dropped += 1
        del self.kept[key]


class Forbidden(AdditiveModel):
    """May not be asked for numbers."""

    def score(
        self, rows: Sequence[Row], answer: Answer, steering: Steering | None = None
    ) -> Iterator[list[TokenLogprobs]]:
        raise AssertionError

    def odds(self, rows: Sequence[Row], answer: Answer) -> Iterator[list[tuple[Odds, ...]]]:
        raise AssertionError

    def hide(
        self, row: Row, answer: Answer, hidden: Sequence[Hidden]
    ) -> Iterator[list[TokenLogprobs]]:
        raise AssertionError

    def rounding(self, row: Row, answer: Answer) -> float | None:
        raise AssertionError

    def salience(self, row: Row, answer: Answer) -> tuple[float, ...]:
        raise AssertionError

    def write(
        self, rows: Sequence[Row], limit: int, steering: Steering | None = None
    ) -> Iterator[list[Row]]:
        raise AssertionError


def model(kind: type[AdditiveModel] = AdditiveModel) -> AdditiveModel:
    return kind({"a": 0.1, " b": -1 / 3, " river": 2.5}, says={"river": "Mira Vale wrote it"})


def joined(batches: Iterator[list[object]]) -> list[object]:
    return [found for batch in batches for found in batch]


# ---------------------------------------------------------------- the same, and asked once

ids = st.integers(0, 20)
row = st.lists(ids, min_size=1, max_size=5).map(tuple)
rows = st.lists(row, min_size=0, max_size=9)
answer = st.lists(ids, min_size=1, max_size=3).map(lambda found: Answer("x", tuple(found), "gold"))
hidden = st.lists(st.frozensets(st.integers(0, 6), min_size=1, max_size=3), max_size=4)

Call = tuple[str, tuple[object, ...]]
calls: st.SearchStrategy[list[Call]] = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["score", "odds"]), st.tuples(rows, answer)),
        st.tuples(st.just("hide"), st.tuples(row, answer, hidden)),
        st.tuples(st.sampled_from(["salience", "rounding"]), st.tuples(row, answer)),
        st.tuples(st.just("write"), st.tuples(rows.filter(bool), st.integers(1, 5))),
    ),
    max_size=8,
)


def said(of: Model, call: Call) -> object:
    name, arguments = call
    found = getattr(of, name)(*arguments)
    if name in ("salience", "rounding"):
        return found
    batches = list(found)
    return batches[-1] if name == "write" else joined(iter(batches))


@given(calls, calls)
def test_it_answers_as_the_bare_model_whatever_is_asked_and_how_often(
    first: list[Call], second: list[Call]
) -> None:
    shelf = Shelf()
    plain, other = model(), AdditiveModel({"a": 0.7})
    remembered = RememberedModel(model(), shelf, "this")
    stranger = RememberedModel(other, shelf, "another")
    for call in (*first, *second, *reversed(first)):
        assert said(remembered, call) == said(plain, call)
        assert said(stranger, call) == said(other, call)
    silent = RememberedModel(model(Forbidden), shelf, "this")
    for call in second + first:
        if call[0] in ("salience", "rounding") or call[1][-1 if call[0] == "hide" else 0]:
            assert said(silent, call) == said(plain, call)


AT = tuple(frozenset({len(row) - 1}) for row in ROWS)
STEERED = [
    Steering(Lever("attention_bias", 1.0), AT),
    Steering(Lever("attention_share", 1.0), AT),
    Steering(Lever("attention_bias", 2.0), AT),
    Steering(Lever("attention_bias", 1.0, layers=(1,)), AT),
    Steering(Lever("attention_bias", 1.0, heads=(1,)), AT),
    Steering(Lever("attention_bias", 1.0), (frozenset({0}), *AT[1:])),
    Steering(Lever("attention_bias", 1.0), (AT[0], frozenset({0}), *AT[2:])),
]


def test_what_is_not_steered_has_the_key_it_always_had() -> None:
    """What was remembered before there was steering is still known."""
    shelf = Shelf()
    of = RememberedModel(model(), shelf, "this")
    for steering in (None, Steering(Lever("anchor", 0.0), AT)):
        said(of, ("score", (ROWS, ANSWER, steering)))
        said(of, ("write", (ROWS, 3, steering)))
    begun = blake2b(msgspec.msgpack.encode((FORMAT, "this")), digest_size=32)
    wanted: list[bytes] = []
    for question in (("score", ANSWER.ids, *ROWS), ("write", 3, *ROWS)):
        digest = begun.copy()
        digest.update(msgspec.msgpack.encode((question[0], len(question) - 1)))
        for part in question[1:]:
            digest.update(msgspec.msgpack.encode(part))
        wanted.append(digest.digest())
    assert list(shelf.kept) == wanted


def test_what_is_steered_is_remembered_as_such() -> None:
    shelf, of = Shelf(), model()
    remembered = RememberedModel(of, shelf, "this")
    for steering in (*STEERED, None):
        found = said(remembered, ("score", (ROWS, ANSWER, steering)))
        assert found == said(model(), ("score", (ROWS, ANSWER, steering)))
    asked = of.scored
    silent = RememberedModel(model(Forbidden), shelf, "this")
    for steering in (*STEERED, None):
        whole = Steering(Lever("attention_bias", 1), steering.where) if steering else None
        again = steering if steering not in STEERED[:1] else whole
        found = said(silent, ("score", (ROWS, ANSWER, again)))
        assert found == said(model(), ("score", (ROWS, ANSWER, steering)))
    assert of.scored == asked


def test_what_is_refused_is_remembered() -> None:
    shelf, of = Shelf(), model()
    of.will_not = {"attention_bias": "it has no attention"}
    for door in (of, model()):
        remembered = RememberedModel(door, shelf, "this")
        assert remembered.refuses(Lever("attention_bias", 1.0)) == "it has no attention"
        assert remembered.refuses(Lever("anchor", 1.0)) == ""
    assert RememberedModel(model(), shelf, "that").refuses(Lever("attention_bias", 1.0)) == ""


def test_every_part_of_a_question_counts() -> None:
    shelf = Shelf()
    of = RememberedModel(model(), shelf, "this")
    other = Answer("x", (50,), "gold")
    questions: list[Call] = [
        ("score", (ROWS, ANSWER)),
        ("score", (ROWS[::-1], ANSWER)),
        ("score", (ROWS[:-1], ANSWER)),
        ("score", (ROWS, other)),
        ("score", ([(1,), (10,)], ANSWER)),
        ("score", ([(1, 10)], ANSWER)),
        ("hide", (ROWS[0], ANSWER, [frozenset({1}), frozenset({2})])),
        ("hide", (ROWS[0], ANSWER, [frozenset({2}), frozenset({1})])),
        ("hide", (ROWS[0], ANSWER, [frozenset({1, 2})])),
        ("hide", (ROWS[0], other, [frozenset({1, 2})])),
        ("salience", (ROWS[0], ANSWER)),
        ("salience", (ROWS[0], other)),
        ("salience", (ROWS[1], ANSWER)),
        ("rounding", (ROWS[1], ANSWER)),
        ("write", (ROWS, 3)),
        ("write", (ROWS, 4)),
        ("write", (ROWS[:2], 3)),
    ]
    for number, call in enumerate(questions, start=1):
        said(of, call)
        assert len(shelf.kept) == number
    steered = len(shelf.kept)
    for number, steering in enumerate(STEERED, start=1):
        said(of, ("score", (ROWS, ANSWER, steering)))
        said(of, ("write", (ROWS, 3, steering)))
        assert len(shelf.kept) == steered + 2 * number
    for key in list(shelf.kept)[steered:]:
        shelf.drop(key)
    said(RememberedModel(model(), shelf, "that"), questions[0])
    assert len(shelf.kept) == len(questions) + 1
    said(of, ("score", (ROWS, Answer("another text", ANSWER.ids, "own"))))
    assert len(shelf.kept) == len(questions) + 1, "what a text is called changes no number"


def test_what_is_kept_on_disk_is_exact_and_known_to_the_next_process(tmp_path: Path) -> None:
    file = tmp_path / "calls.sqlite"
    first = RememberedModel(model(), Store(file), "this")
    prompt = first.encode("a b river a b")
    end = list(estimators.load("leave_one_out")(first, prompt, ANSWER))[-1]
    written = write_all(first, [prompt.ids], 9)
    silent = RememberedModel(model(Forbidden), Store(file), "this")
    silent.encode("a b river a b")
    found = list(estimators.load("leave_one_out")(silent, prompt, ANSWER))
    assert found == [end], "all at once"
    assert write_all(silent, [prompt.ids], 9) == written


def test_a_row_is_not_answered_from_another_call_that_has_it() -> None:
    of = model()
    remembered = RememberedModel(of, Shelf(), "this")
    score_all(remembered, ROWS, ANSWER)
    assert of.scored == 6
    score_all(remembered, ROWS[:1], ANSWER)
    assert of.scored == 7
    score_all(remembered, ROWS, ANSWER)
    assert of.scored == 7


# ---------------------------------------------------------------- what is not kept


def test_who_has_the_last_row_need_not_ask_for_another() -> None:
    shelf = Shelf()
    steps = RememberedModel(model(), shelf, "this").score(ROWS, ANSWER)
    assert [len(next(steps)), len(shelf.kept)] == [4, 0]
    assert [len(next(steps)), len(shelf.kept)] == [2, 1]


def test_batches_pass_as_they_come_and_a_call_that_is_broken_off_leaves_nothing() -> None:
    shelf, of = Shelf(), model()
    remembered = RememberedModel(of, shelf, "this")
    for name, arguments in (
        ("score", (ROWS, ANSWER)),
        ("hide", (ROWS[0], ANSWER, [frozenset({1}), frozenset({2})])),
        ("write", (ROWS, 4)),
    ):
        passes = of.passes
        steps = getattr(remembered, name)(*arguments)
        next(steps)
        assert of.passes <= passes + 2, "no further than was asked for"
        steps.close()
        assert list(steps) == []
    assert shelf.kept == {}


class Ends:
    """Knows that what it began has been ended."""

    closed = False

    def steps(self) -> Iterator[list[TokenLogprobs]]:
        try:
            yield [(0.0, 0.0)]
            yield [(0.0, 0.0)]
        finally:
            self.closed = True


def test_the_models_own_steps_are_ended_with_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    of, ends = model(), Ends()
    monkeypatch.setattr(of, "score", lambda *_: ends.steps())
    steps = RememberedModel(of, Shelf(), "this").score(ROWS[:2], ANSWER)
    next(steps)
    del steps
    assert ends.closed


class Broken(AdditiveModel):
    def score(
        self, rows: Sequence[Row], answer: Answer, steering: Steering | None = None
    ) -> Iterator[list[TokenLogprobs]]:
        yield from super().score(rows[:4], answer)
        raise OutOfMemory(4)


def test_errors_pass_and_nothing_is_kept() -> None:
    shelf = Shelf()
    steps = RememberedModel(model(Broken), shelf, "this").score(ROWS, ANSWER)
    next(steps)
    with pytest.raises(OutOfMemory):
        next(steps)
    assert shelf.kept == {}


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_passes_and_is_not_kept(wrong: float) -> None:
    shelf = Shelf()
    of = AdditiveModel({"a": wrong})
    remembered = RememberedModel(of, shelf, "this")
    prompt = remembered.encode("a")
    ((found,),) = remembered.score([prompt.ids], ANSWER)
    assert not math.isfinite(found[0])
    assert not math.isfinite(remembered.salience(prompt.ids, ANSWER)[-1])
    assert list(remembered.hide(prompt.ids, ANSWER, [frozenset({0})])) != []
    assert shelf.kept == {}


def test_nothing_asked_is_nothing_kept() -> None:
    shelf = Shelf()
    remembered = RememberedModel(model(), shelf, "this")
    assert list(remembered.score([], ANSWER)) == []
    assert list(remembered.hide((1,), ANSWER, [])) == []
    assert shelf.kept == {}


PACK = msgspec.msgpack.encode


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"\xc1",
        PACK("text"),
        PACK([[-1.0, -2.0]] * 5),
        PACK([[-1.0]] * 6),
        PACK([[-1.0, math.nan]] * 6),
        PACK([[-1.0, "-1"]] * 6),
        PACK([[-1.0, None]] * 6),
        PACK([[-1.0, -2.0]] * 6) + b"\0",
        b"\xdd\xff\xff\xff\xff",
        b"\x91" * 100_000,
    ],
)
def test_what_is_no_answer_to_the_question_is_forgotten_and_asked_again(value: bytes) -> None:
    shelf, of = Shelf(), model()
    remembered = RememberedModel(of, shelf, "this")
    right = joined(remembered.score(ROWS, ANSWER))
    (key,) = shelf.kept
    shelf.kept[key] = value
    assert joined(remembered.score(ROWS, ANSWER)) == right
    assert (shelf.dropped, of.scored) == (1, 12)
    assert joined(remembered.score(ROWS, ANSWER)) == right
    assert of.scored == 12


@pytest.mark.parametrize("value", [[], [[1]], [[1, 2, 3, 4]] * 6, [[-1]] * 6, [[1.5]] * 6])
def test_an_answer_that_could_not_have_been_written_is_none(value: object) -> None:
    shelf, of = Shelf(), model()
    remembered = RememberedModel(of, shelf, "this")
    right = write_all(remembered, ROWS, 3)
    (key,) = shelf.kept
    shelf.kept[key] = PACK(value)
    assert write_all(remembered, ROWS, 3) == right
    assert (shelf.dropped, of.written) == (1, 12)


@pytest.mark.parametrize("noise", [None, 0.0, 0.25])
def test_noise_may_be_none_and_that_is_remembered_too(noise: float | None) -> None:
    shelf, of, silent = Shelf(), model(), model(Forbidden)
    of.rounds = noise
    assert RememberedModel(of, shelf, "this").rounding(ROWS[0], ANSWER) == noise
    assert RememberedModel(silent, shelf, "this").rounding(ROWS[0], ANSWER) == noise


@pytest.mark.parametrize("value", [[], [math.nan], [-1.0], [1.0, 2.0], None, ["1"]])
def test_noise_that_is_none_is_measured_again(value: object) -> None:
    shelf, of = Shelf(), model()
    of.rounds = 0.5
    remembered = RememberedModel(of, shelf, "this")
    remembered.rounding(ROWS[0], ANSWER)
    (key,) = shelf.kept
    shelf.kept[key] = PACK(value)
    assert remembered.rounding(ROWS[0], ANSWER) == 0.5
    assert shelf.dropped == 1
    of.rounds = math.inf
    assert remembered.rounding(ROWS[1], ANSWER) == math.inf
    assert len(shelf.kept) == 1


def test_a_salience_of_another_length_is_none() -> None:
    shelf = Shelf()
    remembered = RememberedModel(model(), shelf, "this")
    right = remembered.salience(ROWS[0], ANSWER)
    (key,) = shelf.kept
    shelf.kept[key] = PACK([1.0])
    assert remembered.salience(ROWS[0], ANSWER) == right
    assert shelf.dropped == 1


# ---------------------------------------------------------------- text


def test_text_is_the_models_own_affair() -> None:
    of = model()
    remembered = RememberedModel(of, Shelf(), "this")
    prompt = remembered.encode("a b")
    assert prompt == of.encode("a b")
    assert remembered.fragment(" b") == of.fragment(" b")
    assert remembered.answer(" b", after=prompt, source="own") == of.answer(" b", source="own")
    assert remembered.stand_in("mask") == of.stand_in("mask")
    assert remembered.decode(prompt.ids) == of.decode(prompt.ids) == "a b"
    assert remembered.pieces(prompt.ids) == of.pieces(prompt.ids)
    assert bare(remembered) is of is bare(of)
