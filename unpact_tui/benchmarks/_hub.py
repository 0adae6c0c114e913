"""Fetches a benchmark's files from the Hugging Face hub: only those that it reads, and no code.

The one place that may use a network, and only for a name that a person wrote.
"""
# The hub's own annotations are incomplete.
# pyright: basic

from __future__ import annotations

import re
from pathlib import Path

from unpact_tui.benchmarks._layout import Layout
from unpact_tui.errors import Offline
from unpact_tui.foreign import Foreign

_NAME = re.compile(
    r"(?P<name>[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95})(?P<below>(/[A-Za-z0-9][\w.-]{0,95})*)",
    re.ASCII,
)
_MODULES = ("httpx", "httpx2", "huggingface_hub", "hf_xet", "requests")


def is_name(where: str) -> bool:
    """Whether something could be a dataset's name, or a folder in one (`owner/name/folder`)."""
    return _NAME.fullmatch(where) is not None


def fetched(where: str, layout: Layout) -> Path:
    """Return the folder that a dataset's files are in on this machine. Raises `Offline`."""
    found = _NAME.fullmatch(where)
    assert found is not None
    below = found["below"].strip("/")
    patterns = layout.patterns(f"{below}/" if below else "")
    from huggingface_hub import snapshot_download

    with Foreign(lambda _: Offline(where), (OSError, ValueError), _MODULES):
        folder = snapshot_download(found["name"], repo_type="dataset", allow_patterns=patterns)
        return Path(folder) / below
