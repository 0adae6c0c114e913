"""The inspector's end of the pipe: starts the engine's process, sends orders, hands on replies.

Start it before the app runs: Textual replaces the standard streams that a new process would
inherit.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from queue import SimpleQueue
from typing import IO

import msgspec

from unpact_tui import private
from unpact_tui.errors import EngineDied
from unpact_tui.worker.events import Failed, Hello
from unpact_tui.worker.protocol import VERSION, Order, Reply, Request, decode_reply, encode


class ProcessClient:
    """One engine process. `send` never blocks; replies arrive on a thread of its own."""

    def __init__(self, log: Path) -> None:
        self.log = log
        self._next = 1
        self._closing = False
        self._outbox: SimpleQueue[bytes | None] = SimpleQueue()
        with os.fdopen(private.descriptor(log, os.O_WRONLY | os.O_APPEND), "ab") as errors:
            self._process = subprocess.Popen(
                # -P: whatever lies in the current folder is not ours to import
                [sys.executable, "-P", "-m", "unpact_tui.worker.server"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,  # Ctrl-C is for the inspector to understand
                env=os.environ | {"TOKENIZERS_PARALLELISM": "false"},
            )

    @property
    def alive(self) -> bool:
        """The process runs."""
        return self._process.poll() is None

    def send(self, order: Order, client: int = 0) -> int:
        """Queue an order and return its number."""
        number = self._next
        self._next += 1
        self._outbox.put(encode(Request(number, order, client)))
        return number

    def listen(self, callback: Callable[[Reply], None]) -> None:
        """Call `callback`, on another thread, with every reply; the last may be a fatal
        `Failed`."""
        threading.Thread(target=self._write, daemon=True).start()
        threading.Thread(target=self._read, args=(callback,), daemon=True).start()

    def _write(self) -> None:
        pipe = self._process.stdin
        assert pipe is not None
        with suppress(BrokenPipeError):  # the reader reports the death
            while (line := self._outbox.get()) is not None:
                pipe.write(line)
                pipe.flush()
        with suppress(BrokenPipeError):
            pipe.close()  # the child leaves when it reads its end

    def _read(self, callback: Callable[[Reply], None]) -> None:
        pipe = self._process.stdout
        assert pipe is not None
        with pipe:
            why = self._hear_out(pipe, callback)
        if not self._closing:
            callback(Reply(0, self._obituary(why)))

    def _hear_out(self, pipe: IO[bytes], callback: Callable[[Reply], None]) -> str:
        """Pass replies on until there are no more; return what was wrong with the last, if so."""
        for line in pipe:
            try:
                reply = decode_reply(line)
            except msgspec.DecodeError:
                return "it said something that is no message"
            match reply.event:
                case Hello(version=version) if version != VERSION:
                    return f"it speaks version {version} of the protocol, not {VERSION}"
                case Hello():
                    continue
                case _:
                    callback(reply)
        return ""

    def _obituary(self, why: str) -> Failed:
        if why:
            self._process.kill()
        code = self._process.wait()
        if not why and code < 0:
            why = f"it was killed by {signal.Signals(-code).name}"
        error = EngineDied(why or f"it exited with code {code}", self.log)
        return Failed(str(error), error.hint, exit_code=4, fatal=True)

    def close(self, timeout: float = 1.0) -> None:
        """Ask the process to end, then make it; waits at most `timeout` seconds."""
        self._closing = True
        self._outbox.put(None)
        for insist in (self._process.terminate, self._process.kill, None):
            try:
                self._process.wait(timeout / 3)
            except subprocess.TimeoutExpired:
                if insist is not None:
                    insist()
            else:
                return
