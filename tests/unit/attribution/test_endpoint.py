"""The door to a model behind a server: what it asks, what it believes, and what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import httpx
import msgspec
import pytest
from checkpoints_fixture import make_tokenizer
from hypothesis import given, settings
from hypothesis import strategies as st

from attribution.attempts import Lever, Steering
from attribution.endpoint.address import parse
from attribution.endpoint.client import Client, Clock, Limits
from attribution.endpoint.dialects import Echo, NextToken, PromptLogprobs
from attribution.endpoint.model import EndpointModel
from attribution.endpoint.replies import decode
from attribution.errors import (
    AttributionError,
    NoLogprobs,
    NotCompletions,
    NotFinite,
    OtherIds,
    OutsideTop,
    RefusesIds,
    ServerFailed,
    Unsupported,
)
from attribution.scorer import Row, score_all, write_all
from attribution.types import Answer

Asked = dict[str, Any]
Answers = Callable[[Asked], Any]
URL = "http://localhost/v1"


def number(row: Row, at: int) -> float:
    """The log-probability of a row's id, as this server has it: of what stands before it."""
    return -(sum(row[:at]) % 97 + row[at] % 7 + 1) / 10


def rows_of(asked: Asked) -> list[Row]:
    prompt = asked["prompt"]
    return [tuple(prompt)] if isinstance(prompt[0], int) else [tuple(row) for row in prompt]


def vllm(asked: Asked) -> Any:
    choices = [
        {
            "index": i,
            "text": "",
            "prompt_logprobs": [None]
            + [{str(id): {"logprob": number(row, at)}} for at, id in enumerate(row) if at],
            "token_ids": [40, 41, 2, 43][: asked["max_tokens"]],
        }
        for i, row in enumerate(rows_of(asked))
    ]
    return {"choices": choices, "usage": {"prompt_tokens": sum(map(len, rows_of(asked)))}}


def changed(change: Callable[[Any], None], after: int = 0) -> Answers:
    """Answer like vLLM, but changed, once `after` requests were answered well."""
    count = 0

    def answer(asked: Asked) -> Any:
        nonlocal count
        count += 1
        found = vllm(asked)
        if count > after:
            change(found)
        return found

    return answer


@cache
def tokenizer() -> Any:
    return make_tokenizer()


def model(answers: Answers, asked: list[Asked] | None = None) -> EndpointModel:
    def handle(request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        if asked is not None:
            asked.append(body)
        found = answers(body)
        if isinstance(found, httpx.Response):
            return found
        return httpx.Response(200, content=found if isinstance(found, bytes) else json.dumps(found))

    clock = Clock(sleep=lambda _: None)
    limits = Limits(attempts=2)
    client = Client(parse(URL), limits=limits, transport=httpx.MockTransport(handle), clock=clock)
    return EndpointModel(client, "m", tokenizer())


def answer(*ids: int) -> Answer:
    return Answer("x", ids, "gold")


ids = st.integers(0, 300)
rows = st.lists(st.lists(ids, min_size=1, max_size=6).map(tuple), min_size=1, max_size=40)


@settings(max_examples=15, deadline=None)
@given(rows, st.lists(ids, min_size=1, max_size=4))
def test_any_rows_are_scored_in_order(rows: list[Row], said: list[int]) -> None:
    door = model(vllm)
    found = [numbers for batch in door.score(rows, answer(*said)) for numbers in batch]
    whole = [(*row, *said) for row in rows]
    assert found == [
        tuple(number(both, at) for at in range(len(row), len(both)))
        for row, both in zip(rows, whole, strict=True)
    ]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["choices", "index", "logprobs", "prompt_logprobs", "text", "usage"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=30, deadline=None)
@given(json_values.map(json.dumps).map(str.encode) | st.binary(max_size=40))
def test_no_answer_at_all_gets_through(body: bytes) -> None:
    with pytest.raises(AttributionError):
        model(lambda _: body).begin()


def test_rows_go_several_at_a_time_and_the_manner_is_found_once() -> None:
    asked: list[Asked] = []
    door = model(vllm, asked)
    door.begin()
    opening = len(asked)
    score_all(door, [(5, 6)] * 33, answer(7))
    assert sorted(len(rows_of(each)) for each in asked[opening:]) == [1, 16, 16]
    assert asked[0]["model"] == "m"
    assert door.tokens_read == sum(len(row) for each in asked for row in rows_of(each))


def test_long_rows_go_fewer_at_a_time() -> None:
    asked: list[Asked] = []
    door = model(vllm, asked)
    door.begin()
    opening = len(asked)
    score_all(door, [(5,) * 4200, (6,), (5,) * 4200], answer(7))
    assert sorted(len(rows_of(each)) for each in asked[opening:]) == [1, 2]


def _shorten(found: Any) -> None:
    found["choices"][0]["prompt_logprobs"].pop()


def _rename(found: Any) -> None:
    found["choices"][0]["prompt_logprobs"][-1] = {"7777": {"logprob": -1.0}}


def _miss(found: Any) -> None:
    found["choices"][0]["prompt_logprobs"][-1] = None


def _raise(found: Any) -> None:
    found["choices"][0]["prompt_logprobs"][-1]["7"] = {"logprob": 3.5}


def _repeat(found: Any) -> None:
    found["choices"] *= 2


def _count(found: Any) -> None:
    found["usage"]["prompt_tokens"] += 1


def _echo_other(found: Any) -> None:
    found["choices"][0]["prompt_token_ids"] = [1, 2]


def _no_number(found: Any) -> None:
    found["choices"][0]["prompt_logprobs"][-1]["7"] = {"logprob": float("nan")}


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (_shorten, OtherIds),
        (_rename, OtherIds),
        (_count, OtherIds),
        (_echo_other, OtherIds),
        (_miss, NotCompletions),
        (_raise, NotCompletions),
        (_repeat, NotCompletions),
        (_no_number, NotFinite),
    ],
)
def test_numbers_that_are_not_those_asked_for(
    change: Callable[[Any], None], error: type[AttributionError]
) -> None:
    asked: list[Asked] = []
    door = model(vllm, asked)
    door.begin()
    door = model(changed(change, after=len(asked)))
    door.begin()
    with pytest.raises(error):
        score_all(door, [(5, 6)], answer(7))


def test_a_server_that_begins_with_a_token_of_its_own_is_refused() -> None:
    with pytest.raises(OtherIds) as caught:
        model(changed(_count)).begin()
    assert "beginning of text" in caught.value.hint


def refusing(asked: Asked) -> httpx.Response:
    return httpx.Response(400, json={"error": {"message": "no"}})


def test_a_server_that_wants_text() -> None:
    def text_only(asked: Asked) -> Any:
        if isinstance(asked["prompt"], str):
            return {"choices": [{"text": "!"}]}
        return refusing(asked)

    with pytest.raises(RefusesIds):
        model(text_only).begin()
    with pytest.raises(ServerFailed, match="status 400: no"):
        model(refusing).begin()


def test_a_server_without_log_probabilities() -> None:
    with pytest.raises(NoLogprobs):
        model(lambda _: {"choices": [{"text": "a"}]}).begin()


def llama(asked: Asked) -> Any:
    """Gives five next tokens, whatever is asked for."""
    if asked.get("logprobs", 0) > 100:
        return refusing(asked)
    top = [{"id": id, "logprob": -0.5 - id} for id in range(5)]
    choices = [
        {"index": i, "text": "a", "logprobs": {"content": [{"id": 40, "top_logprobs": top}]}}
        for i, _ in enumerate(rows_of(asked))
    ]
    return {"choices": choices}


def test_next_tokens_alone() -> None:
    door = model(llama)
    notes = door.begin()
    assert any("one request per token" in note for note in notes)
    assert any("not checked" in note for note in notes)
    assert list(door.score([(9,), (8,)], answer(1, 2, 3))) == [[(-1.5, -2.5, -3.5)] * 2]
    with pytest.raises(OutsideTop, match="the 5 likeliest"):
        score_all(door, [(9,)], answer(1, 77))


def test_ids_by_name() -> None:
    reply = decode(
        b'{"choices": [{"logprobs": {"top_logprobs": [{"token_id:12": -1.0, "a": -2.0}]}}]}', "s"
    )
    dialect = NextToken(5)
    assert dialect.read(reply.choices[0], 12, "s") == -1.0
    assert dialect.read(reply.choices[0], 13, "s") is None


def test_an_echo_may_have_something_behind_it_or_not() -> None:
    for said in ("[null, -1.0, -2.0]", "[null, -1.0, -2.0, -9.0]"):
        body = f'{{"choices": [{{"logprobs": {{"token_logprobs": {said}}}}}]}}'
        (choice,) = decode(body.encode(), "s").choices
        assert Echo().read(choice, (4, 5, 6), 2, "s") == (-1.0, -2.0)
    with pytest.raises(OtherIds):
        Echo(0).read(choice, (4, 5, 6), 2, "s")
    with pytest.raises(NoLogprobs):
        Echo().read(choice, (4, 5, 6, 7, 8), 2, "s")


def test_dialects_ask_for_nothing_by_chance() -> None:
    for dialect in (PromptLogprobs(), Echo(), NextToken(5)):
        assert dialect.fields["temperature"] == 0


def test_what_works_inside_the_model_is_refused() -> None:
    door = model(vllm)
    lever = Lever("attention_bias", 2.0)
    steering = Steering(lever, (frozenset({1}),))
    assert door.refuses(lever) == "it is behind an endpoint"
    assert door.refuses(Lever("attention_bias", 0.0)) == ""
    for ask in (
        lambda: list(door.score([(5,)], answer(7), steering)),
        lambda: list(door.write([(5,)], 3, steering)),
        lambda: list(door.hide((5,), answer(7), [frozenset()])),
        lambda: list(door.odds([(5,)], answer(7))),
        lambda: door.salience((5,), answer(7)),
    ):
        with pytest.raises(Unsupported) as caught:
            ask()
        assert caught.value.hint
    idle = Steering(Lever("attention_bias", 0.0), (frozenset(),))
    assert list(door.score([(5,)], answer(7), idle)) == list(door.score([(5,)], answer(7)))
    assert door.rounding((5,), answer(7)) is None


def events(*parts: Any, ends: bool = True) -> bytes:
    lines = [f"data: {json.dumps(part)}\n\n" for part in parts]
    return "".join([*lines, "data: [DONE]\n\n" if ends else ""]).encode()


def part(*said: int) -> Any:
    return {"choices": [{"text": "", "token_ids": list(said)}]}


def streaming(body: bytes | httpx.Response) -> Answers:
    return lambda asked: body if asked.get("stream") else vllm(asked)


def test_one_row_comes_as_it_is_written() -> None:
    door = model(streaming(events(part(40), part(41), part(2), {"choices": []})))
    assert list(door.write([(5,)], 6)) == [[(40,)], [(40, 41)], [(40, 41)], [(40, 41)]]
    assert write_all(model(streaming(events())), [(5,)], 6) == [()]


@pytest.mark.parametrize(
    "body",
    [
        events(part(99), ends=False),
        events("nonsense"),
        events(part(-4)),
        b"",
        httpx.Response(400),
        httpx.Response(500),
    ],
)
def test_a_stream_that_breaks_off_is_asked_for_whole(body: bytes | httpx.Response) -> None:
    assert write_all(model(streaming(body)), [(5,)], 6) == [(40, 41)]


def test_several_rows_are_written_a_request_at_a_time() -> None:
    steps = list(model(vllm).write([(5,), (6,)] * 9, 1))
    assert steps[0] == [(40,)] * 16 + [()] * 2
    assert steps[-1] == [(40,)] * 18


def test_a_server_that_does_not_stop_is_cut() -> None:
    parts = [part(40)] * 50
    found = list(model(streaming(events(*parts))).write([(5,)], 3))
    assert found[-1] == [(40, 40, 40)]
    assert len(found) == 4


def test_text_is_tokenised_where_there_are_no_ids() -> None:
    def text_alone(asked: Asked) -> Any:
        found = vllm(asked)
        for choice in found["choices"]:
            choice |= {"text": " The author", "token_ids": None}
        return found

    door = model(text_alone)
    assert any("tokenised again" in note for note in door.begin())
    (said,) = write_all(door, [(5,)], 9)
    assert door.decode(said) == " The author"


def test_ids_that_no_token_has() -> None:
    def wrong(asked: Asked) -> Iterator[Any] | Any:
        found = vllm(asked)
        for choice in found["choices"]:
            choice["token_ids"] = [-1]
        return found

    with pytest.raises(NotCompletions):
        write_all(model(wrong), [(5,), (6,)], 2)


def test_bodies_are_json() -> None:
    asked: list[Asked] = []
    write_all(model(vllm, asked), [(5,)], 2)
    assert msgspec.json.encode(asked[-1])
    assert asked[-1]["max_tokens"] == 2
    assert asked[-1]["prompt"] == [5]
