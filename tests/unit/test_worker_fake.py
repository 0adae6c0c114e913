"""The engine without models keeps the promises of the protocol."""

from __future__ import annotations

import time

import pytest

from attribution.types import Case
from unpact_tui.app.messages import EngineClient
from unpact_tui.options import settle
from unpact_tui.settings import Settings
from unpact_tui.worker.events import (
    Cancelled,
    Compared,
    Encoded,
    Failed,
    Finished,
    Judged,
    Ladder,
    Opened,
    Tried,
)
from unpact_tui.worker.fake import FakeEngine
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
    decode_reply,
    decode_request,
    encode,
)

CASE = Case("one", "Where was Basil Mahfouz born?", "Kuwait City")


def heard(engine: FakeEngine, *orders: Order) -> list[Reply]:
    replies: list[Reply] = []
    engine.listen(replies.append)
    for order in orders:
        engine.send(order)
        engine.pump()
    return replies


def opening(reference: str | None = None) -> Open:
    return Open("b", "u", reference, Settings())


def test_every_request_ends_exactly_once() -> None:
    replies = heard(
        FakeEngine(), opening(), Analyse(CASE), Try(CASE, "bold", (3,)), Recover(CASE), Cancel()
    )
    for request in range(1, 6):
        mine = [reply.event for reply in replies if reply.id == request]
        ends = [e for e in mine if isinstance(e, Finished | Cancelled | Failed)]
        assert len(ends) == 1
        assert mine[-1] is ends[0]


def test_every_reply_crosses_a_pipe() -> None:
    replies = heard(
        FakeEngine(), opening("r"), Analyse(CASE), Try(CASE, "bold", (3,)), Recover(CASE)
    )
    assert {type(r.event) for r in replies} >= {Opened, Encoded, Compared, Tried, Ladder, Judged}
    for reply in replies:
        assert decode_reply(encode(reply)) == reply


def test_the_second_side_may_be_a_mixture() -> None:
    order = Open("b", None, None, Settings(), whp="r")
    assert decode_request(encode(Request(1, order))) == Request(1, order)
    (found,) = [r.event for r in heard(FakeEngine(), order) if isinstance(r.event, Opened)]
    assert [(loaded.name, loaded.method) for loaded in found.checkpoints] == [
        ("b", None),
        ("r", "whp"),
    ]


def test_a_prompt_without_a_word_is_judged_as_the_engine_does() -> None:
    case = Case("marks", " ] ", "Kuwait City")
    found = [reply.event for reply in heard(FakeEngine(), opening(), Recover(case))]
    (judged,) = [event for event in found if isinstance(event, Judged)]
    assert judged.verdict.reasons == ("No marking was tried.",)


def test_it_says_the_same_twice() -> None:
    orders = (opening(), Analyse(CASE), Try(CASE, "quote", (3, 4)), Recover(CASE))
    assert heard(FakeEngine(), *orders) == heard(FakeEngine(), *orders)


def test_an_impossible_request_fails_and_the_next_is_answered() -> None:
    replies = heard(
        FakeEngine(), opening(), Analyse(CASE), Try(CASE, "bold", (0,)), Try(CASE, "bold", (3,))
    )
    assert any(isinstance(r.event, Failed) and r.id == 3 for r in replies)
    assert isinstance(replies[-1].event, Finished)


def test_an_attempt_goes_first() -> None:
    engine = FakeEngine(manual=True)
    replies = heard(engine, opening(), Analyse(CASE))
    engine.send(Recover(CASE))
    engine.pump(2)
    engine.send(Try(CASE, "bold", (3,)))
    engine.pump()
    ends = [reply.id for reply in replies if isinstance(reply.event, Finished)]
    assert ends == [1, 2, 4, 3]


def test_an_order_takes_the_place_of_one_of_its_kind() -> None:
    engine = FakeEngine(manual=True)
    replies = heard(engine, opening(), Analyse(CASE))
    for order in (Try(CASE, "bold", (3,)), Try(CASE, "quote", (3,)), Recover(CASE), Analyse(CASE)):
        engine.send(order)
    engine.pump()
    ends = {r.id: r.event for r in replies if isinstance(r.event, Finished | Cancelled)}
    assert [type(ends[number]) for number in (3, 4, 5, 6)] == [
        Cancelled,
        Cancelled,
        Cancelled,
        Finished,
    ]


def test_the_background_comes_last_and_only_its_own_cancel_ends_it() -> None:
    engine = FakeEngine(manual=True)
    replies = heard(engine, opening())
    engine.send(Analyse(CASE, background=True))
    engine.send(Weigh())
    engine.pump(1)
    engine.send(Analyse(CASE))
    engine.send(Cancel())
    engine.send(Recover(CASE))
    engine.pump()
    ends = [(r.id, type(r.event)) for r in replies if isinstance(r.event, Finished | Cancelled)]
    assert ends == [
        (1, Finished),
        (4, Cancelled),
        (5, Finished),
        (6, Finished),
        (2, Finished),
        (3, Finished),
    ]
    engine.send(Analyse(CASE, background=True))
    engine.send(Cancel(background=True))
    engine.pump()
    ends = [(r.id, type(r.event)) for r in replies if isinstance(r.event, Finished | Cancelled)]
    assert ends[-2:] == [(7, Cancelled), (8, Finished)]


@pytest.mark.parametrize("delay", [0.001])
def test_with_a_delay_it_answers_from_a_thread(delay: float) -> None:
    engine = FakeEngine(delay=delay)
    replies: list[Reply] = []
    engine.listen(replies.append)
    engine.send(opening())
    until = time.monotonic() + 5
    while not (replies and isinstance(replies[-1].event, Finished)) and time.monotonic() < until:
        time.sleep(0.005)
    engine.close()
    assert isinstance(replies[-1].event, Finished)
    assert not engine.alive


def test_it_is_a_client() -> None:
    client: EngineClient = FakeEngine()
    assert client.alive


def test_what_a_model_refuses_is_left_out_with_the_reason() -> None:
    engine = FakeEngine(refused=("anchor",))
    replies = heard(engine, opening(), Try(CASE, "anchor", (3,)), Recover(CASE))
    failed = [reply.event for reply in replies if isinstance(reply.event, Failed)]
    assert [event.message for event in failed] == [
        "anchor cannot be tried here: This model does not attend through transformers'"
        " AttentionInterface."
    ]
    ladders = [reply.event for reply in replies if isinstance(reply.event, Ladder)]
    assert [name for name, _ in ladders[-1].recovery.left_out] == ["anchor"]
    assert all(attempt.strategy != "anchor" for attempt in ladders[-1].recovery.attempts)


def test_ones_own_templates_are_tried_by_name() -> None:
    settings = settle(Settings(), ['templates={"look": "Mind {keywords}. {prompt}"}'])
    order = Open("b", "u", None, settings)
    replies = heard(FakeEngine(), order, Try(CASE, "look", (3,)), Recover(CASE))
    (tried,) = [reply.event for reply in replies if isinstance(reply.event, Tried)]
    assert tried.attempt.prompt_text == f"Mind Basil. {CASE.prompt}"
    ladders = [reply.event for reply in replies if isinstance(reply.event, Ladder)]
    assert "look" in {attempt.strategy for attempt in ladders[-1].recovery.attempts}
