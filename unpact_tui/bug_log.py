"""Has logging tell of exceptions without their words, where nobody set up anything else.

asyncio and the web server know of bugs that nobody waits for, and log them; the message itself may
repeat what a call was given, so where there is an exception only that is told.
"""

from __future__ import annotations

import logging

from unpact_tui.bug import told


class Formatter(logging.Formatter):
    """Formats as usual what is about no exception."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as text."""
        error = record.exc_info[1] if record.exc_info else None
        if error is None:
            return super().format(record)
        return f"{record.levelname}, by {record.name}\n{told(error)}".rstrip()


def install() -> None:
    """Have what no handler takes, which Python prints on standard error, told like this."""
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(Formatter())
