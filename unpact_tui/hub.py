"""Finds the folder behind what the user wrote: a local path, or a name on the Hugging Face hub.

Does not know what a checkpoint consists of.
"""
# The hub's own annotations are incomplete.
# pyright: basic

from __future__ import annotations

import os
import re
from pathlib import Path

from unpact_tui.errors import NotACheckpoint, NotFound, Offline, Unreadable
from unpact_tui.foreign import Foreign

_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
_PATTERNS = ["*.safetensors", "*.json", "*.model", "*.txt", "*.jinja", "*.tiktoken"]
_HUB_MODULES = ("httpx", "httpx2", "huggingface_hub", "hf_xet", "requests")
_TRUE = {"1", "on", "yes", "true"}


def locate(
    path: str | Path, *, trust_remote_code: bool = False, fetch: bool = True
) -> tuple[Path, str]:
    """Return the folder and the name to show. Without `fetch` a name on the hub is only looked for
    on this machine: for names that nobody but a file says.

    Raises `NotFound`, `NotACheckpoint`, `Unreadable`, `Offline`.
    """
    folder = Path(path)
    try:
        folder = folder.expanduser()
        if folder.is_dir():
            resolved = folder.resolve()
            return resolved, resolved.name or str(resolved)
        exists = folder.exists() or folder.is_symlink()
        # `runs/step-400` beside a folder `runs` is a slip of the finger, not a name on the hub.
        beside = folder.parent.is_dir()
    except PermissionError as error:
        raise Unreadable(folder, "permission denied", "Ask its owner for access.") from error
    except (ValueError, RuntimeError, OSError) as error:
        # A name that no file can have, or an unknown user after ~.
        raise NotFound(folder) from error
    if exists:
        raise NotACheckpoint(folder, "it is not a folder", "Give the folder that the file is in.")
    if beside or not _NAME.fullmatch(str(path)):
        raise NotFound(folder)
    return _fetch(str(path), trust_remote_code=trust_remote_code, fetch=fetch), str(path)


def _fetch(name: str, *, trust_remote_code: bool, fetch: bool) -> Path:
    patterns = [*_PATTERNS, "*.py"] if trust_remote_code else _PATTERNS
    try:
        return _snapshot(name, patterns, local=True)
    except Offline:
        if not fetch or _switched_off():
            raise
    return _snapshot(name, patterns, local=False)


def _snapshot(name: str, patterns: list[str], *, local: bool) -> Path:
    from huggingface_hub import snapshot_download

    with Foreign(lambda _: Offline(name), (OSError, ValueError), _HUB_MODULES):
        folder = snapshot_download(
            name, local_files_only=local, allow_patterns=patterns, ignore_patterns=["*/*"]
        )
        return Path(folder)


def _switched_off() -> bool:
    names = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
    return any(os.environ.get(name, "").lower() in _TRUE for name in names)
