"""Whether a theme of that name exists: Textual's own and ours."""

from __future__ import annotations

from difflib import get_close_matches

from textual.theme import BUILTIN_THEMES

from unpact_tui.app.themes import THEMES
from unpact_tui.errors import BadConfig


def names() -> tuple[str, ...]:
    """Return the names of all themes, ours first."""
    return (*(theme.name for theme in THEMES), *sorted(BUILTIN_THEMES))


def require_theme(name: str | None, source: str) -> None:
    """Raise `BadConfig` unless there is such a theme; `source` says who wants it."""
    known = names()
    if name is None or name in known:
        return
    close = get_close_matches(name, known, n=1)
    hint = f"Did you mean {close[0]}?" if close else f"There are: {', '.join(known)}."
    raise BadConfig(source, f"there is no theme {name[:60]!r}", hint)
