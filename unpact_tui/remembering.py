"""The cache as it is configured here: opened for whoever asks models, unless it is not wanted.

The engine may be in a process below the one that was given the command, so what is said about the
cache comes from the environment and from the files of the configuration, not from arguments.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from unpact_tui import cache, config, paths
from unpact_tui.cache_switch import cache_wanted
from unpact_tui.errors import BadConfig


def open_store(notes: Callable[[str], None]) -> cache.Store | None:
    """Open the cache, or make it; None where it is not wanted.

    `notes` is told in a sentence when it turns itself off, now or later. Raises nothing.
    """
    return cache.Store(paths.calls_file(), bound(), notes) if cache_wanted() else None


def bound() -> int:
    """Return how many bytes the cache may keep."""
    try:
        return config.read(os.environ, Path()).cache_mib << 20
    except BadConfig:  # the command has said so, or it was changed since: nothing to measure by
        return cache.BOUND
