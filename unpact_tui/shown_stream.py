"""Standard error behind a gate: whoever writes to it, a terminal obeys nothing of it.

Messages name files and repeat what was typed, tracebacks repeat what a file held, and libraries
write what they please. Our own words are shown by `display_text` before; this is for all others.
"""

from __future__ import annotations

import io
import sys

from unpact_tui.display import harmless
from unpact_tui.lasting_stream import LastingStream


class ShownStream(LastingStream):
    """A stream on which colours and progress bars are drawn, and all else is visible."""

    def write(self, text: str) -> int:
        """Write it, fit for a terminal."""
        super().write(harmless(text))
        return len(text)


def guard_errors() -> None:
    """Put standard error behind the gate, for good; it stays the same file."""
    before = sys.stderr
    # A closed stream is none, whatever the types say; what is no plain file is somebody's own.
    if type(before) is io.TextIOWrapper:
        encoding, line = before.encoding, before.line_buffering
        stream = ShownStream(before.detach(), encoding, "backslashreplace", line_buffering=line)
        sys.stderr = sys.__stderr__ = stream
