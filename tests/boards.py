"""A triage or a run as an application, at several sizes and with hostile text."""

from __future__ import annotations

from pathlib import Path

import pytest
from inspector import HOSTILE

from unpact_tui.app.board import BoardApp
from unpact_tui.app.frame import Looks
from unpact_tui.track.following import Follower

SIZES = [
    (80, 24),
    *(
        pytest.param(size, marks=pytest.mark.soak)
        for size in [(120, 40), (200, 60), (50, 18), (40, 10)]
    ),
]
_QUICK = ("instruction", "clipboard", "right-to-left", "partial")
EACH = [
    " ".join(HOSTILE[name] for name in _QUICK),
    *(pytest.param(HOSTILE[name], marks=pytest.mark.soak, id=name) for name in HOSTILE),
]
"""Hostile texts: some of them together, and then each."""


def app_of(path: Path, *, plain: bool = False, no_colour: bool = False) -> BoardApp:
    """Return what shows a file; `plain` writes signs in ASCII."""
    follower = Follower(path)
    follower.read()
    return BoardApp(follower, Looks(no_colour=no_colour, ascii=plain))
