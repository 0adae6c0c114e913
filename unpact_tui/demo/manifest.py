"""What a finished build consists of, down to the last byte, so that a damaged one is noticed.

Written last and in one piece: a folder without it is an unfinished build. Knows files, not models.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from unpact_tui.errors import Unreadable
from unpact_tui.regular_files import read_as

SCHEMA = 1
NAME = "manifest.json"
_LIMIT = 1_000_000
"""Bytes; one that is written here has some thousands."""

BASE, REFERENCE = "base", "reference"
FORGET, RETAIN = "forget.jsonl", "retain.jsonl"
PARTS = (BASE, REFERENCE, FORGET, RETAIN)
"""What every build has: two checkpoint folders and two prompt files; an unlearned one per member
comes to these."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One file."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """A finished build."""

    schema: int
    recipe: str
    """Digest of the recipe."""
    version: str
    """Of the package that built it."""
    showcase: str | None
    """Id of the row that is first in the forget file by `showcase_rule`; None when none met it."""
    showcase_rule: str
    files: Mapping[str, Entry]
    """By path from the build's folder."""
    prompts: int = 0
    """Form of the prompt files (`prompts.FORM`); builds from before it was written have 0."""

    def holds(self, part: str) -> bool:
        """Tell whether a folder or a file is part of the build."""
        return any(name.partition("/")[0] == part for name in self.files)


def renew(folder: Path, manifest: Manifest, parts: Mapping[str, bytes], form: int) -> None:
    """Write prompt files of another form, and then that they are there. Raises OSError."""
    for name, content in parts.items():
        write_whole(folder / name, content)
    changed = {name: Entry(len(b), hashlib.sha256(b).hexdigest()) for name, b in parts.items()}
    write(folder, replace(manifest, files={**manifest.files, **changed}, prompts=form))


def entries(folder: Path, members: Iterable[str]) -> dict[str, Entry]:
    """Describe every file of every part and of the members that are there. Raises OSError."""
    made = [name for name in members if (folder / name).is_dir()]
    return {
        file.relative_to(folder).as_posix(): Entry(file.stat().st_size, _sha256(file))
        for name in (*PARTS, *made)
        for file in _files(folder / name)
    }


def write(folder: Path, manifest: Manifest) -> None:
    """Write the manifest in one piece. Raises OSError."""
    write_whole(folder / NAME, msgspec.json.format(msgspec.json.encode(manifest), indent=2))


def read(folder: Path, recipe: str) -> Manifest | None:
    """Return the manifest of a build by this recipe; None when there is none that can be read."""
    try:
        manifest = read_as(folder / NAME, Manifest, _LIMIT)
    except Unreadable:
        return None
    return manifest if (manifest.schema, manifest.recipe) == (SCHEMA, recipe) else None


def missing(folder: Path, manifest: Manifest) -> tuple[str, ...]:
    """Return the files that are not there or have another size; cheap."""
    return tuple(
        name for name, entry in manifest.files.items() if _size(folder / name) != entry.bytes
    )


def damaged(folder: Path, manifest: Manifest) -> tuple[str, ...]:
    """Return the files that are not what they were when they were written; reads all of them."""
    gone = missing(folder, manifest)
    return gone + tuple(
        name
        for name, entry in manifest.files.items()
        if name not in gone and _sha256(folder / name) != entry.sha256
    )


def write_whole(file: Path, content: bytes) -> None:
    """Write a file so that nobody ever sees a part of it. Raises OSError."""
    part = file.with_name(f".{file.name}.part")
    try:
        part.write_bytes(content)
        part.replace(file)
    finally:
        remove(part)


def remove(path: Path) -> None:
    """Remove a file or a whole folder, if it is there. Raises OSError."""
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _files(path: Path) -> Iterator[Path]:
    if path.is_dir():
        yield from sorted(file for file in path.rglob("*") if file.is_file())
    else:
        yield path


def _size(file: Path) -> int | None:
    try:
        return file.stat().st_size
    except OSError:
        return None


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
