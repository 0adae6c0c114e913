"""A session's result, for standard output."""

from __future__ import annotations

from pathlib import Path

from unpact_tui.document import Written
from unpact_tui.errors import BadSession
from unpact_tui.session.file import read
from unpact_tui.session.remembered import as_document


def as_json(path: Path) -> Written:
    """Return what a session measured, as a result document. Raises `BadSession`."""
    recorded = read(path)
    began = recorded.began
    found = as_document(began.opened, began.order.settings, recorded.timeline.now, recorded.memory)
    if found is None:
        raise BadSession(str(path), 0, "no prompt in it was measured and judged")
    return Written(found)
