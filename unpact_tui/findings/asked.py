"""What the command line of `bench` says: of the demo's checkpoints, or of a matrix file.

Plain values. Knows neither.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from unpact_tui.fleet import Fleet


@dataclass(frozen=True, slots=True)
class Asked:
    """The words of the command."""

    file: Path | None = None
    """Of a matrix; None is the demo's checkpoints."""
    places: tuple[str, ...] = ()
    """NAME=DIR, for the {names} of the file."""
    seeds: str = ""
    members: str = ""
    prompts: int | None = None
    pairs: tuple[str, ...] = ()
    out: Path | None = None
    page: Path | None = None
    zoo: Path | None = None
    fleet: Fleet = field(default_factory=Fleet)
    fresh: bool = False
    report_only: bool = False
    dry_run: bool = False
    json: bool = False
    quiet: bool = False
