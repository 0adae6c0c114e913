"""A row of numbers from 0 to 1 as a row of small bars.

Pure: it knows neither what the numbers are nor where they are shown.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

_BARS = "▁▂▃▄▅▆▇█"
_PLAIN = "_.:-=+*#"


def sparkline(values: Sequence[float | None], width: int, *, ascii_only: bool) -> str:
    """Return the last `width` values, the newest at the right; a gap where one is missing.

    What lies beyond 0 or 1 is cut off. The text is `width` cells wide, blank at the left.
    """
    bars = _PLAIN if ascii_only else _BARS
    last = values[-width:] if width > 0 else ()
    return "".join(_bar(value, bars) for value in last).rjust(width)


def _bar(value: float | None, bars: str) -> str:
    if value is None or math.isnan(value):
        return " "
    return bars[min(len(bars) - 1, int(min(1.0, max(0.0, value)) * len(bars)))]
