"""Every test of the screen fails where a widget forgot to make a text visible."""

from __future__ import annotations

import pytest
from unforgetting import strict


@pytest.fixture(autouse=True)
def nothing_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the last gate, which mends, complain instead."""
    strict(monkeypatch)
