"""Requests to a server: what is tried again, what is waited for, and what is given up."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import httpx
import pytest

from attribution.endpoint.address import parse
from attribution.endpoint.client import Client, Clock, Limits
from attribution.endpoint.gathering import in_order
from attribution.endpoint.key import Key, from_environment
from attribution.endpoint.words import words
from attribution.errors import (
    BadEndpoint,
    EndpointError,
    KeyRefused,
    NoSuchModel,
    NotCompletions,
    OutsideTop,
    RateLimited,
    ServerFailed,
    TimedOut,
    Unreachable,
)

URL = "http://models.example/v1"
SECRET = "sk-very-secret-1234"
BODY = {"model": "m", "prompt": [1, 2]}


@dataclass
class Time:
    """Passes only when somebody sleeps."""

    at: float = 0.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds

    def clock(self) -> Clock:
        return Clock(lambda: self.at, lambda: 1_000_000_000 + self.at, self.sleep)


Handler = Callable[[httpx.Request], httpx.Response]


def client(
    handler: Handler,
    time: Time | None = None,
    *,
    key: Key | None = None,
    limits: Limits | None = None,
) -> Client:
    transport = httpx.MockTransport(handler)
    clock = (time or Time()).clock()
    return Client(parse(URL), key, limits=limits, transport=transport, clock=clock)


def in_turn(*responses: httpx.Response | Exception) -> Handler:
    waiting = list(responses)

    def handle(request: httpx.Request) -> httpx.Response:
        found = waiting.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    return handle


def test_an_answer_is_its_bytes_and_the_request_what_was_asked() -> None:
    seen: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, content=b"{}")

    assert client(handle, key=Key(SECRET)).ask(BODY) == b"{}"
    assert str(seen[0].url) == f"{URL}/completions"
    assert seen[0].headers["Authorization"] == f"Bearer {SECRET}"
    assert seen[0].content == b'{"model":"m","prompt":[1,2]}'


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(status: int) -> None:
    time = Time()
    answers = in_turn(httpx.Response(status), httpx.Response(status), httpx.Response(200))
    assert client(answers, time).ask(BODY) == b""
    assert len(time.slept) == 2
    assert 0.5 <= time.slept[0] <= 0.75
    assert 1.0 <= time.slept[1] <= 1.5


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), ("0", 0.0), ("Sun, 09 Sep 2001 01:46:52 GMT", 12.0)],
)
def test_the_servers_own_time_is_kept(header: str, seconds: float) -> None:
    time = Time()
    busy = httpx.Response(429, headers={"Retry-After": header})
    assert client(in_turn(busy, httpx.Response(200)), time).ask(BODY) == b""
    assert sum(time.slept) == pytest.approx(seconds)


def test_nonsense_for_a_time_is_passed_over() -> None:
    time = Time()
    busy = httpx.Response(429, headers={"Retry-After": "soon"})
    client(in_turn(busy, httpx.Response(200)), time).ask(BODY)
    assert 0 < sum(time.slept) < 1


def test_a_wait_that_is_too_long_is_not_begun() -> None:
    time = Time()
    busy = httpx.Response(429, headers={"Retry-After": "3600"})
    with pytest.raises(RateLimited, match="60 s"):
        client(in_turn(busy), time).ask(BODY)
    assert time.slept == []


def test_it_gives_up_after_some_attempts() -> None:
    limits = Limits(attempts=3)
    with pytest.raises(RateLimited):
        client(in_turn(*[httpx.Response(429)] * 3), limits=limits).ask(BODY)
    with pytest.raises(ServerFailed, match="status 500"):
        client(in_turn(*[httpx.Response(500)] * 3), limits=limits).ask(BODY)
    with pytest.raises(Unreachable, match="refused"):
        client(in_turn(*[httpx.ConnectError("refused")] * 3), limits=limits).ask(BODY)
    with pytest.raises(TimedOut):
        client(in_turn(*[httpx.ReadTimeout("slow")] * 3), limits=limits).ask(BODY)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, ServerFailed),
        (401, KeyRefused),
        (403, KeyRefused),
        (404, NoSuchModel),
        (422, ServerFailed),
        (302, NotCompletions),
    ],
)
def test_what_will_not_pass_is_not_tried_again(status: int, error: type[EndpointError]) -> None:
    headers = {"Location": "http://elsewhere.example/v1/completions"}
    with pytest.raises(error):
        client(in_turn(httpx.Response(status, headers=headers)), key=Key(SECRET)).ask(BODY)


def test_who_leaves_does_not_try_again() -> None:
    ended = threading.Event()
    ended.set()
    with pytest.raises(ServerFailed):
        client(in_turn(httpx.Response(500), httpx.Response(200))).ask(BODY, ended)


def test_an_answer_has_a_size_and_a_time() -> None:
    with pytest.raises(NotCompletions, match="more than 1 MiB"):
        client(
            in_turn(httpx.Response(200, content=b"x" * (2 << 20))),
            limits=Limits(most_bytes=1 << 20),
        ).ask(BODY)
    time = Time()

    def slowly() -> Iterator[bytes]:
        while True:
            time.at += 100
            yield b" "

    with pytest.raises(TimedOut, match="600"):
        client(in_turn(httpx.Response(200, content=slowly())), time).ask(BODY)


def test_what_cannot_be_decoded_is_no_answer() -> None:
    bad = httpx.Response(
        200, headers={"Content-Encoding": "gzip"}, stream=httpx.ByteStream(b"no gzip")
    )
    with pytest.raises(NotCompletions):
        client(in_turn(bad)).ask(BODY)


def test_requests_keep_their_distance() -> None:
    time = Time()
    asked = client(lambda _: httpx.Response(200), time, limits=Limits(per_second=4))
    for _ in range(3):
        asked.ask(BODY)
    assert time.slept == pytest.approx([0.25, 0.25])


def test_events_are_read_line_by_line() -> None:
    def chunks() -> Iterator[bytes]:
        yield from (b"data: {", b"1}\r\n\r\nda", b"ta: 2\n", b": comment\ndata:[DONE]\n")

    asked = client(in_turn(httpx.Response(200, content=chunks())))
    assert list(asked.stream(BODY)) == [b"{1}", b"2", b"[DONE]"]
    with pytest.raises(ServerFailed):
        list(client(in_turn(httpx.Response(500))).stream(BODY))


@pytest.mark.parametrize(
    "body",
    [
        b'{"error": {"message": "bad key SECRET \\u001b[31m\\u202e"}}',
        b'{"error": "bad key SECRET"}',
        b'{"message": "bad key SECRET"}',
        b'{"detail": "bad key SECRET"}',
    ],
)
def test_a_servers_words_come_without_key_and_control(body: bytes) -> None:
    body = body.replace(b"SECRET", SECRET.encode())
    with pytest.raises(ServerFailed) as caught:
        client(in_turn(httpx.Response(400, content=body)), key=Key(SECRET)).ask(BODY)
    said = str(caught.value)
    assert "bad key [key]" in said
    assert SECRET not in said
    assert said.isprintable()


@pytest.mark.parametrize("body", [b"<html>", b"[" * 100_000, b"\xff\xfe", b"{}", b'{"error": 5}'])
def test_a_server_may_have_no_words(body: bytes) -> None:
    with pytest.raises(ServerFailed, match=r"with status 400\.$"):
        client(in_turn(httpx.Response(400, content=body))).ask(BODY)


def test_words_are_few() -> None:
    assert words("a\n b\x00c.") == "a b c"
    assert len(words("x" * 10_000)) == 160


def test_the_key_shows_itself_nowhere(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    key = Key(SECRET)
    asked = client(in_turn(httpx.Response(401)), key=key)
    with pytest.raises(KeyRefused) as caught:
        asked.ask(BODY)
    for text in (repr(key), str(key), repr(asked), caplog.text, str(caught.value)):
        assert SECRET not in text
    assert not hasattr(key, "__dict__")


def test_the_key_comes_from_the_environment() -> None:
    assert from_environment({}) is None
    assert from_environment({"UNPACT_API_KEY": " "}) is None
    both = {"UNPACT_API_KEY": f"{SECRET}\n", "OPENAI_API_KEY": "other"}
    found = from_environment(both)
    assert found is not None
    assert found.header() == {"Authorization": f"Bearer {SECRET}"}
    other = from_environment({"OPENAI_API_KEY": "other"})
    assert other is not None
    assert other.header() == {"Authorization": "Bearer other"}
    with pytest.raises(BadEndpoint) as caught:
        from_environment({"OPENAI_API_KEY": "a\nb"})
    assert "OPENAI_API_KEY" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "url", "local"),
    [
        ("http://localhost:8000/v1", "http://localhost:8000/v1", True),
        ("http://127.0.0.1:8000/v1/", "http://127.0.0.1:8000/v1", True),
        ("http://[::1]:8000/v1/completions", "http://[::1]:8000/v1", True),
        ("https://API.example.com", "https://api.example.com", False),
    ],
)
def test_addresses(text: str, url: str, local: bool) -> None:
    found = parse(text)
    assert (found.url, found.local) == (url, local)
    assert found.completions == f"{url}/completions"
    assert parse(found.url) == found
    assert found.encrypted == url.startswith("https")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "localhost:8000",
        "ftp://host/v1",
        "http://",
        "http://host:99999/v1",
        "http://[::1/v1",
        "http://user:hunter2@host/v1",
        "http://hunter2@host/v1",
        "https://host/v1?key=hunter2",
        "https://host/v1#hunter2",
        "http://host/\x1b[31m",
        "http://hö.st/v1",
        "http://host /v1",
    ],
)
def test_addresses_that_are_none(text: str) -> None:
    with pytest.raises(BadEndpoint) as caught:
        parse(text)
    assert "hunter2" not in str(caught.value)


def test_several_at_once_come_in_order() -> None:
    gates = [threading.Event() for _ in range(6)]
    most, running = 0, 0
    lock = threading.Lock()

    def job(number: int) -> Callable[[threading.Event], int]:
        def run(_: threading.Event) -> int:
            nonlocal most, running
            with lock:
                running += 1
                most = max(most, running)
            if number % 3 != 2:
                gates[number].wait(10)  # until a later one is through
            else:
                gates[number - 1].set()
                gates[number - 2].set()
            with lock:
                running -= 1
            return number

        return run

    assert list(in_order(map(job, range(6)), 3)) == list(range(6))
    assert most == 3


def test_a_failure_ends_the_others() -> None:
    seen: list[threading.Event] = []

    def job(ended: threading.Event) -> int:
        seen.append(ended)
        raise OutsideTop("s", 5)

    with pytest.raises(OutsideTop):
        list(in_order([job, job], 1))
    assert len(seen) == 1
    assert seen[0].is_set()


def test_an_environment_that_names_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "nonsense://u:hunter2@proxy")
    with pytest.raises(BadEndpoint) as caught:
        Client(parse(URL))
    assert "hunter2" not in str(caught.value)
    Client(parse("http://localhost/v1"))
