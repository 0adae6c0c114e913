"""Whether contributions are kept on disk: said once, for this process and for those it starts.

A variable of the environment, because the engine is in this process or in one below it, and what is
measured does not depend on it. Knows nothing of the cache itself.
"""

from __future__ import annotations

import os

VARIABLE = "UNPACT_CACHE"
"""Also what a person may set; an empty one says nothing."""

_OFF = ("0", "false", "no", "off")


def use_cache(wanted: bool) -> None:
    """Have what is measured from here on kept and found again, or not."""
    if not wanted:
        os.environ[VARIABLE] = "0"


def cache_wanted() -> bool:
    """Tell whether contributions may be kept on disk, and taken from there."""
    return os.environ.get(VARIABLE, "").strip().lower() not in _OFF
