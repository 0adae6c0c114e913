"""What the command line says about the cache, as text or as JSON, and how it is emptied."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from unpact_tui import cache_file, config, paths
from unpact_tui.config import Found
from unpact_tui.display import display_text
from unpact_tui.errors import BadUsage, Unwritable
from unpact_tui.json_text import printed


class Facts(msgspec.Struct, frozen=True):
    """What there is to know."""

    path: str
    used: bool
    """What is asked of models goes through it."""
    said_by: str
    """The file or the variable that says so, or "default"."""
    entries: int
    """Answered calls."""
    bytes: int
    bound: int
    file_bytes: int
    oldest_use: str | None
    """When that was last used which leaves first; within the hour, in ISO 8601."""
    newest_use: str | None
    trouble: str | None
    """Why the file cannot be read."""


def facts(environ: Mapping[str, str], folder: Path) -> Facts:
    """Look at the cache that is used in a folder. Raises `BadConfig`."""
    found: Found = config.find(environ, folder)
    path = paths.calls_file()
    seen = cache_file.survey(path)
    return Facts(
        path=str(path).encode(errors="backslashreplace").decode(),
        used=found.config.cache,
        said_by=found.origin("cache").encode(errors="backslashreplace").decode(),
        entries=seen.entries,
        bytes=seen.bytes,
        bound=found.config.cache_mib << 20,
        file_bytes=seen.file_bytes,
        oldest_use=_moment(seen.oldest),
        newest_use=_moment(seen.newest),
        trouble=seen.trouble,
    )


def as_json(facts: Facts) -> str:
    """Return the facts as they are."""
    return printed(facts)


def as_text(facts: Facts) -> str:
    """Return one line for each fact that there is."""
    used = "yes" if facts.used else "no"
    rows = (
        ("path", facts.path),
        ("used", f"{used} ({facts.said_by})"),
        ("trouble", facts.trouble),
        ("answers", f"{facts.entries:,}"),
        ("size", f"{_mib(facts.bytes)} of {_mib(facts.bound)}"),
        ("on disk", _mib(facts.file_bytes)),
        ("oldest use", facts.oldest_use),
        ("newest use", facts.newest_use),
    )
    return "".join(f"{name:<10}  {display_text(text)}\n" for name, text in rows if text is not None)


def require_terminal(there: bool) -> None:
    """Raise `BadUsage` where nobody can be asked."""
    if not there:
        raise BadUsage("Without a terminal nobody can be asked.", "Give --yes to clear the cache.")


def question() -> str:
    """Return what to ask before everything goes."""
    seen = cache_file.survey(paths.calls_file())
    what = "a file that cannot be read" if seen.trouble else f"{seen.entries:,} answers"
    return f"Let go of {what}, {_mib(seen.file_bytes)}?"


def clear() -> str:
    """Empty the cache and say what went. Raises `Unwritable`."""
    path = paths.calls_file()
    before = cache_file.survey(path)
    try:
        cache_file.clear(path)
    except OSError as error:
        raise Unwritable(str(path), cache_file.reason(error)) from error
    return f"Let go of {before.entries:,} answers, {_mib(before.file_bytes)}.\n"


def _moment(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError, TypeError):  # the file says what it likes
        return None


def _mib(count: int) -> str:
    return f"{count / (1 << 20):,.1f} MiB"
