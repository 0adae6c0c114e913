"""Folders and files that are for their owner alone, whatever the umask is and whoever was first.

What is ours and stands too wide open is closed. What somebody else made is never changed; where
others can write to it, it is not used either: what is planted there could lead anywhere. Knows
nothing of what is kept. Everything here raises `OSError`.
"""

from __future__ import annotations

import errno
import os
import stat
from itertools import takewhile
from pathlib import Path

_OTHERS = 0o077
_OTHERS_WRITE = 0o022


def folder(path: Path) -> Path:
    """Make a folder, those around it too, or close one that is there; return it."""
    _make(path)
    _require_own_link(path)
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _close(descriptor, path)
    finally:
        os.close(descriptor)
    return path


def descriptor(path: Path, flags: int) -> int:
    """Open a file to write to, made if it is not there; a link is not followed, a pipe not used."""
    extra = os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    opened = os.open(path, flags | extra, 0o600)
    try:
        _require_regular(os.fstat(opened), path)
        _close(opened, path)
    except OSError:
        os.close(opened)
        raise
    return opened


def close_file(path: Path) -> None:
    """Close a file that must not be opened here, in a folder that is closed; it may be missing."""
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    _require_regular(found, path)
    if _is_too_open(found, path):
        path.chmod(stat.S_IMODE(found.st_mode) & ~_OTHERS)


def _require_regular(found: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))


def _make(path: Path) -> None:
    missing = takewhile(lambda one: not os.path.lexists(one), (path, *path.parents))
    for one in reversed(tuple(missing)):
        one.mkdir(mode=0o700, exist_ok=True)  # not at once: that would leave those around it open


def _require_own_link(path: Path) -> None:
    found = path.lstat()
    if stat.S_ISLNK(found.st_mode) and found.st_uid not in (os.geteuid(), 0):
        raise PermissionError(errno.EPERM, "it is a link that somebody else made", str(path))


def _close(opened: int, path: Path) -> None:
    found = os.fstat(opened)
    if _is_too_open(found, path):
        os.fchmod(opened, stat.S_IMODE(found.st_mode) & ~_OTHERS)


def _is_too_open(found: os.stat_result, path: Path) -> bool:
    """Whether it is ours and others may read or write it."""
    if found.st_uid == os.geteuid():
        return bool(found.st_mode & _OTHERS)
    if found.st_mode & _OTHERS_WRITE:
        raise PermissionError(
            errno.EPERM, "it is somebody else's, and others write to it", str(path)
        )
    return False
