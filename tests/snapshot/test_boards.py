"""A triage and a run as pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from boards import app_of
from textual.pilot import Pilot
from track_fixture import rows, run, written

Compare = Callable[..., bool]


async def third(pilot: Pilot[None]) -> None:
    await pilot.press("home", "right", "right")
    await pilot.pause()


async def down(pilot: Pilot[None]) -> None:
    await pilot.press("down", "down")
    await pilot.pause()


@pytest.mark.parametrize("plain", [False, True], ids=["colour", "ascii"])
def test_run(snap_compare: Compare, tmp_path: Path, plain: bool) -> None:
    path = written(tmp_path / "run.jsonl", run())
    size = (80, 24) if plain else (120, 40)
    assert snap_compare(
        app_of(path, plain=plain, no_colour=plain), terminal_size=size, run_before=third
    )


def test_triage(snap_compare: Compare, tmp_path: Path) -> None:
    path = written(tmp_path / "triage.jsonl", rows())
    assert snap_compare(app_of(path), terminal_size=(120, 40), run_before=down)
