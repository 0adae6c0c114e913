"""Folders for one command under one fault: what it reads, where it writes, and what is its home."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

NOBODY = 65534
"""A user that permissions bind, where the tests themselves are root."""
STRANGER = 54321
"""A user that the machine has never heard of."""

_OWN_MOUNTS = 0x20000
"""unshare's CLONE_NEWNS."""
_DETACHED = 2
"""umount2's MNT_DETACH: gone for all that look, whoever still has a file open there."""


@dataclass(frozen=True, slots=True)
class Place:
    """The folders of one cell, all below one."""

    root: Path

    @property
    def work(self) -> Path:
        """Where the command is started; inputs lie in it."""
        return self.root / "work"

    @property
    def out(self) -> Path:
        """Where results go."""
        return self.root / "out"

    @property
    def home(self) -> Path:
        """What HOME and the XDG variables point into."""
        return self.root / "home"

    @property
    def calls(self) -> Path:
        """The cache's file."""
        return self.home / "cache" / "unpact-tui" / "calls.sqlite"

    def environment(self) -> dict[str, str]:
        """What every command of the cell starts with."""
        kept = {
            name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ
        }
        xdg = {
            f"XDG_{name.upper()}_HOME": str(self.home / name)
            for name in ("cache", "config", "state", "data")
        }
        return (
            kept
            | xdg
            | {
                "HOME": str(self.home),
                "TERM": "xterm-256color",
                "LC_ALL": "C.UTF-8",
                "NO_COLOR": "1",
                "HF_HUB_OFFLINE": "1",
                "TOKENIZERS_PARALLELISM": "false",
                "OMP_NUM_THREADS": "1",
                "OMP_WAIT_POLICY": "PASSIVE",
                "COLUMNS": "100",
            }
        )


def make(root: Path, inputs: Mapping[str, Path | str]) -> Place:
    """Lay a cell out: copies of files and folders, or new files of some text, by name."""
    place = Place(root)
    for folder in (place.work, place.out, place.home):
        folder.mkdir(parents=True)
    for name, content in inputs.items():
        target = place.work / name
        if isinstance(content, str):
            target.write_text(content, encoding="utf-8")
        elif content.is_dir():
            shutil.copytree(content, target)
        else:
            shutil.copy(content, target)
    return place


def lend(place: Place, user: int) -> None:
    """Give everything of a cell to somebody else."""
    for path in (place.root, *place.root.rglob("*")):
        os.chown(path, user, user, follow_symlinks=False)


def can_mount() -> bool:
    """Whether this process may mount a small file system of its own."""
    return os.geteuid() == 0 and shutil.which("mount") is not None and _mounts()


def _mounts() -> bool:
    found = subprocess.run(
        ["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False
    )
    return found.returncode == 0


def keep_mounts_to_ourselves() -> None:
    """Have what this process mounts from now on end with it, however it ends."""
    if ctypes.CDLL(None).unshare(_OWN_MOUNTS) == 0:
        subprocess.run(["mount", "--make-rprivate", "/"], check=True)


@contextmanager
def small_disk(folder: Path, free: int, *, read_only: bool = False) -> Generator[None]:
    """Put a disk with so many bytes left in the place of a folder, whose files move there."""
    kept = folder.with_name(f"{folder.name}.kept")
    folder.rename(kept)
    folder.mkdir()
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m,mode=0777", "none", str(folder)], check=True
    )
    try:
        shutil.copytree(kept, folder, dirs_exist_ok=True)
        _fill(folder, free)
        if read_only:
            subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        yield
        if not read_only:
            (folder / ".fill").unlink(missing_ok=True)
        shutil.rmtree(kept)
        shutil.copytree(folder, kept)
    finally:
        ctypes.CDLL(None).umount2(os.fsencode(folder), _DETACHED)
        folder.rmdir()
        kept.rename(folder)


def _fill(folder: Path, free: int) -> None:
    left = os.statvfs(folder)
    size = left.f_bavail * left.f_frsize - free
    with (folder / ".fill").open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(1, size))
