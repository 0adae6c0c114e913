"""Whatever lies in a folder, opening it unpickles nothing, runs nothing and asks no network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

_TESTS = Path(__file__).resolve().parents[1]


@pytest.mark.slow
def test_no_pickle_no_code_no_network(tmp_path: Path) -> None:
    """The variables that keep libraries off the network are unset on purpose."""
    environ = {name: value for name, value in os.environ.items() if "OFFLINE" not in name}
    environ |= {"PYTHONPATH": f"{_TESTS.parent}{os.pathsep}{_TESTS}", "OMP_NUM_THREADS": "1"}
    environ |= {"HF_HOME": str(tmp_path / "hub"), "XDG_STATE_HOME": str(tmp_path / "state")}
    (folder := tmp_path / "models").mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "fuzzing.sealed", str(folder)],
        capture_output=True,
        text=True,
        env=environ,
        timeout=280,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    told = json.loads(done.stdout)
    assert told["noted"] == []
    assert not told["ran"]
    assert told["ended"] == _ENDS
    # The detector works: what a person names on the hub is asked for.
    assert set(told["asked"]) == {"network: socket.getaddrinfo"}


_ENDS = {
    "plain": "opened",
    "_beside": "opened",
    "library_beside": "opened",
    "_needed": "RemoteCode",
    "library_needed": "CannotOpen",
    "_elsewhere": "RemoteCode",
    "library_elsewhere": "CannotOpen",
    "_kernel": "RemoteCode",
    "library_kernel": "CannotOpen",
    "_tokenizer": "RemoteCode",
    "library_tokenizer": "CannotOpen",
    "_template": "TemplateRefuses",
    "library_template": "TemplateRefuses",
    "_pickled": "PickleOnly",
    "library_pickled": "CannotOpen",
    "_indexed": "PickleOnly",
    "library_indexed": "CannotOpen",
    "_named": "Unreadable",
    "library_named": "CannotOpen",
    "_mapped": "opened",
    "_megatron": "NotACheckpoint",
    "_corda": "Unreadable",
    "_pickled_adapter": "PickleOnly",
    "named by a file": "NotACheckpoint",
    "named by a person": "Offline",
}
