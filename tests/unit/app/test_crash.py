"""A bug leaves a file and one line, and no values of variables."""

from __future__ import annotations

from pathlib import Path

import pytest
from inspector import opened, workbench

from unpact_tui import paths
from unpact_tui.app import crash
from unpact_tui.app.screens.compare import CompareScreen


def fails(secret: str) -> None:
    raise RuntimeError(f"a bug with {len(secret)} letters")


def recorded() -> Path:
    try:
        fails("the secret prompt")
    except RuntimeError as error:
        caught = error
    path = crash.record(caught)
    assert path is not None
    assert str(path) in crash.sentence(caught, path)
    return path


def test_the_file_has_the_traceback_and_no_values() -> None:
    path = recorded()
    text = path.read_text(encoding="utf-8")
    assert path.parent == paths.state()
    assert "RuntimeError\n" in text
    assert "a bug with" not in text, "words may repeat anything"
    assert "in fails" in text
    assert "the secret prompt" not in text
    assert path.stat().st_mode & 0o777 == 0o600


async def test_a_bug_in_a_key_ends_with_70_and_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: CompareScreen) -> None:
        fails("the secret prompt")

    monkeypatch.setattr(CompareScreen, "action_clear", broken)
    app = workbench()

    async def press() -> None:
        async with app.run_test(size=(100, 30)) as pilot:
            await opened(pilot)
            await pilot.press("c")

    with pytest.raises(RuntimeError, match="a bug"):
        await press()
    assert app.return_code == 70
    assert len(list(paths.state().glob("crash-*.log"))) == 1


def test_a_bug_is_told_where_no_file_can_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    error = RuntimeError("the secret prompt")
    assert crash.record(error) is None
    told = crash.sentence(error, None)
    assert "RuntimeError" in told
    assert "secret" not in told
