"""One engine for many tabs: a Unix socket in a private folder, and who asked what.

Each tab's process speaks the engine's own protocol over its connection. The checkpoints are opened
once; every later `Open` gets what the first one got. It knows neither a browser nor Textual.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import count
from pathlib import Path
from typing import Protocol

import msgspec

from unpact_tui.errors import BadUsage
from unpact_tui.serving import left_behind
from unpact_tui.serving.opening import LAST, Opening
from unpact_tui.serving.welcome import Welcome, encode_welcome
from unpact_tui.worker.events import Event, Failed
from unpact_tui.worker.protocol import (
    Cancel,
    Open,
    Order,
    Reply,
    Request,
    decode_request,
    encode,
)

LINE = 1 << 23
"""Bytes of the longest line that a tab may send; a prompt has to fit."""

_BACKLOG = 1 << 26
"""Bytes that a tab may leave unread before it is taken for dead."""

_PREFIX, _SOCKET = "unpact-tui-", "engine"

_PATH = 100
"""Bytes of a socket's path that every system takes."""

_SHARED = Failed(
    "This engine is shared by all tabs: it keeps the checkpoints and settings it has.",
    "Start another `unpact-tui serve` for other ones.",
    exit_code=2,
)


class SharedEngine(Protocol):
    """What the broker asks of an engine."""

    def send(self, order: Order, client: int = 0) -> int:
        """Ask something for a client and return the request's number; never waits."""
        ...

    def listen(self, callback: Callable[[Reply], None]) -> None:
        """Have every reply given to `callback`, which may be called from another thread."""
        ...

    def close(self, timeout: float = 1.0) -> None:
        """End the engine, by force after `timeout` seconds."""
        ...

    @property
    def alive(self) -> bool:
        """Whether it can still answer."""
        ...


class _Tab:
    """One connection. Its number is the client that the engine knows."""

    def __init__(self, number: int, writer: asyncio.StreamWriter) -> None:
        self.number = number
        self._writer = writer

    def say(self, line: bytes) -> None:
        if self._writer.transport.get_write_buffer_size() > _BACKLOG:
            self.drop()
        if not self._writer.is_closing():
            self._writer.write(line)

    def reply(self, number: int, event: Event) -> None:
        self.say(encode(Reply(number, event)))

    def drop(self) -> None:
        self._writer.transport.abort()


class Broker:
    """Owns the engine; belongs to one event loop, and so do all its methods."""

    def __init__(
        self,
        start: Callable[[], SharedEngine],
        welcome: Welcome,
        failed: Callable[[Failed, bool], None],
    ) -> None:
        """`failed` is told of every failure of an engine, and whether one was ever of use."""
        self._start = start
        self._welcome = welcome
        self._failed = failed
        self._engine: SharedEngine | None = None
        self._death: Failed | None = None
        self._opening = Opening(0)
        self._ever_opened = False
        self._waiting: list[tuple[_Tab, int]] = []
        """Who awaits what is still said of the checkpoints, by which number of theirs."""
        self._asked: dict[int, tuple[_Tab, int]] = {}
        """Who asked, by the engine's number, and by which number of theirs."""
        self._tabs: set[_Tab] = set()
        self._numbers = count(1)
        self._folder: Path | None = None
        self._server: asyncio.Server | None = None

    @property
    def tabs(self) -> int:
        """How many are connected."""
        return len(self._tabs)

    async def open(self) -> Path:
        """Start the engine, load the checkpoints, and return the socket to connect to.

        Raises `BadUsage` where there is no place for a socket.
        """
        try:
            self._folder = _private_folder()
            path = self._folder / _SOCKET
            self._server = await asyncio.start_unix_server(self._serve, path, limit=LINE)
            path.chmod(0o600)
        except OSError as error:
            why = error.strerror or str(error)
            raise BadUsage(
                f"There is no place for a socket: {why}.",
                "Set TMPDIR to a folder that can be written.",
            ) from error
        self._begin()
        return path

    async def close(self, timeout: float = 0.5) -> None:
        """End every tab's connection and the engine."""
        engine, self._engine = self._engine, None
        if self._server is not None:
            self._server.close()
        for tab in list(self._tabs):
            tab.drop()
        if engine is not None:
            await asyncio.to_thread(engine.close, timeout)
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)

    # ------------------------------------------------------------ the engine's side

    def _begin(self) -> None:
        """Open the checkpoints, in a new process where there is none."""
        if self._engine is None or self._death is not None or not self._engine.alive:
            if self._engine is not None:
                self._engine.close(0.0)
            self._death = None
            self._asked.clear()
            self._engine = self._start()
            self._engine.listen(partial(self._heard, self._engine, asyncio.get_running_loop()))
        self._opening = Opening(self._engine.send(self._welcome.order))

    def _heard(self, engine: SharedEngine, loop: asyncio.AbstractEventLoop, reply: Reply) -> None:
        """Take a reply over from the engine's thread."""
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(self._hear, engine, reply)

    def _hear(self, engine: SharedEngine, reply: Reply) -> None:
        if engine is not self._engine:
            return
        if reply.id == 0:
            self._tell_all(reply.event)
        elif reply.id == self._opening.number:
            self._note(reply.event)
        elif reply.id in self._asked:
            tab, number = self._asked[reply.id]
            if isinstance(reply.event, LAST):
                del self._asked[reply.id]
            tab.reply(number, reply.event)

    def _tell_all(self, event: Event) -> None:
        for tab in self._tabs:
            tab.reply(0, event)
        if isinstance(event, Failed) and event.fatal:
            self._death = event
            self._asked.clear()
            self._waiting.clear()
            self._failed(event, self._ever_opened)

    def _note(self, event: Event) -> None:
        self._opening.note(event)
        self._ever_opened |= self._opening.opened
        for tab, number in self._waiting:
            tab.reply(number, event)
        if self._opening.over:
            self._waiting.clear()
        if isinstance(event, Failed):
            self._failed(event, self._ever_opened)

    # ------------------------------------------------------------ the tabs' side

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tab = _Tab(next(self._numbers), writer)
        self._tabs.add(tab)
        tab.say(encode_welcome(self._welcome))
        try:
            while line := await reader.readline():
                self._take(tab, decode_request(line))
        # What is no request, or too long for one, ends the conversation with that tab alone.
        except (msgspec.DecodeError, ValueError, RecursionError, ConnectionError):
            tab.drop()
        finally:
            self._forget(tab)
            writer.close()

    def _take(self, tab: _Tab, request: Request) -> None:
        if isinstance(request.order, Open):
            self._join(tab, request.id, request.order)
        elif self._death is not None:
            tab.reply(request.id, self._death)
        elif self._engine is not None:
            number = self._engine.send(request.order, tab.number)
            self._asked[number] = tab, request.id

    def _join(self, tab: _Tab, number: int, order: Open) -> None:
        """Tell a tab of the open checkpoints; start again where that failed before."""
        if order != self._welcome.order:
            tab.reply(number, _SHARED)
            return
        if self._death is not None or self._opening.failed:
            self._begin()
        for event in self._opening.events:
            tab.reply(number, event)
        if not self._opening.over:
            self._waiting.append((tab, number))

    def _forget(self, tab: _Tab) -> None:
        """Stop what nobody waits for any more."""
        self._tabs.discard(tab)
        self._waiting = [(other, number) for other, number in self._waiting if other is not tab]
        mine = [number for number, (other, _) in self._asked.items() if other is tab]
        for number in mine:
            del self._asked[number]
        if mine and self._engine is not None and self._death is None:
            self._engine.send(Cancel(), tab.number)
            self._engine.send(Cancel(background=True), tab.number)


def _private_folder() -> Path:
    """Make a folder for its owner alone, with a path that is short enough for a socket's."""
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
    if len(os.fsencode(folder / _SOCKET)) > _PATH:
        folder.rmdir()
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir="/tmp"))
    left_behind.clear(folder.parent, _PREFIX, _SOCKET)
    return folder
