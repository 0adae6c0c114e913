from __future__ import annotations

from pathlib import Path

import pytest
from triage_fixture import write_folder

from unpact_tui import checkpoints
from unpact_tui.checkpoints import Checkpoint
from unpact_tui.triage.candidates import candidates


@pytest.fixture
def base(tmp_path: Path) -> Checkpoint:
    return checkpoints.read(write_folder(tmp_path / "base", 0), "base")


def test_a_folder_of_checkpoints_is_each_of_them_by_number(
    tmp_path: Path, base: Checkpoint
) -> None:
    run = tmp_path / "run"
    for number in (10, 9, 100):
        write_folder(run / f"checkpoint-{number}", number)
    write_folder(run / ".checkpoint-5.part")
    (run / "logs").mkdir()
    (run / "steps.jsonl").write_text("{}")
    found = candidates([str(run)], base, None)
    assert [one.name for one in found] == ["checkpoint-9", "checkpoint-10", "checkpoint-100"]
    assert [one.path for one in found] == [str(run / one.name) for one in found]
    assert len({one.fingerprint for one in found} - {""}) == 3


def test_a_sweep_of_runs_is_the_checkpoints_of_all(tmp_path: Path, base: Checkpoint) -> None:
    sweep = tmp_path / "sweep"
    for number, name in enumerate(("npo/checkpoint-60", "ga/checkpoint-60", "rmu")):
        write_folder(sweep / name, number)
    found = candidates([str(sweep)], base, None)
    assert [one.name for one in found] == ["ga/checkpoint-60", "npo/checkpoint-60", "rmu"]


def test_a_folder_that_is_a_checkpoint_is_only_that(tmp_path: Path, base: Checkpoint) -> None:
    run = write_folder(tmp_path / "run")
    write_folder(run / "checkpoint-60")
    assert [one.name for one in candidates([str(run)], base, None)] == ["run"]


def test_each_is_there_once_however_often_it_is_named(tmp_path: Path, base: Checkpoint) -> None:
    write_folder(tmp_path / "sweep" / "one")
    (tmp_path / "link").symlink_to(tmp_path / "sweep" / "one")
    words = [str(tmp_path / name) for name in ("sweep", "sweep/one", "sweep/one/", "link")]
    assert len(candidates(words, base, None)) == 1


def test_names_that_would_be_the_same_are_whole_paths(tmp_path: Path, base: Checkpoint) -> None:
    words = [str(write_folder(tmp_path / run / "checkpoint-60")) for run in ("a", "b")]
    assert [one.name for one in candidates(words, base, None)] == words


def test_base_and_reference_among_them_say_so(tmp_path: Path, base: Checkpoint) -> None:
    reference = checkpoints.read(write_folder(tmp_path / "reference", 1), "reference")
    words = [
        str(write_folder(tmp_path / name, fill)) for fill, name in enumerate(("same", "other", "x"))
    ]
    found = candidates(words, base, reference)
    assert [one.note for one in found] == [
        "This is the base itself.", "This is the reference itself.", "",
    ]  # fmt: skip
    assert [one.aside for one in found] == [True, True, False]


def test_what_cannot_be_read_is_a_candidate_too(tmp_path: Path, base: Checkpoint) -> None:
    broken = tmp_path / "sweep" / "broken"
    write_folder(broken)
    (broken / "model.safetensors").write_bytes(b"short")
    empty = tmp_path / "empty"
    empty.mkdir()
    words = [str(tmp_path / "sweep"), str(empty), str(tmp_path / "nowhere"), "/dev/null", "\0"]
    found = candidates(words, base, None)
    assert [one.name for one in found][:4] == ["broken", "empty", "nowhere", "null"]
    assert {one.fingerprint for one in found} == {""}


def test_a_loop_of_links_ends(tmp_path: Path, base: Checkpoint) -> None:
    sweep = tmp_path / "sweep"
    write_folder(sweep / "one")
    (sweep / "loop").symlink_to(sweep)
    (sweep / "itself").symlink_to("itself")
    assert [one.name for one in candidates([str(sweep)], base, None)] == ["one"]
