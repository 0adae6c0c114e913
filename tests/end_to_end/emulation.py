"""Bytes in, rows of text out: pyte with an alternate screen, deaf to what it does not understand.

It knows nothing about processes; `terminal.py` feeds it.
"""

from __future__ import annotations

import re

import pyte

# What pyte would print or trip over: private CSI other than "?", CSI with intermediates, DCS.
_UNKNOWN = re.compile(
    rb"\x1b\[[<=>][0-9;:]*[ -/]*[@-~]"
    rb"|\x1b\[\??[0-9;]*[ -/]+[@-~]"
    rb"|\x1b[P_^X][^\x1b]*\x1b\\"
)
_CUT_SHORT = re.compile(rb"\x1b(\[[?<=>]?[0-9;:]*[ -/]*|[P_^X][^\x1b]*\x1b?)?\Z")
_SWITCH = re.compile(rb"(\x1b\[\?1049[hl])")


class Emulator:
    """Two screens, of which one is shown."""

    def __init__(self, columns: int, rows: int) -> None:
        self._main = pyte.Screen(columns, rows)
        self._alternate = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._main)
        self._pending = b""

    @property
    def shown(self) -> pyte.Screen:
        """The screen that is visible."""
        return self._alternate if self.on_alternate else self._main

    @property
    def on_alternate(self) -> bool:
        """Whether that is the alternate one."""
        return self._stream.listener is self._alternate

    def resize(self, columns: int, rows: int) -> None:
        """Change the size of both screens."""
        self._main.resize(rows, columns)
        self._alternate.resize(rows, columns)

    def feed(self, data: bytes) -> None:
        """Take what a program wrote; a sequence that is cut short waits for its rest."""
        self._pending += data
        cut = _CUT_SHORT.search(self._pending)
        end = cut.start() if cut else len(self._pending)
        whole, self._pending = self._pending[:end], self._pending[end:]
        for piece in _SWITCH.split(_UNKNOWN.sub(b"", whole)):
            if piece == b"\x1b[?1049h":
                self._alternate.reset()
                self._show(self._alternate)
            elif piece == b"\x1b[?1049l":
                self._show(self._main)
            else:
                self._stream.feed(piece)

    def _show(self, screen: pyte.Screen) -> None:
        self._stream.listener = None
        self._stream.attach(screen)
