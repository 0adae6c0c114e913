"""Which checkpoints are meant: folders as named, and what lies in a folder of checkpoints.

Reads headers only. What cannot be read is a candidate all the same: why is said in its row.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from unpact_tui import checkpoints
from unpact_tui.checkpoints import ADAPTER_CONFIG, CONFIG, Checkpoint
from unpact_tui.errors import BadUsage, CheckpointError
from unpact_tui.triage.row import IS_BASE, IS_REFERENCE

_DEEP = 3
"""Folders below the one that was named: a sweep has runs, and a run has checkpoints."""
_MOST = 10_000
"""Checkpoints; with more than these the wrong folder was named."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A checkpoint to be measured."""

    path: str
    """As a person would type it."""
    name: str
    """To be shown; no two have the same."""
    fingerprint: str = ""
    """Empty where it could not be read."""
    note: str = ""
    """What is odd about it, as a sentence."""

    @property
    def aside(self) -> bool:
        """Whether it is the base or the reference, and there for comparison."""
        return bool(self.note)


def candidates(
    words: Sequence[str],
    base: Checkpoint,
    reference: Checkpoint | None,
    *,
    trust_remote_code: bool = False,
) -> tuple[Candidate, ...]:
    """Return the checkpoints that are meant, each once, those of a folder by name.

    One that is the base or the reference says so. Raises `BadUsage`.
    """
    found: dict[str, Candidate] = {}
    for word in words:
        for candidate in _named(word):
            found.setdefault(_place(candidate.path), candidate)
            if len(found) > _MOST:
                raise BadUsage(f"{word} holds more than {_MOST} checkpoints.", "Name fewer.")
    times = Counter(candidate.name for candidate in found.values())
    return tuple(
        _read(
            candidate if times[candidate.name] == 1 else replace(candidate, name=candidate.path),
            base,
            reference,
            trust_remote_code=trust_remote_code,
        )
        for candidate in found.values()
    )


def _place(path: str) -> str:
    try:
        return str(Path(path).expanduser().resolve())
    except (OSError, RuntimeError, ValueError):
        return path


def _named(word: str) -> Iterator[Candidate]:
    folder = Path(word)
    try:
        inside = [] if _is_checkpoint(folder) else list(_inside(folder, _DEEP))
    except (OSError, ValueError):
        inside = []
    if not inside:
        # A name on the hub, or nothing that can be read, which whoever opens it will say.
        yield Candidate(word, Path(_place(word)).name or word)
    for path in inside:
        yield Candidate(str(path), str(path.relative_to(folder)))


def _is_checkpoint(folder: Path) -> bool:
    """Tell whether a folder was to be a checkpoint, whole or not."""
    return any((folder / name).is_file() for name in (CONFIG, ADAPTER_CONFIG)) or any(
        folder.glob("*.safetensors")
    )


def _inside(folder: Path, deep: int) -> Iterator[Path]:
    """Yield the checkpoints below a folder that is none; nothing that is hidden."""
    for path in sorted(folder.iterdir(), key=_natural):
        try:
            if path.name.startswith(".") or not path.is_dir():
                continue
            if _is_checkpoint(path):
                yield path
            elif deep > 1 and not path.is_symlink():
                yield from _inside(path, deep - 1)
        except OSError:
            continue


def _natural(path: Path) -> tuple[tuple[int, int, str], ...]:
    """Sort checkpoint-9 before checkpoint-10."""
    parts = re.findall(r"\d{1,18}|\D+|\d+", path.name, re.ASCII)
    return tuple((0, int(part), part) if part.isdecimal() else (1, 0, part) for part in parts)


def _read(
    candidate: Candidate,
    base: Checkpoint,
    reference: Checkpoint | None,
    *,
    trust_remote_code: bool,
) -> Candidate:
    try:
        found = checkpoints.read(
            candidate.path, "unlearned", trust_remote_code=trust_remote_code
        ).fingerprint
    except CheckpointError:
        return candidate
    note = ""
    if found == base.fingerprint:
        note = IS_BASE
    elif reference is not None and found == reference.fingerprint:
        note = IS_REFERENCE
    return replace(candidate, fingerprint=found, note=note)
