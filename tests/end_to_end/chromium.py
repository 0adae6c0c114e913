"""A headless Chromium with one page, driven by its DevTools.

What a program draws in the page is read from the frames of its websocket: the script that draws
them leaves no text behind, only pixels.
"""

from __future__ import annotations

import asyncio
import base64
import shutil
import subprocess
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from end_to_end.emulation import Emulator
from yarl import URL

PATIENCE = 60.0

_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-sync",
    "--window-size=1280,800",
    "--remote-debugging-address=127.0.0.1",
    "--remote-debugging-port=0",
)


def find_chromium() -> str:
    """Return the program; the test is skipped where there is none."""
    for name in ("chromium", "chromium-browser", "google-chrome", "chrome"):
        if (found := shutil.which(name)) is not None:
            return found
    pytest.skip("no Chromium on this machine")


class Page:
    """The one page, and the terminal drawn in it."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._number = 0
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._reader = asyncio.create_task(self._read())
        self.requests: list[str] = []
        """Every address it asked for."""
        self.complaints: list[str] = []
        """Exceptions of scripts, and what the browser refused."""
        self.terminal: Emulator | None = None

    async def call(self, method: str, parameters: Mapping[str, object] = {}) -> dict[str, Any]:
        self._number += 1
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._answers[self._number] = answer
        await self._socket.send_json(
            {"id": self._number, "method": method, "params": dict(parameters)}
        )
        return await asyncio.wait_for(answer, PATIENCE)

    async def open(self, url: str) -> None:
        for domain in ("Page", "Network", "Runtime", "Log"):
            await self.call(f"{domain}.enable")
        # As if somebody sat before it: a page that is not looked at gets no focus.
        await self.call("Emulation.setFocusEmulationEnabled", {"enabled": True})
        await self.call("Page.navigate", {"url": url})

    async def evaluate(self, script: str) -> object:
        answer = await self.call("Runtime.evaluate", {"expression": script})
        return answer["result"].get("value")

    async def press(self, key: str) -> None:
        for kind in ("keyDown", "keyUp"):
            event = {"type": kind, "key": key, "text": key if kind == "keyDown" else ""}
            await self.call("Input.dispatchKeyEvent", event)

    async def screenshot(self, path: Path) -> bytes:
        answer = await self.call("Page.captureScreenshot", {"format": "png"})
        path.write_bytes(base64.b64decode(answer["data"]))
        return path.read_bytes()

    @property
    def text(self) -> str:
        return "" if self.terminal is None else "\n".join(self.terminal.shown.display)

    async def wait_for(self, words: str) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                while words not in self.text:
                    await asyncio.sleep(0.05)
        except TimeoutError:
            pytest.fail(f"{words!r} did not appear:\n{self.text}\n{self.complaints}")

    async def close(self) -> None:
        self._reader.cancel()
        await asyncio.gather(self._reader, return_exceptions=True)

    async def _read(self) -> None:
        async for message in self._socket:
            told = message.json()
            if "id" in told:
                self._answers.pop(told["id"]).set_result(told.get("result", told))
            else:
                self._note(told["method"], told["params"])

    def _note(self, method: str, about: dict[str, Any]) -> None:
        match method:
            case "Network.requestWillBeSent":
                self.requests.append(about["request"]["url"])
            case "Network.webSocketCreated":
                self.requests.append(about["url"])
                size = URL(about["url"]).query
                self.terminal = Emulator(int(size["width"]), int(size["height"]))
            case "Network.webSocketFrameReceived" if about["response"]["opcode"] == 2:
                data = base64.b64decode(about["response"]["payloadData"])
                assert self.terminal is not None
                self.terminal.feed(data)
            case "Runtime.exceptionThrown":
                self.complaints.append(str(about["exceptionDetails"]))
            case "Log.entryAdded" if about["entry"]["level"] == "error":
                self.complaints.append(str(about["entry"]))
            case _:
                pass


@asynccontextmanager
async def browser(program: str, folder: Path) -> AsyncGenerator[Page]:
    """Start Chromium with a profile in `folder`, and yield its page."""
    command = [program, *_FLAGS, f"--user-data-dir={folder}", "about:blank"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            port = await _port(folder / "DevToolsActivePort")
            async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
                async with session.get("/json") as response:
                    pages = [tab for tab in await response.json() if tab["type"] == "page"]
                address = pages[0]["webSocketDebuggerUrl"]
                async with session.ws_connect(address, max_msg_size=0) as socket:
                    page = Page(socket)
                    yield page
                    await page.close()
        finally:
            process.terminate()


async def _port(file: Path) -> int:
    async with asyncio.timeout(PATIENCE):
        while not file.exists() or "\n" not in file.read_text():
            await asyncio.sleep(0.05)
    return int(file.read_text().splitlines()[0])
