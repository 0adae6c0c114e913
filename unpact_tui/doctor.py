"""`unpact-tui doctor`: looks at everything that the inspector depends on, and says what is wrong.

It opens no model and imports neither torch nor, where nothing is configured, Textual. Each finding
stands alone: a file that cannot be read is one line of the report, not the end of it.
"""

from __future__ import annotations

import os
import shutil
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

from unpact_tui import machine_facts, paths, terminal_facts
from unpact_tui.app.glyphs import size as in_words
from unpact_tui.config import Config, Found, find
from unpact_tui.display import display_text
from unpact_tui.errors import BadConfig, ExitCode, NoStateFolder
from unpact_tui.finding import Finding, ask
from unpact_tui.json_text import printed

_ROOM = 1e9
"""Bytes that should be free; the demo's checkpoints need some tens of millions."""

_MOST_FILES = 5000
"""That are counted in the cache: the report is not to keep anybody waiting."""


def examine(environ: Mapping[str, str], folder: Path) -> tuple[Finding, ...]:
    """Look at everything, for work in `folder`."""
    found, configuration = _configuration(environ, folder)
    size = terminal_facts.size_of_terminal()
    return (
        *terminal_facts.findings(environ, size, ascii=found.config.ascii, ask=ask),
        *machine_facts.findings(environ, ask=ask, version=machine_facts.version),
        *_storage(),
        configuration,
    )


def exit_code(findings: Sequence[Finding]) -> ExitCode:
    """Return 1 when there is a problem; what is only slow is none."""
    wrong = any(finding.status == "problem" for finding in findings)
    return ExitCode.CONDITION if wrong else ExitCode.OK


def as_text(findings: Sequence[Finding]) -> str:
    """Return a line for each finding, and one for its hint."""
    return "".join(line for finding in findings for line in _lines(finding)) + _sum(findings)


def as_json(findings: Sequence[Finding]) -> str:
    """Return a list of objects with name, status, detail and hint."""
    rows = [
        {name: _encodable(getattr(found, name)) for name in ("name", "status", "detail", "hint")}
        for found in findings
    ]
    return printed(rows)


def _encodable(text: str) -> str:
    return text.encode(errors="backslashreplace").decode()


def _lines(finding: Finding) -> Iterator[str]:
    room = max(40, shutil.get_terminal_size((100, 24)).columns - 24)
    told = [display_text(finding.detail), *([display_text(finding.hint)] if finding.hint else [])]
    lines = [line for words in told for line in _wrapped(words, room) or [""]]
    yield f"{finding.status:<9}{finding.name:<15}{lines[0]}\n"
    for line in lines[1:]:
        yield f"{'':<24}{line}\n"


def _wrapped(words: str, room: int) -> list[str]:
    """Break between words only: a path stays in one piece."""
    return textwrap.wrap(words, room, break_long_words=False, break_on_hyphens=False)


def _sum(findings: Sequence[Finding]) -> str:
    problems = sum(finding.status == "problem" for finding in findings)
    if not problems:
        return "\nNo problem.\n"
    return f"\n{problems} problem{'s' if problems > 1 else ''}.\n"


# ---------------------------------------------------------------- configuration


def _configuration(environ: Mapping[str, str], folder: Path) -> tuple[Found, Finding]:
    try:
        found = find(environ, folder)
        _require_looks(found)
    except BadConfig as error:
        finding = Finding("configuration", "problem", str(error), error.hint)
        return Found(Config(), {}), finding
    sources = tuple(dict.fromkeys(found.origins.values()))
    detail = f"from {', '.join(sources)}" if sources else "nothing is configured"
    return found, Finding("configuration", "ok", detail)


def _require_looks(found: Found) -> None:
    """Check what only the screen can check, which takes a moment, where there is any of it."""
    if found.config.theme is not None:
        from unpact_tui.app.theme_names import require_theme

        require_theme(found.config.theme, found.origin("theme"))
    if found.config.keys:
        from unpact_tui.app.keymap import keymap

        keymap(found.config.keymap, found.config.keys, found.key_origins)


# ---------------------------------------------------------------- folders


def _storage() -> Iterator[Finding]:
    try:
        yield _cache(paths.cache())
    except OSError as error:
        why = error.strerror or str(error)
        hint = "Set XDG_CACHE_HOME to a folder that can be written."
        yield Finding("cache", "problem", f"it cannot be used: {why}", hint)
    try:
        state = paths.engine_log().parent
    except NoStateFolder as error:
        yield Finding("state", "problem", str(error).removesuffix("."), error.hint)
    else:
        yield _roomy("state", state, "can be written")


def _cache(folder: Path) -> Finding:
    if not os.access(folder, os.W_OK | os.X_OK):
        hint = "Set XDG_CACHE_HOME to a folder that can be written."
        return Finding("cache", "problem", f"{folder} cannot be written", hint)
    parts = sorted(path for path in folder.iterdir())
    contents = [f"{path.name} {_size(path)}" for path in parts[:5]]
    contents += ["..."] if len(parts) > 5 else []
    return _roomy("cache", folder, ", ".join(contents) or "empty")


def _roomy(name: str, folder: Path, detail: str) -> Finding:
    free = shutil.disk_usage(folder).free
    detail = f"{folder}: {detail}; {in_words(free)} free on its disk"
    if free < _ROOM:
        hint = f"Make room, or set XDG_{name.upper()}_HOME to a folder elsewhere."
        return Finding(name, "problem", detail, hint)
    return Finding(name, "ok", detail)


def _size(path: Path) -> str:
    """Return how much is in a file or a folder; links are not followed."""
    files = [path] if not path.is_dir() else (file for file in path.rglob("*"))
    sizes = list(islice(map(_bytes, files), _MOST_FILES + 1))
    more = "over " if len(sizes) > _MOST_FILES else ""
    return f"{more}{in_words(sum(sizes[:_MOST_FILES]))}"


def _bytes(file: Path) -> int:
    try:
        return 0 if file.is_dir() else file.lstat().st_size
    except OSError:  # it went away meanwhile
        return 0
