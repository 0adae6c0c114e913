"""`serve` on real checkpoints: tabs by websocket and in a browser, one engine, and no orphans."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import psutil
import pytest
from end_to_end.chromium import browser, find_chromium
from end_to_end.emulation import Emulator
from end_to_end.inspecting import ANSWER, QUICK, question
from yarl import URL

PATIENCE = 60.0


class Served:
    """The server's process, and those it has started."""

    def __init__(self, *words: object) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "unpact_tui", "serve", *map(str, words)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"},
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.process.pid).children(recursive=True)

    def running(self, module: str) -> int:
        return sum(module in child.cmdline() for child in self.children())

    def end(self, number: signal.Signals) -> tuple[int, str]:
        """Return the exit code and what was said, once nothing that it started is left."""
        started = self.children()
        self.process.send_signal(number)
        _, said = self.process.communicate(timeout=PATIENCE)
        _, left = psutil.wait_procs(started, timeout=10.0)
        assert left == []
        return self.process.returncode, said

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


@pytest.fixture
def served(family: Path, tmp_path: Path) -> Iterator[Served]:
    asked = question(family, tmp_path)
    found = Served(family / "target", family / "unlearned-npo", asked, "--device", "cpu", *QUICK)
    yield found
    found.kill()


@pytest.fixture
def chromium() -> str:
    return find_chromium()


@asynccontextmanager
async def tab(url: str) -> AsyncGenerator[tuple[aiohttp.ClientWebSocketResponse, Emulator]]:
    """Open what a browser's tab opens."""
    origin = str(URL(url).origin())
    async with (
        aiohttp.ClientSession(headers={"Origin": origin}) as session,
        session.ws_connect(f"{url}ws?width=130&height=40") as socket,
    ):
        yield socket, Emulator(130, 40)


async def until(socket: aiohttp.ClientWebSocketResponse, terminal: Emulator, words: str) -> None:
    try:
        async with asyncio.timeout(PATIENCE):
            while words not in "\n".join(terminal.shown.display):
                message = await socket.receive()
                assert message.type == aiohttp.WSMsgType.BINARY, message
                terminal.feed(message.data)
    except TimeoutError:
        pytest.fail(f"{words!r} did not appear:\n" + "\n".join(terminal.shown.display))


@pytest.mark.soak
async def test_two_tabs_share_an_engine_that_ends_with_the_server(served: Served) -> None:
    async with tab(served.url) as (first, one), tab(served.url) as (second, other):
        # Both at once: a websocket that nobody reads answers no heartbeat, and is given up.
        await asyncio.gather(until(first, one, ANSWER), until(second, other, ANSWER))
        assert served.running("unpact_tui.worker.server") == 1
        assert served.running("unpact_tui.serving.tab") == 2
        secret = URL(served.url).path.strip("/")
        commands = " ".join(word for child in served.children() for word in child.cmdline())
        assert secret not in commands
        assert "Basil" not in commands
        code, said = await asyncio.to_thread(served.end, signal.SIGTERM)
    assert code == 143
    assert "ssh -L" in said
    assert "Traceback" not in said
    assert "ended with code" not in said


@pytest.mark.slow
async def test_nothing_outlives_a_server_that_is_killed(served: Served) -> None:
    async with tab(served.url) as (socket, terminal):
        await until(socket, terminal, "unpact-tui")
        code, _ = await asyncio.to_thread(served.end, signal.SIGKILL)
    assert code == -signal.SIGKILL


def test_what_cannot_be_loaded_ends_it_with_a_sentence(tmp_path: Path) -> None:
    found = Served(tmp_path / "no", tmp_path / "no", "--prompt", "Who?")
    _, said = found.process.communicate(timeout=PATIENCE)
    assert found.process.returncode == 3
    assert f"There is no folder {tmp_path / 'no'}." in said
    assert "Traceback" not in said


@pytest.mark.slow
async def test_it_is_drawn_in_a_browser(chromium: str, served: Served, tmp_path: Path) -> None:
    async with browser(chromium, tmp_path / "profile") as page:
        await page.open(served.url)
        await page.wait_for(ANSWER)
        await page.wait_for("? Help")  # the keys are shown once the page has told of its focus
        shot = await page.screenshot(tmp_path / "before.png")
        await page.press("?")
        await page.wait_for("─ Help ─")
        assert await page.screenshot(tmp_path / "after.png") != shot
        assert page.complaints == []
        allowed = (served.url, served.url.replace("http", "ws", 1), "data:")
        assert [url for url in page.requests if not url.startswith(allowed)] == []
        code, _ = await asyncio.to_thread(served.end, signal.SIGINT)
        assert code == 130
        await asyncio.sleep(0.2)
        assert await page.evaluate("document.body.classList.contains('-closed')")
