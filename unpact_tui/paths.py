"""Where the application keeps its own files: XDG folders, readable by their owner alone."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from unpact_tui.errors import NoStateFolder

_NAME = "unpact-tui"


def _private(path: str) -> Path:
    folder = Path(path)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def cache() -> Path:
    """Return the folder of what can be built again."""
    return _private(platformdirs.user_cache_dir(_NAME))


def calls_file() -> Path:
    """Return the file of what models answered, whether or not it is there; makes no folder."""
    return Path(platformdirs.user_cache_dir(_NAME)) / "calls.sqlite"


def state() -> Path:
    """Return the folder of logs and crash reports."""
    return _private(platformdirs.user_state_dir(_NAME))


def sessions() -> Path:
    """Return the folder of sessions that are kept for a while."""
    return _private(str(state() / "sessions"))


def engine_log() -> Path:
    """Return the file for what an engine's process says; it is there and can be written.

    Raises `NoStateFolder`.
    """
    path = Path(platformdirs.user_state_dir(_NAME)) / "engine.log"
    try:
        _private(str(path.parent))
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600))
    except OSError as error:
        raise NoStateFolder(path, error.strerror or str(error)) from error
    return path


def config() -> Path:
    """Return the folder of settings."""
    return _private(platformdirs.user_config_dir(_NAME))


def config_file() -> Path:
    """Return the person's own configuration file, whether or not it is there; makes no folder."""
    return Path(platformdirs.user_config_dir(_NAME)) / "config.toml"
