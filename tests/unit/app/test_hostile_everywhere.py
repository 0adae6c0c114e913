"""Hostile text in every field of every screen and dialog, in colour and without."""

from __future__ import annotations

from pathlib import Path

import pytest
from hostile_texts import HOSTILE, TOGETHER
from painted import assert_harmless
from screen_walk import Walk, frozen


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(TOGETHER, marks=pytest.mark.slow, id="together"),
        *(pytest.param(text, marks=pytest.mark.soak, id=name) for name, text in HOSTILE.items()),
    ],
)
async def test_every_screen(text: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    frozen(monkeypatch, tmp_path)
    # Of these few are set in ASCII, where our own signs are others.
    walk = Walk(theme=None, plain=len(text) % 4 == 0, spoil=text)
    seen: list[str] = []

    async def stop(name: str) -> None:
        seen.append(name)
        assert_harmless(walk.app)

    async with walk.app.run_test(size=(100, 30), notifications=True) as pilot:
        await walk.all(pilot, stop, shrink=False)
    assert len(seen) > 30
