"""Which folders of a run are checkpoints, and in which order."""

from __future__ import annotations

from pathlib import Path

import pytest

from unpact_tui.errors import BadUsage, NotFound
from unpact_tui.track import folders
from unpact_tui.track.folders import places


def run(folder: Path, *names: str) -> str:
    for name in names:
        (folder / name).mkdir()
    return str(folder)


def whole(folder: Path) -> None:
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"")


def test_by_number_and_nothing_else(tmp_path: Path) -> None:
    names = (
        "checkpoint-9",
        "checkpoint-100",
        "checkpoint-10",
        ".checkpoint-5.part",
        "checkpoint-x",
    )
    found = places(run(tmp_path, *names))
    assert [place.step for place in found] == [9, 10, 100]
    assert [place.title for place in found] == ["9", "10", "100"]


def test_a_file_is_none(tmp_path: Path) -> None:
    (tmp_path / "checkpoint-7").write_text("")
    with pytest.raises(BadUsage, match="holds no checkpoint"):
        places(str(tmp_path))


def test_the_run_itself_comes_last(tmp_path: Path) -> None:
    asked = run(tmp_path, "checkpoint-9")
    whole(tmp_path)
    assert [place.step for place in places(asked)] == [9, None]
    assert places(asked)[-1].title == "last"


def test_not_when_it_is_the_last_checkpoint_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = run(tmp_path, "checkpoint-9")
    whole(tmp_path)

    def same(one: Path, other: Path) -> bool:
        return (one.name, other) == ("checkpoint-9", tmp_path)

    monkeypatch.setattr(folders, "_same", same)
    assert [place.step for place in places(asked)] == [9]


def test_some_steps_alone(tmp_path: Path) -> None:
    asked = run(tmp_path, "checkpoint-9", "checkpoint-18", "checkpoint-27")
    assert [place.step for place in places(asked, {27, 9})] == [9, 27]
    with pytest.raises(BadUsage, match="step 10") as caught:
        places(asked, {9, 10})
    assert "9, 18, 27" in caught.value.hint


def test_no_such_run(tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        places(str(tmp_path / "nowhere"))
