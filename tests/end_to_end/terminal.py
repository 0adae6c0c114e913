"""A program in a pseudo-terminal: keys in, bytes and a screen out.

It knows nothing about the program it runs. Output is read whenever something here waits; nothing
sleeps. The screen is pyte's, with the alternate screen kept apart from the main one.

    with Terminal([sys.executable, "-m", "unpact_tui", "demo"], columns=160, rows=50) as terminal:
        terminal.wait_for("blue lowers")
        with terminal.count_bytes() as traffic:
            terminal.press("right")
        assert traffic.bytes <= 1500
        terminal.press("q")
        assert terminal.exit_code() == 0
"""

from __future__ import annotations

import fcntl
import os
import select
import signal as signals
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pyte
from end_to_end.emulation import Emulator
from end_to_end.launch import environment, launch

PATIENCE = 60.0
"""Seconds to wait for anything by default; generous, for a busy machine."""

KEYS = {
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "home": "\x1b[H",
    "end": "\x1b[F",
    "pageup": "\x1b[5~",
    "pagedown": "\x1b[6~",
    "delete": "\x1b[3~",
    "enter": "\r",
    "escape": "\x1b",
    "space": " ",
    "tab": "\t",
    "shift+tab": "\x1b[Z",
    "backspace": "\x7f",
}


class Timeout(AssertionError):
    """The program did not do in time what was waited for; shows what is on its screen."""


@dataclass(slots=True)
class Traffic:
    """What the program wrote in answer to something."""

    bytes: int = 0
    first: float | None = None
    """Seconds from the start of the count to the first byte."""
    last: float | None = None
    """Seconds from the start of the count to the last byte."""


class Terminal:
    """Runs `argv` on a pseudo-terminal of its own, as the leader of a session."""

    def __init__(
        self,
        argv: Sequence[str],
        columns: int = 80,
        rows: int = 24,
        env: Mapping[str, str] | None = None,
        *,
        cwd: Path | None = None,
        stdin: bytes | None = None,
        stdout: Path | None = None,
    ) -> None:
        """Start it.

        With `stdin` or `stdout` that stream is a pipe or a file instead of the terminal.
        """
        self.started = time.perf_counter()
        self._master, slave = os.openpty()
        self._received = bytearray()
        self._rendered = 0
        self._arrivals: list[float] = []
        self._emulator = Emulator(columns, rows)
        self._set_size(columns, rows)
        self._process = launch(argv, slave, environment(env or {}), cwd, stdin, stdout)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """Of the program."""
        return self._process.pid

    @property
    def raw(self) -> bytes:
        """Every byte received so far."""
        self._pump(0)
        return bytes(self._received)

    @property
    def on_alternate_screen(self) -> bool:
        """Whether the program has taken over the whole screen."""
        return self._render().on_alternate

    def screen(self) -> list[str]:
        """Return the rows that are visible now, each as wide as the terminal."""
        return list(self._render().shown.display)

    def cell(self, column: int, row: int) -> pyte.screens.Char:
        """Return one cell: its character, colours and attributes."""
        return self._render().shown.buffer[row][column]

    def send(self, keys: str | bytes) -> None:
        """Type `keys` just as they are."""
        data = keys.encode() if isinstance(keys, str) else keys
        while data:
            self._pump(0)
            data = data[os.write(self._master, data) :]

    def press(self, *names: str) -> None:
        """Press keys by name: those in KEYS, "ctrl+x", or any single character."""
        for name in names:
            if name.startswith("ctrl+"):
                self.send(chr(ord(name[-1].upper()) - 64))
            else:
                self.send(KEYS.get(name, name))

    def resize(self, columns: int, rows: int) -> None:
        """Change the size of the window; the kernel sends SIGWINCH."""
        self._render().resize(columns, rows)
        self._set_size(columns, rows)

    def signal(self, number: int) -> None:
        """Send a signal to the program alone, not to its children."""
        self._process.send_signal(number)

    def hang_up(self) -> None:
        """Close the line, as a dropped connection does."""
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    def wait_for(self, text: str, timeout: float = PATIENCE) -> None:
        """Wait until `text` stands in one row of the screen."""
        self.wait_until(
            lambda: any(text in row for row in self.screen()), f"{text!r} to appear", timeout
        )

    def wait_gone(self, text: str, timeout: float = PATIENCE) -> None:
        """Wait until `text` stands in no row of the screen."""
        self.wait_until(
            lambda: not any(text in row for row in self.screen()), f"{text!r} to go", timeout
        )

    def wait_until(
        self, condition: Callable[[], bool], what: str, timeout: float = PATIENCE
    ) -> None:
        """Wait until `condition` holds; it is asked again after every piece of output."""
        deadline = time.perf_counter() + timeout
        while not condition():
            left = deadline - time.perf_counter()
            if left <= 0:
                raise Timeout(f"waited {timeout:g} s for {what}; {self._state()}")
            if not self._pump(min(left, 0.25)) and self._ended() and not condition():
                raise Timeout(f"{what} can no longer happen; {self._state()}")

    def settle(self, quiet: float = 0.3, timeout: float = PATIENCE) -> None:
        """Wait until nothing has been written for `quiet` seconds."""
        deadline = time.perf_counter() + timeout
        while self._pump(quiet):
            if time.perf_counter() > deadline:
                raise Timeout(f"never quiet for {quiet:g} s in {timeout:g} s; {self._state()}")

    @contextmanager
    def count_bytes(
        self, quiet: float = 0.3, *, expect: bool = True, timeout: float = PATIENCE
    ) -> Generator[Traffic]:
        """Count what is written from here until it has been quiet again.

        Unless `expect` is false, waits first until there is any answer at all.
        """
        self.settle(quiet, timeout)
        before, seen, start = len(self._received), len(self._arrivals), time.perf_counter()
        traffic = Traffic()
        yield traffic
        if expect:
            self.wait_until(lambda: len(self._received) > before, "any output", timeout)
        self.settle(quiet, timeout)
        traffic.bytes = len(self._received) - before
        if arrivals := self._arrivals[seen:]:
            traffic.first, traffic.last = arrivals[0] - start, arrivals[-1] - start

    def exit_code(self, timeout: float = PATIENCE) -> int:
        """Wait for the end and return the code; -n where signal n ended it."""
        deadline = time.perf_counter() + timeout
        while not self._ended():
            if time.perf_counter() > deadline:
                raise Timeout(f"still running after {timeout:g} s; {self._state()}")
            if not self._pump(0.05) and self._master < 0:
                with suppress(subprocess.TimeoutExpired):
                    self._process.wait(0.05)
        while self._pump(0):
            pass
        return self._process.returncode

    def close(self) -> None:
        """End the program and whatever it started, and give the terminal back."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signals.SIGKILL)
        self._process.wait()
        self.hang_up()

    def _set_size(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def _ended(self) -> bool:
        return self._process.poll() is not None

    def _pump(self, timeout: float) -> bool:
        """Take what has arrived, waiting up to `timeout` for it; say whether there was anything."""
        if self._master < 0:
            return False
        ready, _, _ = select.select([self._master], [], [], timeout)
        if not ready:
            return False
        try:
            data = os.read(self._master, 1 << 16)
        except OSError:  # EIO: the last process on the other side has closed it
            data = b""
        if not data:
            if not self._ended():
                with suppress(subprocess.TimeoutExpired):
                    self._process.wait(max(timeout, 0.01))
            return False
        self._received += data
        self._arrivals.append(time.perf_counter())
        return True

    def _render(self) -> Emulator:
        """Feed the emulator lazily: it is far slower than the pseudo-terminal."""
        while self._pump(0):
            pass
        self._emulator.feed(bytes(self._received[self._rendered :]))
        self._rendered = len(self._received)
        return self._emulator

    def _state(self) -> str:
        code = self._process.poll()
        state = "still running" if code is None else f"ended with {code}"
        rows = "\n".join(f"  |{row.rstrip()}" for row in self.screen())
        return f"{state}; on its screen:\n{rows}"
