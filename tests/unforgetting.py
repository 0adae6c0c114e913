"""A last gate that complains: what it has to mend, a widget drew without `display_text`."""

from __future__ import annotations

import pytest


def strict(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have it raise for the length of a test, so that no screen can forget it."""

    def complain(text: str) -> str:
        raise AssertionError(f"drawn without display_text: {text[:200]!a}")

    monkeypatch.setattr("unpact_tui.app.last_gate.mended", complain)
