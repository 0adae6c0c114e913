"""Where the application keeps its own files: XDG folders, readable by their owner alone."""

from __future__ import annotations

from pathlib import Path

import platformdirs

_NAME = "unpact-tui"


def _private(path: str) -> Path:
    folder = Path(path)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def cache() -> Path:
    """Return the folder of what can be built again."""
    return _private(platformdirs.user_cache_dir(_NAME))


def state() -> Path:
    """Return the folder of logs and crash reports."""
    return _private(platformdirs.user_state_dir(_NAME))


def config() -> Path:
    """Return the folder of settings."""
    return _private(platformdirs.user_config_dir(_NAME))
