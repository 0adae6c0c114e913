"""Sends requests to a server and brings the bytes of its answers: tries again, waits, gives up.

Redirects are not followed, so a key goes nowhere but where it belongs. Answers are bounded in size
and in time. Does not know what is asked or answered.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import httpx
import msgspec

from attribution.endpoint.address import Address
from attribution.endpoint.key import Key
from attribution.endpoint.words import words
from attribution.errors import (
    BadEndpoint,
    EndpointError,
    KeyRefused,
    NoSuchModel,
    NotCompletions,
    RateLimited,
    ServerFailed,
    TimedOut,
    Unreachable,
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long, how often and how much."""

    connect: float = 10.0
    """Seconds until a server takes the connection."""
    silence: float = 120.0
    """Seconds without a byte of an answer that has not ended."""
    whole: float = 600.0
    """Seconds for one answer, however busily it comes."""
    attempts: int = 5
    backoff: float = 0.5
    """Seconds before the second attempt; doubled before each further one."""
    most_wait: float = 60.0
    """Seconds that are waited at most when a server names a time."""
    most_bytes: int = 64 << 20
    """Of one answer."""
    per_second: float | None = None
    """Requests that are begun; None: as many as the server takes."""
    at_once: int = 4
    """Requests under way at a time."""


@dataclass(frozen=True, slots=True)
class Clock:
    """Time, and waiting for it."""

    now: Callable[[], float] = time.monotonic
    date: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep


class _Again(Exception):
    """Worth another attempt; `after` is when the server wants it, in seconds."""

    def __init__(self, failure: EndpointError, after: float | None = None) -> None:
        super().__init__()
        self.failure = failure
        self.after = after


class _Pace:
    """When the next request may begin; common to all threads."""

    def __init__(self, clock: Clock, per_second: float | None) -> None:
        self._clock = clock
        self._gap = 1 / per_second if per_second else 0.0
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Wait for one's turn."""
        with self._lock:
            now = self._clock.now()
            begin = max(now, self._next)
            self._next = begin + self._gap
        if begin > now:
            self._clock.sleep(begin - now)

    def hold(self, seconds: float) -> None:
        """Have everybody wait."""
        with self._lock:
            self._next = max(self._next, self._clock.now() + seconds)


class Client:
    """Asks one server; may be used by several threads."""

    def __init__(
        self,
        address: Address,
        key: Key | None = None,
        *,
        limits: Limits | None = None,
        transport: httpx.BaseTransport | None = None,
        clock: Clock | None = None,
    ) -> None:
        """`transport` and `clock` stand in for the network and for time.

        Raises `BadEndpoint` where the environment's proxies or certificates are none.
        """
        self.address = address
        self.limits = limits or Limits()
        self._key = key
        self._clock = clock or Clock()
        self._pace = _Pace(self._clock, self.limits.per_second)
        self._http = _connection(address, self.limits, transport)

    def ask(self, body: Mapping[str, object], ended: threading.Event | None = None) -> bytes:
        """Return the answer to one request, trying again while that may help; `ended` gives up.

        Raises `EndpointError`.
        """
        tries = self.limits.attempts
        for attempt in range(tries):
            self._pace.wait()
            try:
                with self._answer(body) as chunks:
                    return b"".join(chunks)
            except _Again as again:
                wait = self._until_next(again, attempt)
                gone = ended is not None and ended.is_set()
                if gone or attempt + 1 == tries or wait > self.limits.most_wait:
                    raise again.failure from again.__cause__
                if again.after is not None:
                    self._pace.hold(wait)
                else:
                    self._clock.sleep(wait)
        raise AssertionError("there is at least one attempt")

    def stream(self, body: Mapping[str, object]) -> Iterator[bytes]:
        """Yield the data of each server-sent event of one attempt. Raises `EndpointError`."""
        self._pace.wait()
        rest = b""
        try:
            with self._answer(body) as chunks:
                for chunk in chunks:
                    *lines, rest = (rest + chunk).split(b"\n")
                    for line in lines:
                        if line.startswith(b"data:"):
                            yield line[5:].strip()
        except _Again as again:
            raise again.failure from again.__cause__

    def _until_next(self, again: _Again, attempt: int) -> float:
        if again.after is not None:
            return again.after
        # At random, so that requests that failed together do not come back together.
        return self.limits.backoff * 2**attempt * random.uniform(1.0, 1.5)

    @contextmanager
    def _answer(self, body: Mapping[str, object]) -> Generator[Iterator[bytes]]:
        """Send one request; the context is its answer, in chunks. Raises `_Again` and
        `EndpointError`."""
        url = self.address.url
        header = self._key.header() if self._key else {}
        try:
            content = msgspec.json.encode(body)
            with self._http.stream(
                "POST", self.address.completions, content=content, headers=header
            ) as response:
                if response.status_code != 200:
                    raise self._failed(response, str(body.get("model", "")))
                yield self._bounded(response)
        except httpx.TimeoutException as error:
            raise _Again(TimedOut(url, f"{self.limits.silence:.0f}")) from error
        except httpx.DecodingError as error:
            raise NotCompletions(url, "its bytes cannot be decoded") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _Again(Unreachable(url, self._said(str(error)) or "it breaks off")) from error

    def _bounded(self, response: httpx.Response) -> Iterator[bytes]:
        url, limits = self.address.url, self.limits
        began, size = self._clock.now(), 0
        for chunk in response.iter_bytes():
            size += len(chunk)
            if size > limits.most_bytes:
                most = limits.most_bytes >> 20
                raise NotCompletions(url, f"an answer has more than {most} MiB")
            if self._clock.now() - began > limits.whole:
                raise TimedOut(url, f"{limits.whole:.0f}")
            yield chunk

    def _said(self, text: str) -> str:
        return words(self._key.hidden_in(text) if self._key else text)

    def _failed(self, response: httpx.Response, model: str) -> Exception:
        """Return what a status other than 200 means."""
        url, status = self.address.url, response.status_code
        if 300 <= status < 400:
            return NotCompletions(url, "it sends us to another address, which is not followed")
        if status in (401, 403):
            return KeyRefused(url, str(status))
        if status == 404:
            return NoSuchModel(url, model)
        after = _seconds(response.headers.get("Retry-After"), self._clock.date())
        if status == 429:
            wait = "a while" if after is None else f"{min(after, self.limits.most_wait):.0f} s"
            return _Again(RateLimited(url, wait), after)
        said = self._said(_message(b"".join(self._bounded(response))))
        failure = ServerFailed(url, str(status), said)
        return _Again(failure, after) if status in (408, 500, 502, 503, 504) else failure


def _connection(
    address: Address, limits: Limits, transport: httpx.BaseTransport | None
) -> httpx.Client:
    try:
        return httpx.Client(
            transport=transport,
            # Compressed, a few bytes could be many.
            headers={"Accept-Encoding": "identity", "Content-Type": "application/json"},
            trust_env=not address.local,  # of loopback a proxy knows nothing
            verify=address.encrypted,  # certificates take 0.2 s to read, and here serve nothing
            timeout=httpx.Timeout(limits.silence, connect=limits.connect),
            follow_redirects=False,
        )
    except (OSError, ValueError, ImportError, httpx.InvalidURL) as error:
        # Not in its own words: a proxy's address may hold a password.
        hint = "Look at HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, SSL_CERT_FILE and SSL_CERT_DIR."
        raise BadEndpoint(
            "the proxies or certificates that the environment names are none", hint
        ) from error


def _seconds(header: str | None, now: float) -> float | None:
    """Return what Retry-After asks for: seconds, or a date."""
    if header is None:
        return None
    if header.strip().isdecimal():
        return float(header.strip()[:9])
    try:
        return max(0.0, parsedate_to_datetime(header).timestamp() - now)
    except (ValueError, OverflowError):
        return None


class _Detail(msgspec.Struct):
    message: str = ""


class _Complaint(msgspec.Struct):
    """What servers say when they refuse, as far as they agree."""

    error: _Detail | str | None = None
    message: str = ""
    detail: object = ""


def _message(body: bytes) -> str:
    """Return the sentence in an answer that is a refusal; empty where there is none."""
    try:
        said = msgspec.json.decode(body, type=_Complaint)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return ""
    if isinstance(said.error, _Detail):
        return said.error.message
    return said.error or said.message or (said.detail if isinstance(said.detail, str) else "")
