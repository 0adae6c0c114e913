"""The web server: a page, its static files and a websocket per tab, all below a secret path.

textual-serve's, without its doors: only on a loopback address, nothing listed, nothing loaded from
elsewhere. It knows nothing of an engine; each tab is a command to run.
"""

from __future__ import annotations

import asyncio
import secrets
import shlex
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from string import Template

from aiohttp import web
from textual_serve.server import Server, to_int

from unpact_tui.serving.gate import TOKEN_BYTES, gate, policy
from unpact_tui.serving.porch import Porch
from unpact_tui.serving.tab_process import TabProcess, cells

TABS = 8
"""Open at once; each is a process of some 60 MB."""

_FULL = f"{TABS} tabs are open, as many as can be: close one, then load this page again."

_FONT_SIZES = range(6, 73)
_MESSAGE = 1 << 20
"""Bytes of one message from a browser; a paste has to fit."""

_HANDSHAKE = 1.0
"""Seconds a browser has to take note of the end."""

_HERE = Path(__file__).parent
_PAGE = Template((_HERE / "page.html").read_text("utf-8"))
_SCRIPT = (_HERE / "page.js").read_text("utf-8")


class Site(Server):
    """Serves `command` to whoever knows the token, once per tab."""

    def __init__(
        self, command: Sequence[str], listener: socket.socket, failed: Callable[[int], None]
    ) -> None:
        """`failed` is told the exit code of every tab that did not end well."""
        host, port = listener.getsockname()[:2]
        named = f"[{host}]" if listener.family == socket.AF_INET6 else host
        # The library leaves open what two paths are of, which stay as they are.
        super().__init__(  # pyright: ignore[reportUnknownMemberType]
            shlex.join(command), host=named, port=port, title="unpact-tui"
        )
        self._words = tuple(command)
        self._listener = listener
        self._failed = failed
        self._prefix = f"/{secrets.token_urlsafe(TOKEN_BYTES)}"
        self._tabs: set[TabProcess] = set()
        self._porch = Porch()
        self._runner: web.AppRunner | None = None
        self._watch: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """The address to open; it is the secret."""
        return f"{self.public_url}{self._prefix}/"

    def application(self) -> web.Application:
        """Return everything that is served."""
        app = gate(self._prefix.removeprefix("/"), self._porch.admit)
        app.add_routes(
            [
                web.get(f"{self._prefix}/", self.handle_index),
                web.get(f"{self._prefix}/page.js", _give_script),
                web.get(f"{self._prefix}/ws", self.handle_websocket),
                web.get(f"{self._prefix}/download/{{key}}", self.handle_download),
                web.static(f"{self._prefix}/static", self.statics_path),
            ]
        )
        app.on_shutdown.append(self.on_shutdown)
        return app

    async def open(self) -> None:
        """Begin to answer."""
        # The log of accesses would hold the token.
        self._runner = web.AppRunner(self.application(), access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        if self._runner.server is not None:
            self._watch = asyncio.create_task(self._porch.watch(self._runner.server))
        await web.SockSite(self._runner, self._listener).start()

    async def close(self) -> None:
        """End every tab, then the server."""
        if self._watch is not None:
            self._watch.cancel()
        if self._runner is not None:
            await self._runner.cleanup()

    async def on_shutdown(self, app: web.Application) -> None:
        """End every tab: a websocket would stay open for as long as its browser likes."""
        await asyncio.gather(*(self._ending(tab) for tab in tuple(self._tabs)))

    async def handle_index(self, request: web.Request) -> web.Response:
        """Give the page, with a websocket's address at whatever name it was asked by."""
        if len(self._tabs) >= TABS:
            raise web.HTTPServiceUnavailable(text=_FULL)
        wanted = to_int(request.query.get("fontsize", ""), 16)
        size = wanted if wanted in _FONT_SIZES else 16
        # The gate has let through no Host but a loopback name, which needs no quoting.
        text = _PAGE.substitute(
            prefix=self._prefix,
            websocket=f"ws://{request.host}{self._prefix}/ws",
            font_size=size,
        )
        headers = {"Content-Security-Policy": policy(request.host)}
        return web.Response(text=text, content_type="text/html", headers=headers)

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Run one inspector for as long as the websocket is open."""
        if len(self._tabs) >= TABS:
            raise web.HTTPServiceUnavailable(text=_FULL)
        websocket = web.WebSocketResponse(
            heartbeat=15, timeout=_HANDSHAKE, max_msg_size=_MESSAGE, compress=True
        )
        tab = TabProcess(
            self._words,
            prefix=self._prefix,
            write_bytes=websocket.send_bytes,
            write_str=websocket.send_str,
            close=websocket.close,
            download_manager=self.download_manager,
        )
        self._tabs.add(tab)
        try:
            await websocket.prepare(request)
            width = to_int(request.query.get("width", ""), 80)
            height = to_int(request.query.get("height", ""), 24)
            await tab.start(cells(width), cells(height))
            await self._process_messages(websocket, tab)
        finally:
            # Whoever gives up this handler, the tab is ended all the same.
            await asyncio.shield(self._ending(tab))
            if websocket.prepared:
                await websocket.close()
        return websocket

    def _ending(self, tab: TabProcess) -> asyncio.Task[None]:
        """Begin to end a tab, once."""
        if tab.ending is None:
            tab.ending = asyncio.create_task(self._end(tab))
        return tab.ending

    async def _end(self, tab: TabProcess) -> None:
        try:
            if code := await tab.end():
                self._failed(code)
        finally:
            self._tabs.discard(tab)


async def _give_script(request: web.Request) -> web.Response:
    return web.Response(text=_SCRIPT, content_type="text/javascript")
