"""`bench` on checkpoints that were really unlearned: the demo's, and those of a matrix."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from end_to_end.conftest import BuiltDemo
from typer.testing import CliRunner

from unpact_tui.cli import app
from unpact_tui.findings import plots

MATRIX = """
[paths]
family = "nowhere"
[measure]
prompts = 1
items = 1
settings = { strategies = ["bold"], draws = 1, max_new_tokens = 4, device = "cpu" }
[[models]]
name = "stories"
base = "{family}/target"
[[benchmarks]]
name = "facts"
forget = "forget.jsonl"
retain = "forget.jsonl"
spec = "jsonl=forget.jsonl"
[[methods]]
name = "ga"
epochs = 1
lr = 1e-2
batch_size = 1
grad_accum = 1
set = { warmup = 0 }
"""


def bench(*words: str, home: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "unpact_tui", "bench", *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "XDG_CACHE_HOME": str(home), "OMP_NUM_THREADS": "1"},
        timeout=600,
    )


@pytest.mark.soak
@pytest.mark.timeout(300)
def test_a_matrix_is_unlearned_measured_and_not_done_twice(
    family: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plots, "available", lambda: False)  # drawn elsewhere, and slowly
    row = (family / "forget.jsonl").read_text("utf-8").splitlines()[1]  # a short one
    (tmp_path / "forget.jsonl").write_text(f"{row}\n", "utf-8")
    (tmp_path / "m.toml").write_text(MATRIX, "utf-8")
    out = tmp_path / "out"
    words = (str(tmp_path / "m.toml"), "--path", f"family={family}", "--out", str(out))
    done = CliRunner().invoke(app, ["bench", *words, "--json"])
    assert done.exit_code == 0, done.stderr
    (part,) = json.loads(done.stdout)["blocks"]
    (ga,) = part["findings"]["methods"]
    assert ga == {"member": "ga", "method": "ga"}
    base, unlearned = part["findings"]["metrics"]
    name = "forget_Q_A_Prob"
    assert base["metrics"][name]["estimate"] > 0.5 > unlearned["metrics"][name]["estimate"]
    (checkpoint,) = (out / "checkpoints" / "stories" / "facts").glob("ga-0-*/checkpoint-1")
    made = checkpoint.stat().st_mtime_ns
    (kept,) = (out / "measured").iterdir()
    kept.unlink()
    again = CliRunner().invoke(app, ["bench", *words, "--dry-run"])
    assert "1 checkpoints: 1 unlearned; steps to unlearn: 0" in again.stdout
    assert checkpoint.stat().st_mtime_ns == made


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_two_models_are_measured_and_told_about(built_demo: BuiltDemo, tmp_path: Path) -> None:
    home, root = built_demo.home, built_demo.root
    words = ["--findings", "--seeds", "0", "--members", "rmu,ga", "--forget", "2"]
    words += ["--set", "strategies=bold_each,retokenise", "--set", "draws=1", "--json"]
    places = ["--zoo", str(root), "--out", str(tmp_path / "out"), "--page", str(tmp_path / "p.md")]
    done = bench(*words, *places, home=home)
    assert done.returncode == 0, done.stderr
    assert "2/2 seed 0, ga: measured" in done.stderr
    found = json.loads(done.stdout)
    assert [one["verdicts"] for one in found["penalised"]] == [["SUPPRESSED"], ["COLLAPSED"]]
    back = {one["member"]: one["held_out"]["recovered"]["estimate"] for one in found["recovered"]}
    assert back["rmu"] > 0.5 > abs(back["ga"])
    falls = {one["member"]: one["fall_forget"]["estimate"] for one in found["focus"]}
    assert max(falls.values()) < -0.1
    assert (tmp_path / "p.md").read_text("utf-8").startswith("# Findings\n")
    assert len(list((tmp_path / "out" / "measured").iterdir())) == 2
