"""Clears away the sockets of servers that were killed: nobody else will."""

from __future__ import annotations

import os
import shutil
import socket
import stat
import time
from contextlib import suppress
from pathlib import Path

_YOUNG = 60.0
"""Seconds in which a server may be about to listen."""


def clear(parent: Path, prefix: str, name: str) -> None:
    """Remove our folders below `parent` whose socket `name` nobody listens on."""
    for folder in parent.glob(f"{prefix}*"):
        with suppress(OSError):
            found = folder.lstat()
            ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
            if ours and time.time() - found.st_mtime > _YOUNG and _dead(folder / name):
                shutil.rmtree(folder, ignore_errors=True)


def _dead(path: Path) -> bool:
    if not stat.S_ISSOCK(path.lstat().st_mode):
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return True
    return False
