"""The doors of the web server: who comes in, and what the page may do."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from aiohttp import WSMsgType, WSServerHandshakeError
from aiohttp.test_utils import TestClient, TestServer
from yarl import URL

from unpact_tui.serving import site as site_module
from unpact_tui.serving.launch import listen
from unpact_tui.serving.site import Site
from unpact_tui.serving.tab_process import MOST_CELLS, cells, drawing

# Speaks as Textual's driver for browsers does: a prelude, then packets of a letter and a length.
STUB = """
import json, os, sys, time
def say(kind, text):
    data = text.encode()
    os.write(1, kind + len(data).to_bytes(4, "big") + data)
os.write(1, b"__GANGLION__\\n")
say(b"D", json.dumps([os.getpid(), os.environ["COLUMNS"], os.environ["ROWS"], sys.argv[1:]]))
while True:
    head = sys.stdin.buffer.read(5)
    if len(head) < 5:
        break
    body = sys.stdin.buffer.read(int.from_bytes(head[1:], "big"))
    if head[:1] == b"M":
        told = json.loads(body)
        if told["type"] == "quit" and "stubborn" not in sys.argv:
            for _ in range(100):
                say(b"D", "a last frame" * 1000)
            time.sleep(0.1)
            break
        say(b"D", json.dumps(told))
    elif body == b"die":
        os._exit(1)
    elif body == b"file":
        say(b"M", json.dumps({"type": "deliver_file_start", "key": "k", "path": "/a/b.svg",
            "open_method": "download", "mime_type": "image/svg+xml", "encoding": ""}))
    else:
        say(b"D", body.decode())
"""
QUOTES = """it's "here" $HOME `id`"""


def made(*words: str, failed: Callable[[int], None] = print) -> Site:
    listener = listen("127.0.0.1", 0)
    site = Site((sys.executable, "-c", STUB, *words), listener, failed)
    listener.close()
    return site


@pytest.fixture
async def site() -> AsyncIterator[tuple[Site, TestClient]]:
    found = made(QUOTES)
    async with TestClient(TestServer(found.application())) as client:
        yield found, client


def path(site: Site, below: str = "") -> str:
    return URL(site.url).path + below


def origin(client: TestClient) -> dict[str, str]:
    return {"Origin": f"http://{client.host}:{client.port}"}


BELOW = ("", "ws", "page.js", "static/js/textual.js", "static/", "download/x")


async def test_the_token_opens(site: tuple[Site, TestClient]) -> None:
    found, client = site
    async with client.get(path(found)) as response:
        page = await response.text()
        assert response.status == 200
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert "default-src 'none'" in response.headers["Content-Security-Policy"]
    assert f"ws://{client.host}:{client.port}{path(found, 'ws')}" in page
    assert "googleapis" not in page
    assert page.count("://") == 1, "nothing but the websocket is named by a whole address"
    for file in ("static/js/textual.js", "static/css/xterm.css", "page.js"):
        async with client.get(path(found, file)) as response:
            assert response.status == 200


@pytest.mark.parametrize("below", BELOW)
async def test_without_the_token_nothing_opens(site: tuple[Site, TestClient], below: str) -> None:
    found, client = site
    right = path(found).strip("/")
    wrong = ("", right[:-1], right + "x", right.swapcase(), "%C3%A9", f"x/{right}", "static")
    for token in wrong:
        address = URL(f"/{token}/{below}" if token else f"/{below}", encoded=True)
        async with client.get(address, headers=origin(client)) as response:
            assert (response.status, await response.text()) == (403, "403: Forbidden")


@pytest.mark.parametrize("below", BELOW)
@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example", "localhost.evil", "192.168.0.1", "", "localhost:x"],
)
async def test_a_foreign_name_for_this_address_opens_nothing(
    site: tuple[Site, TestClient], below: str, host: str
) -> None:
    found, client = site
    headers = {"Host": host, "Origin": f"http://{host}"}
    async with client.get(path(found, below), headers=headers) as response:
        assert (response.status, await response.text()) == (403, "403: Forbidden")


@pytest.mark.parametrize("host", ["localhost", "localhost:9", "127.0.0.1:9", "[::1]:9"])
async def test_the_page_leads_to_where_it_was_asked(
    site: tuple[Site, TestClient], host: str
) -> None:
    found, client = site
    async with client.get(path(found), headers={"Host": host}) as response:
        assert response.status == 200
        assert f'"ws://{host}{path(found, "ws")}"' in await response.text()


@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": "null"}, {"Origin": "http://evil.example"}, {"Origin": "http://localhost:1"}],
)
async def test_a_websocket_from_another_page_is_refused(
    site: tuple[Site, TestClient], headers: dict[str, str]
) -> None:
    found, client = site
    with pytest.raises(WSServerHandshakeError) as caught:
        await client.ws_connect(path(found, "ws"), headers=headers)
    assert caught.value.status == 403


async def test_a_websocket_is_asked_for_as_one(site: tuple[Site, TestClient]) -> None:
    found, client = site
    async with client.get(path(found, "ws")) as response:
        assert response.status == 400


async def test_folders_are_not_listed(site: tuple[Site, TestClient]) -> None:
    found, client = site
    for below in ("static/", "static/js", "static/../../server.py", "static/%2e%2e/server.py"):
        async with client.get(URL(path(found, below), encoded=True)) as response:
            assert response.status in (403, 404)


async def test_a_tab_is_a_process_of_its_own_without_a_shell(
    site: tuple[Site, TestClient],
) -> None:
    found, client = site
    socket = await client.ws_connect(
        path(found, "ws?width=99999&height=-3"), headers=origin(client)
    )
    pid, columns, rows, words = json.loads(await socket.receive_bytes(timeout=5))
    assert (columns, rows) == (str(MOST_CELLS), "1")
    assert words == [QUOTES]
    await socket.send_json(["stdin", "hello"])
    assert await socket.receive_bytes(timeout=5) == b"hello"
    await socket.send_json(["resize", {"width": 1e9, "height": 30}])
    told = json.loads(await socket.receive_bytes(timeout=5))
    assert told == {"type": "resize", "width": MOST_CELLS, "height": 30}
    await socket.send_json(["stdin", "file"])
    told = json.loads(await socket.receive_str(timeout=5))
    assert told == ["open_url", {"url": path(found, "download/k"), "new_tab": True}]
    await socket.close()
    await gone(pid)


async def test_a_focus_is_told_again_after_the_first_frame(site: tuple[Site, TestClient]) -> None:
    found, client = site
    socket = await client.ws_connect(path(found, "ws"), headers=origin(client))
    await socket.receive_bytes(timeout=5)
    await socket.send_json(["focus"])
    assert json.loads(await socket.receive_bytes(timeout=5)) == {"type": "focus"}
    await socket.send_json(["stdin", "a frame" * 100])
    assert len(await socket.receive_bytes(timeout=5)) == 700
    assert json.loads(await socket.receive_bytes(timeout=5)) == {"type": "focus"}
    await socket.close()


async def test_a_tab_whose_process_dies_is_closed_and_told_of() -> None:
    codes: list[int] = []
    found = made(failed=codes.append)
    async with TestClient(TestServer(found.application())) as client:
        socket = await client.ws_connect(path(found, "ws"), headers=origin(client))
        await socket.receive_bytes(timeout=5)
        await socket.send_json(["stdin", "die"])
        assert (await socket.receive(timeout=5)).type in (WSMsgType.CLOSE, WSMsgType.CLOSED)
        await socket.close()
    assert codes == [1]


async def test_there_are_only_so_many_tabs(
    site: tuple[Site, TestClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    found, client = site
    monkeypatch.setattr(site_module, "TABS", 1)
    socket = await client.ws_connect(path(found, "ws"), headers=origin(client))
    pid = json.loads(await socket.receive_bytes(timeout=5))[0]
    with pytest.raises(WSServerHandshakeError) as caught:
        await client.ws_connect(path(found, "ws"), headers=origin(client))
    assert caught.value.status == 503
    async with client.get(path(found)) as response:
        assert response.status == 503
        assert "tabs are open" in await response.text()
    await socket.close()
    await gone(pid)


async def test_a_closed_tab_ends_in_good_order() -> None:
    codes: list[int] = []
    found = made(failed=codes.append)
    async with TestClient(TestServer(found.application())) as client:
        socket = await client.ws_connect(path(found, "ws"), headers=origin(client))
        pid = json.loads(await socket.receive_bytes(timeout=5))[0]
        await socket.close()
        await gone(pid)
    assert codes == []


@pytest.mark.parametrize(("words", "code"), [((), []), (("stubborn",), [-signal.SIGKILL])])
async def test_the_end_of_the_server_is_the_end_of_its_tabs(
    words: tuple[str, ...], code: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unpact_tui.serving.tab_process._PATIENCE", 0.5)
    codes: list[int] = []
    found = made(*words, failed=codes.append)
    async with TestClient(TestServer(found.application())) as client:
        socket = await client.ws_connect(path(found, "ws"), headers=origin(client))
        pid = json.loads(await socket.receive_bytes(timeout=5))[0]
    await gone(pid)
    assert codes == code


async def gone(pid: int) -> None:
    async with asyncio.timeout(5.0):
        while Path(f"/proc/{pid}/cmdline").exists() and _runs(pid):
            await asyncio.sleep(0.01)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_no_two_servers_have_the_same_token() -> None:
    tokens = {URL(made().url).path for _ in range(20)}
    assert len(tokens) == 20
    assert min(map(len, tokens)) > 40


def test_sizes_are_such_as_can_be_drawn() -> None:
    assert [cells(number) for number in (-1, 0, 80, 10**9)] == [1, 1, 80, MOST_CELLS]


def test_a_browser_has_colours_whatever_the_terminal_has() -> None:
    assert "TEXTUAL_THEME" not in drawing({"TERM": "dumb"})
    assert drawing({"NO_COLOR": "1"})["TEXTUAL_THEME"] == "ansi-dark"
    assert drawing({})["TEXTUAL_FPS"] == "30"
    assert drawing({"TEXTUAL_FPS": "5"})["TEXTUAL_FPS"] == "5"
