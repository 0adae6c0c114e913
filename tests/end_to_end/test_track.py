"""`track` and `board` as a person runs them."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest
from end_to_end.inspecting import assert_restored, inspector
from end_to_end.test_unlearn import unpact
from track_fixture import rows, run, written

QUICK = ("-s", "strategies=bold", "-s", "draws=1", "-s", "max_new_tokens=4", "--device", "cpu")


@pytest.mark.slow
def test_a_board_opens_the_inspector_and_is_there_again(tmp_path: Path) -> None:
    path = written(tmp_path / "run.jsonl", run())
    with inspector("board", path, columns=110, rows=30) as terminal:
        terminal.wait_for("step 60 (6 of 6)")
        terminal.press("left")
        terminal.wait_for("step 50 (5 of 6)")
        terminal.press("enter")  # there is no such checkpoint, which the inspector says
        terminal.wait_for("Enter goes back to the board")
        assert not terminal.on_alternate_screen
        terminal.press("enter")
        terminal.wait_for("step 50 (5 of 6)")
        with terminal.count_bytes() as traffic:
            terminal.press("left")
        assert traffic.bytes <= 6000
        terminal.press("q")
        assert terminal.exit_code() == 0
        assert_restored(terminal)


@pytest.mark.soak
def test_a_board_ends_by_a_signal(tmp_path: Path) -> None:
    path = written(tmp_path / "triage.jsonl", rows())
    with inspector("board", path, "--ascii", env={"NO_COLOR": "1"}) as terminal:
        terminal.wait_for("ga-60")
        terminal.signal(signal.SIGTERM)
        assert terminal.exit_code() == 143
        assert_restored(terminal)


def test_without_a_terminal_there_is_no_board(tmp_path: Path) -> None:
    path = written(tmp_path / "run.jsonl", run())
    ended = unpact("board", path)
    assert ended.code == 2
    assert "needs a terminal" in ended.err
    assert unpact("board", tmp_path / "nowhere.jsonl").code == 2


@pytest.mark.slow
def test_a_real_run_is_tracked_and_gone_on_with(family: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    (folder / "checkpoint-30").mkdir(parents=True)
    for step, name in ((10, "target"), (20, "unlearned-npo")):
        (folder / f"checkpoint-{step}").symlink_to(family / name)
    prompts = tmp_path / "one.jsonl"
    prompts.write_text((family / "forget.jsonl").read_text().splitlines()[1] + "\n")
    words = ("track", family / "target", folder, "--prompts", prompts, *QUICK)
    kept = ("--out", tmp_path / "steps.jsonl", "--json", "-q")
    ended = unpact(*words, *kept)
    assert ended.code == 0, ended.err
    first = json.loads(ended.out)
    labels = [step["row"]["verdict"] for step in first["steps"]]
    assert labels[0] == "RETAINED"
    assert labels[1] != "RETAINED"
    assert labels[2] is None
    assert "is not a checkpoint" in first["steps"][2]["row"]["error"]
    case = first["steps"][0]["cases"][0]
    assert case["contributions"] == pytest.approx(case["base_contributions"], abs=1e-4)
    assert next(e for e in first["events"] if e["name"] == "forgetting")["step"] == 20
    again = unpact(*words, *kept, "--resume")
    second = json.loads(again.out)
    assert second["steps"][:2] == first["steps"][:2]
