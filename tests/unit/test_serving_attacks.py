"""What others try at the web server's door, over a plain socket: nothing comes in, or stays."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import aiohttp
import pytest
from yarl import URL

from unpact_tui import bug_log
from unpact_tui.serving import porch as porch_module
from unpact_tui.serving.launch import listen
from unpact_tui.serving.porch import Porch
from unpact_tui.serving.site import Site


@pytest.fixture
async def site(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Site]:
    monkeypatch.setattr(porch_module, "_PERIOD", 0.05)
    found = Site(("true",), listen("127.0.0.1", 0), print)
    await found.open()
    yield found
    await found.close()


def token(site: Site) -> str:
    return URL(site.url).path.strip("/")


async def said(site: Site, request: bytes, *, wait: float = 5.0) -> bytes:
    """Return all that is answered to some bytes, until the other side hangs up."""
    reader, writer = await asyncio.open_connection(site.host, site.port)
    try:
        writer.write(request)
        async with asyncio.timeout(wait):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        await hung_up(writer)


async def hung_up(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


def asked(site: Site, target: str, *headers: str, method: str = "GET") -> bytes:
    lines = [f"{method} {target} HTTP/1.1", *headers, "Connection: close", "", ""]
    if not any(header.lower().startswith("host:") for header in headers):
        lines.insert(1, f"Host: {site.host}:{site.port}")
    return "\r\n".join(lines).encode()


METHODS = ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "PROPFIND", "HEAD")


@pytest.mark.parametrize("method", METHODS)
async def test_no_other_method_does_anything(site: Site, method: str) -> None:
    origin = f"Origin: http://{site.host}:{site.port}"
    without = await said(site, asked(site, "/x/", method=method))
    assert without.split(b" ")[1] in (b"403", b"400"), without
    within = await said(site, asked(site, f"/{token(site)}/", origin, method=method))
    expected = (b"200",) if method == "HEAD" else (b"403", b"405", b"400")
    assert within.split(b" ")[1] in expected, within
    for answer in (without, within):
        assert b"access-control" not in answer.lower()


PREFLIGHT = ("Origin: http://evil.example", "Access-Control-Request-Method: GET")


async def test_no_origin_is_ever_allowed(site: Site) -> None:
    """A page elsewhere learns nothing, with the token or without: there is no CORS."""
    right = f"/{token(site)}/"
    targets = (right, f"{right}page.js", f"{right}static/js/textual.js", f"{right}ws", "/", "/x/")
    for target in targets:
        for method, headers in (("GET", PREFLIGHT[:1]), ("OPTIONS", PREFLIGHT)):
            answer = await said(site, asked(site, target, *headers, method=method))
            head = answer.partition(b"\r\n\r\n")[0].lower()
            assert answer.split(b" ")[1] == b"403"
            assert b"access-control" not in head
            assert b"evil" not in answer


TRAVERSALS = (
    "static/../../../../../../etc/passwd",
    "static/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "static/..%2f..%2f..%2f..%2fetc/passwd",
    "static/%252e%252e/%252e%252e/etc/passwd",
    "static//etc/passwd",
    "static/..\\..\\etc\\passwd",
    "static/js/../../server.py",
    "static/%00",
    "static/js/textual.js/../../../server.py",
    "download/../static/js/textual.js",
    "download/..%2f..%2fetc%2fpasswd",
)


@pytest.mark.parametrize("below", TRAVERSALS)
async def test_no_path_leads_out(site: Site, below: str) -> None:
    answer = await said(site, asked(site, f"/{token(site)}/{below}"))
    assert answer.split(b" ")[1] in (b"403", b"404", b"400"), answer[:200]
    assert b"root:" not in answer
    assert b"class Server" not in answer


async def test_the_token_of_a_path_is_not_found_further_on(site: Site) -> None:
    right = token(site)
    for target in (f"//{right}/", f"/x/../{right}/", f"/./{right}/", f"/%2e/{right}/"):
        answer = await said(site, asked(site, target))
        assert answer.split(b" ")[1] in (b"403", b"400", b"404"), (target, answer[:100])


SMUGGLED = (
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0",
    b"GET / HTTP/9.9\r\n\r\n",
    b"GET /\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
    b"\x00" * 4096,
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
    b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"".join(b"X%d: y\r\n" % n for n in range(5000)) + b"\r\n",
    b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
)


@pytest.mark.parametrize("request_bytes", SMUGGLED)
async def test_no_malformed_request_comes_in(site: Site, request_bytes: bytes) -> None:
    site._porch._patience = 0.3
    answer = await said(site, request_bytes)
    assert answer[:9] in (b"", b"HTTP/1.1 ", b"HTTP/1.0 ", b"HTTP/0.9 ")
    assert answer[9:10] in (b"", b"4"), answer[:100]
    assert token(site).encode() not in answer
    assert (await said(site, asked(site, f"/{token(site)}/"))).split(b" ")[1] == b"200"


async def test_who_only_dawdles_is_shown_out(site: Site) -> None:
    """Half a request each, as many as there may be: the holder of the token is served meanwhile."""
    site._porch._patience = 0.4
    slow = [await asyncio.open_connection(site.host, site.port) for _ in range(100)]
    for _, writer in slow:
        writer.write(b"GET / HTTP/1.1\r\nX-a: ")
    answer = await said(site, asked(site, f"/{token(site)}/"))
    assert answer.split(b" ")[1] == b"200"
    async with asyncio.timeout(5.0):
        for reader, writer in slow:
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                await reader.readexactly(1)
            await hung_up(writer)


async def test_who_has_the_token_may_stay(site: Site) -> None:
    site._porch._patience = 0.2
    reader, writer = await asyncio.open_connection(site.host, site.port)
    request = asked(site, f"/{token(site)}/page.js").replace(b"Connection: close\r\n", b"")
    for _ in range(2):
        writer.write(request)
        assert b"200 OK" in await reader.readuntil(b"\r\n\r\n")
        while b"attributeFilter" not in await reader.readline():
            pass
        await asyncio.sleep(0.5)
    await hung_up(writer)


async def test_a_tab_may_stay_too(site: Site) -> None:
    site._porch._patience = 0.2
    site._words = ("sleep", "1.5")
    async with (
        aiohttp.ClientSession(headers={"Origin": str(URL(site.url).origin())}) as session,
        session.ws_connect(f"{site.url}ws") as socket,
    ):
        with pytest.raises(TimeoutError):
            await socket.receive(timeout=0.8)
        await socket.ping()
        assert not socket.closed


class Held:
    """A connection, as the porch sees it."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self.transport: asyncio.Transport | None = transport


class Line(asyncio.Transport):
    """Notes that it was cut."""

    def __init__(self) -> None:
        super().__init__()
        self.cut = False

    def abort(self) -> None:
        self.cut = True


def test_the_oldest_go_first() -> None:
    porch = Porch(patience=5.0, most=2)
    lines = [Line() for _ in range(4)]
    porch.admit(lines[0])
    porch.look([Held(line) for line in lines[:2]], 0.0)
    porch.look([Held(line) for line in lines], 1.0)
    assert [line.cut for line in lines] == [False, True, False, False]
    porch.look([Held(lines[0]), Held(lines[2]), Held(lines[3])], 6.0)
    assert [line.cut for line in lines] == [False, True, True, True]


async def test_the_token_is_in_no_log(
    site: Site, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    secret = token(site)
    with caplog.at_level(logging.DEBUG):
        for target in (f"/{secret}/", f"/{secret}/nothing", f"/{secret}/ws", f"/{secret}x/"):
            await said(site, asked(site, target))
        await said(site, f"GET /{secret}/ HTTP/7.7\r\n\r\n".encode())
    printed = capfd.readouterr()
    logged = "".join(map(bug_log.Formatter().format, caplog.records))
    assert "by aiohttp.server" in logged, "which says more to others: what the last one asked"
    assert secret not in logged + printed.out + printed.err


async def test_the_page_sends_the_token_nowhere(site: Site) -> None:
    head, _, page = (await said(site, asked(site, f"/{token(site)}/"))).partition(b"\r\n\r\n")
    assert b"Referrer-Policy: no-referrer" in head
    assert b"Cache-Control: no-store" in head
    assert b"form-action 'none'" in head
    assert b'<a href="http' not in page
    assert b"set-cookie" not in head.lower()


async def test_the_token_is_in_no_command(site: Site) -> None:
    assert token(site) not in Path("/proc/self/cmdline").read_text("utf-8")
    assert all(token(site) not in word for word in site._words)
