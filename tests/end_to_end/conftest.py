"""The demo's checkpoints, built for real, once for all tests that need them."""

from __future__ import annotations

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from unpact_tui.demo import Progress, Zoo, build, ready, verify


@dataclass(frozen=True)
class BuiltDemo:
    """A finished family, and what was said while it was built."""

    home: Path
    """What XDG_CACHE_HOME must be for `unpact-tui demo` to find it."""
    root: Path
    zoo: Zoo
    reports: tuple[Progress, ...]


def _shared(factory: pytest.TempPathFactory) -> Path:
    """Return a folder that all processes of this test run have in common, and no other run."""
    base = factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def built_demo(tmp_path_factory: pytest.TempPathFactory) -> BuiltDemo:
    """Build the demo from nothing; about 80 seconds of one core."""
    home = _shared(tmp_path_factory) / "demo-cache"
    root = home / "unpact-tui" / "demo"
    said = home / "reports.json"
    home.mkdir(exist_ok=True)
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not said.exists():
            reports = [asdict(report) for report in build(root)]
            said.write_text(json.dumps(reports), encoding="utf-8")
    zoo = ready(root)
    assert zoo is not None
    assert verify(root) == ()
    saved = json.loads(said.read_text(encoding="utf-8"))
    return BuiltDemo(home, root, zoo, tuple(Progress(**report) for report in saved))
