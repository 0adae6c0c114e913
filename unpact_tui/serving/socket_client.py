"""A tab's end of the socket: the shared engine, as the inspector knows an engine.

It knows neither a browser nor Textual.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path
from queue import SimpleQueue

import msgspec

from unpact_tui.errors import ExitCode
from unpact_tui.serving.welcome import decode_welcome
from unpact_tui.worker.events import Failed
from unpact_tui.worker.protocol import Order, Reply, Request, decode_reply, encode

_GONE = Failed(
    "The server of this page is gone.",
    "Start `unpact-tui serve` again, and open the address it prints.",
    exit_code=ExitCode.COMPUTE,
    fatal=True,
)


class SocketClient:
    """One connection. `send` never blocks; replies arrive on a thread of its own."""

    def __init__(self, path: Path, lost: Callable[[], None]) -> None:
        """Connect; `lost` is called, on another thread, when the other end goes.

        Raises `OSError`, and `msgspec.DecodeError` when the other end is no broker.
        """
        self._lost = lost
        self._callback: Callable[[Reply], None] | None = None
        self._closing = False
        self._numbers = count(1)
        self._outbox: SimpleQueue[bytes | None] = SimpleQueue()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.connect(str(path))
            self._lines = self._socket.makefile("rb")
            self.welcome = decode_welcome(self._lines.readline())
        except (OSError, msgspec.DecodeError):
            self._socket.close()
            raise
        self._alive = True

    @property
    def alive(self) -> bool:
        """The connection stands."""
        return self._alive

    def send(self, order: Order, client: int = 0) -> int:
        """Queue an order and return its number. Whose it is, is for the other end to say."""
        number = next(self._numbers)
        self._outbox.put(encode(Request(number, order)))
        return number

    def listen(self, callback: Callable[[Reply], None]) -> None:
        """Call `callback`, on another thread, with every reply from now on; the last may be a fatal
        `Failed`."""
        begun = self._callback is not None
        self._callback = callback
        if not begun:
            threading.Thread(target=self._write, daemon=True).start()
            threading.Thread(target=self._read, daemon=True).start()

    def _write(self) -> None:
        with suppress(OSError):  # the reader reports the loss
            while (line := self._outbox.get()) is not None:
                self._socket.sendall(line)

    def _read(self) -> None:
        # Whichever it is, nothing more can be heard.
        with self._lines, suppress(OSError, msgspec.DecodeError):
            for line in self._lines:
                self._say(decode_reply(line))
        self._alive = False
        if not self._closing:
            self._say(Reply(0, _GONE))
            self._lost()

    def _say(self, reply: Reply) -> None:
        if self._callback is not None:
            self._callback(reply)

    def close(self, timeout: float = 1.0) -> None:
        """Hang up; the engine lives on for others. Never waits."""
        self._closing = True
        self._alive = False
        self._outbox.put(None)
        with suppress(OSError):  # the other end hung up before
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
