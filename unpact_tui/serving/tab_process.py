"""The web server's end of one tab's process: started without a shell, ended for certain."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress

from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager

from unpact_tui.app import tty

MOST_CELLS = 1000
"""Columns, and rows: what a browser says of its size is not to be trusted with memory."""

_PATIENCE = 3.0
"""Seconds a tab's process has to end in good order."""

_FRAME = 500
"""Bytes: what is longer is a screen and no mode of the terminal."""

_STARTING = 0.5
"""Seconds after the first frame until Textual has looked through what it was told."""


def cells(number: float) -> int:
    """Return a number of columns or rows that can be drawn."""
    return max(1, min(MOST_CELLS, int(number)))


class TabProcess(AppService):
    """One inspector, as long as its websocket is open."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        prefix: str,
        write_bytes: Callable[[bytes], Awaitable[None]],
        write_str: Callable[[str], Awaitable[None]],
        close: Callable[[], Awaitable[object]],
        download_manager: DownloadManager,
    ) -> None:
        """`prefix` is the path that everything is below."""

        async def hang_up() -> None:
            await close()

        super().__init__(
            shlex.join(command),
            write_bytes=write_bytes,
            write_str=write_str,
            close=hang_up,
            download_manager=download_manager,
        )
        self._words = tuple(command)
        self._prefix = prefix
        self.ending: asyncio.Task[None] | None = None
        """What ends it, once that has begun."""
        self._focused = False
        self._reminder: asyncio.Task[None] | None = None

    async def _open_app_process(self, width: int = 80, height: int = 24) -> Process:
        """Start the command as it is; the parent's way is through a shell."""
        environment = self._build_environment(width, height) | drawing(os.environ)
        self._process = process = await asyncio.create_subprocess_exec(
            *self._words,
            stdin=PIPE,
            stdout=PIPE,
            stderr=PIPE,
            env=environment,
            start_new_session=True,  # Ctrl-C is for the server to understand
        )
        self._stdin = process.stdin
        return process

    async def run(self) -> None:
        """Hand on what the process draws; a process that dies takes its websocket with it."""
        await super().run()
        await self.remote_close()

    async def on_data(self, payload: bytes) -> None:
        """Hand on a frame; after the first, say again whether the page has the focus.

        Textual takes itself to be out of focus while it starts, whatever it was told before, and
        shows no keys then.
        """
        await super().on_data(payload)
        if self._reminder is None and len(payload) > _FRAME:
            self._reminder = asyncio.create_task(self._remind())

    async def _remind(self) -> None:
        await asyncio.sleep(_STARTING)
        if self._focused:
            await super().focus()

    async def focus(self) -> None:
        """Tell the process that the page has the focus."""
        self._focused = True
        await super().focus()

    async def blur(self) -> None:
        """Tell the process that the page has lost the focus."""
        self._focused = False
        await super().blur()

    async def on_meta(self, data: bytes) -> None:
        """Announce a file to save as an address below the token; the script would leave it out."""
        told = json.loads(data)
        if told["type"] != "deliver_file_start":
            await super().on_meta(data)
            return
        write, self.remote_write_str = self.remote_write_str, _nothing
        try:
            await super().on_meta(data)
        finally:
            self.remote_write_str = write
        address = {"url": f"{self._prefix}/download/{told['key']}", "new_tab": True}
        await write(json.dumps(["open_url", address]))

    async def set_terminal_size(self, width: int, height: int) -> None:
        """Tell the process about a size that can be drawn."""
        await super().set_terminal_size(cells(width), cells(height))

    async def end(self) -> int:
        """Have the process end, in good order or by force, and return its exit code."""
        if self._reminder is not None:
            self._reminder.cancel()
        process = self._process
        if process is None:
            return 0
        try:
            with suppress(TimeoutError, ConnectionError):
                await asyncio.wait_for(self._finish(process), _PATIENCE)
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
        with suppress(TimeoutError):
            await asyncio.wait_for(process.communicate(), 1.0)
        return process.returncode or 0

    async def _finish(self, process: Process) -> None:
        """Ask it to end, and read what it draws till then: it would wait for its reader."""
        await self.stop()
        await process.communicate()


async def _nothing(text: str) -> None:
    """Say nothing."""


def drawing(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what a tab's process must find: our defaults, for a browser instead of a terminal."""
    ours = {**environ, "COLORTERM": "truecolor"}
    wanted = tty.textual_defaults(ours)
    kept = {name: environ[name] for name in ("TEXTUAL_FPS",) if name in environ}
    return wanted | kept
