"""Work that is killed at random moments: a few of the kills that `benchmarks/kills.py` does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).resolve().parents[2] / "benchmarks" / "kills.py"


@pytest.mark.parametrize(
    ("work", "count"),
    [
        pytest.param("session", 4, marks=pytest.mark.slow),
        pytest.param("demo", 4, marks=pytest.mark.soak),
        pytest.param("unlearn", 6, marks=pytest.mark.soak),
        pytest.param("triage", 6, marks=pytest.mark.soak),
    ],
)
def test_nothing_that_was_finished_is_lost(family: Path, work: str, count: int) -> None:
    words = [str(PROGRAM), work, "--count", str(count), "--seed", "1", "--family", str(family)]
    done = subprocess.run(
        [sys.executable, *words], capture_output=True, text=True, timeout=280, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(rf"^{count} kills, seed 1: nothing was lost$", done.stdout, re.MULTILINE)
