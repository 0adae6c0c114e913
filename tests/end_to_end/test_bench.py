"""`bench --findings` on checkpoints that were really unlearned."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from end_to_end.conftest import BuiltDemo

pytestmark = [pytest.mark.soak, pytest.mark.timeout(900)]


def test_two_models_are_measured_and_told_about(built_demo: BuiltDemo, tmp_path: Path) -> None:
    home, root = built_demo.home, built_demo.root
    words = ["bench", "--findings", "--seeds", "0", "--members", "rmu,ga", "--forget", "2"]
    words += ["--set", "strategies=bold_each,retokenise", "--set", "draws=1", "--json"]
    places = ["--zoo", str(root), "--out", str(tmp_path / "out"), "--page", str(tmp_path / "p.md")]
    done = subprocess.run(
        [sys.executable, "-m", "unpact_tui", *words, *places],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "XDG_CACHE_HOME": str(home), "OMP_NUM_THREADS": "1"},
        timeout=600,
    )
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
