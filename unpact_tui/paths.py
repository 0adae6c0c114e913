"""Where the application keeps its own files: XDG folders, readable by their owner alone."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from unpact_tui import private
from unpact_tui.errors import NoStateFolder

_NAME = "unpact-tui"


def cache() -> Path:
    """Return the folder of what can be built again."""
    return private.folder(Path(platformdirs.user_cache_dir(_NAME)))


def calls_file() -> Path:
    """Return the file of what models answered, whether or not it is there; makes no folder."""
    return Path(platformdirs.user_cache_dir(_NAME)) / "calls.sqlite"


def state() -> Path:
    """Return the folder of logs and crash reports."""
    return private.folder(Path(platformdirs.user_state_dir(_NAME)))


def sessions() -> Path:
    """Return the folder of sessions that are kept for a while."""
    return private.folder(state() / "sessions")


def engine_log() -> Path:
    """Return the file for what an engine's process says; it is there and can be written.

    Raises `NoStateFolder`.
    """
    path = Path(platformdirs.user_state_dir(_NAME)) / "engine.log"
    try:
        private.folder(path.parent)
        os.close(private.descriptor(path, os.O_WRONLY | os.O_APPEND))
    except OSError as error:
        raise NoStateFolder(path, error.strerror or str(error)) from error
    return path


def config_file() -> Path:
    """Return the person's own configuration file, whether or not it is there; makes no folder."""
    return Path(platformdirs.user_config_dir(_NAME)) / "config.toml"
