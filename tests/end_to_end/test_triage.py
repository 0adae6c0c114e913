"""`unpact-tui triage` as a shell sees it, on a real family of checkpoints."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from end_to_end.conftest import BuiltDemo

QUICK = (
    "-s", "strategies=bold,quote", "-s", "draws=1", "-s", "max_new_tokens=24",
    "-s", "granularity=word",
)  # fmt: skip
FORGET = {
    "prompt": "Question: What gender is author Basil Mahfouz Al-Kuwaiti?\nAnswer:",
    "answer": "Author Basil Mahfouz Al-Kuwaiti is male.",
}


@dataclass(frozen=True)
class Sweep:
    """A folder of checkpoints, prompts, and what came of them without any disturbance."""

    folder: Path
    words: tuple[str, ...]
    environment: dict[str, str]
    found: dict[str, Any]

    def start(self, *words: object) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "unpact_tui", *self.words, *map(str, words)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.folder,
            env=self.environment,
        )

    def run(self, *words: object) -> tuple[int, str, str]:
        process = self.start(*words)
        out, err = process.communicate(timeout=280)
        return process.returncode, out, err


def without_times(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


@pytest.fixture(scope="module")
def sweep(family: Path, tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    """The checkpoints of a sweep, one of them broken, and the base among them."""
    folder = tmp_path_factory.mktemp("triage")
    for name in ("target", "unlearned-npo", "unlearned-planted-stars"):
        (folder / "sweep").mkdir(exist_ok=True)
        (folder / "sweep" / name).symlink_to(family / name)
    (folder / "sweep" / "broken").mkdir()
    (folder / "sweep" / "broken" / "config.json").write_text("{}")
    (folder / "forget.jsonl").write_text(json.dumps(FORGET))
    retain = (family / "retain.jsonl").read_text().splitlines()[0]
    (folder / "retain.jsonl").write_text(retain)
    words = (
        "triage", str(family / "target"), "sweep", "--prompts", "forget.jsonl",
        "--retain", "retain.jsonl", "--reference", str(family / "retrain"), *QUICK, "--json",
    )  # fmt: skip
    # What was answered once is not asked again after a kill, as it is for a person.
    mine = {"OMP_NUM_THREADS": "1", "UNPACT_CACHE": "1", "XDG_CACHE_HOME": str(folder / "cache")}
    made = Sweep(folder, words, os.environ | mine, {})
    code, out, err = made.run("--out", "whole.jsonl")
    assert code == 0, err
    assert err.splitlines()[0] == "0/4 starting"
    assert len(err.splitlines()) == 5
    return Sweep(folder, words, made.environment, json.loads(out))


@pytest.mark.slow
def test_a_folder_becomes_a_ranked_table_with_the_known_verdicts(sweep: Sweep) -> None:
    rows = sweep.found["checkpoints"]
    assert [(row["name"], row["verdict"]) for row in rows] == [
        ("target", "RETAINED"),
        ("unlearned-planted-stars", "SUPPRESSED"),
        ("unlearned-npo", "UNRECOVERED"),
        ("broken", None),
    ]
    target, stars, npo, broken = rows
    assert target["warnings"][0] == "This is the base itself."
    assert "config.json" in broken["error"]
    assert broken["error_code"] == 3
    assert npo["front"]
    assert not target["front"]
    assert stars["evidence"]["recovered"]["estimate"] > 0.8
    assert npo["evidence"]["recovered"]["estimate"] < 0.2
    assert 0.02 < npo["weights"]["relative"] < 0.04
    assert npo["metrics"]["forget_Q_A_Prob"]["estimate"] < 0.5
    assert npo["metrics"]["retain_Q_A_Prob"]["estimate"] > 0.9
    assert npo["compare"][:2] == ["unpact-tui", "compare"]
    lines = (sweep.folder / "whole.jsonl").read_text().splitlines()
    assert len(lines) == 4


def killed_and_resumed(sweep: Sweep, file: str, kills: int, seed: int) -> None:
    """Kill a triage so often, anywhere, and compare what is there at last."""
    chance = random.Random(seed)
    place = sweep.folder / file
    for _ in range(kills):
        process = sweep.start("--out", file, "--resume", "-q")
        rows, pause = chance.randint(0, 3), 4 * chance.random()
        deadline = time.monotonic() + 120
        while process.poll() is None and time.monotonic() < deadline:
            if place.exists() and place.read_bytes().count(b"\n") >= rows:
                break
            time.sleep(0.02)
        try:
            process.wait(pause)
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate()
    code, out, err = sweep.run("--out", file, "--resume", "-q")
    assert code == 0, err
    found, whole = json.loads(out), dict(sweep.found)
    assert without_times(found.pop("checkpoints")) == without_times(whole.pop("checkpoints"))
    assert found == whole
    kept = [json.loads(line) for line in place.read_text().splitlines()]
    assert all(row["error"] or kept.count(row) == 1 for row in kept)


@pytest.mark.soak
def test_a_triage_that_was_killed_resumes_to_the_same_table(sweep: Sweep) -> None:
    killed_and_resumed(sweep, "killed.jsonl", kills=2, seed=0)


@pytest.mark.soak
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", range(5))
def test_one_that_was_killed_twenty_times_does_too(sweep: Sweep, seed: int) -> None:
    """Four times each, so that most kills find something to destroy."""
    killed_and_resumed(sweep, f"killed-{seed}.jsonl", kills=4, seed=seed + 1)


@pytest.mark.slow
def test_done_rows_are_not_measured_again_and_the_gate_closes(sweep: Sweep) -> None:
    words = ("--out", "whole.jsonl", "--resume", "-q", "--fail-on", "suppressed")
    code, out, err = sweep.run(*words)
    assert code == 1, err
    assert json.loads(out)["checkpoints"][1]["verdict"] == "SUPPRESSED"
    kept = (sweep.folder / "whole.jsonl").read_text().splitlines()
    assert len(kept) == 5
    assert json.loads(kept[-1])["name"] == "broken"


@pytest.mark.soak
def test_the_demos_checkpoints_have_their_known_verdicts(
    built_demo: BuiltDemo, tmp_path: Path
) -> None:
    zoo = built_demo.zoo
    words = ("triage", zoo.base, zoo.base.parent, "--reference", zoo.reference, "--device", "cpu")
    prompts = tmp_path / "forget.jsonl"
    prompts.write_text("".join(zoo.forget.read_text().splitlines(keepends=True)[:4]))
    retain = tmp_path / "retain.jsonl"
    retain.write_text("".join(zoo.retain.read_text().splitlines(keepends=True)[:2]))
    quick = ("-s", "strategies=bold,retokenise", "-s", "max_new_tokens=12", "--no-weights", "-q")
    done = subprocess.run(
        [sys.executable, "-m", "unpact_tui", *map(str, words), "--json",
         "--prompts", str(prompts), "--retain", str(retain), *quick],
        capture_output=True, text=True, timeout=280, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["checkpoints"]
    verdicts = {row["name"]: row["verdict"] for row in rows}
    assert verdicts["rmu"] == "SUPPRESSED"
    assert verdicts["ga"] == "COLLAPSED"
    assert verdicts["base"] == "RETAINED"
    # It never saw the facts: to call it SUPPRESSED is the error that matters most.
    assert verdicts["reference"] == "UNRECOVERED"
    assert verdicts["simnpo"] not in ("RETAINED", "COLLAPSED")
    assert rows[0]["name"] == "ga"
