"""What every test gets: no network, folders of its own, and the real checkpoints where they are."""

from __future__ import annotations

import os
import sys
from pathlib import Path

# Before anything imports them: tests never reach a hub and never fork tokenizer threads.
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["UNPACT_CACHE"] = "0"  # what one test measured must not be another's answer
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # busy waiting starves two cores

import pytest
from hypothesis import settings

# Half as many examples where everybody waits for them; a person's own runs have all.
settings.register_profile("gate", max_examples=50)
if os.environ.get("CI"):
    settings.load_profile("gate")

_DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data"
_BASELINE = (3, 11)


def pytest_configure(config: pytest.Config) -> None:
    """Refuse to write snapshots on a Python that does not read them the same."""
    wanted = config.getoption("update_snapshots", default=False)
    if wanted and sys.version_info[:2] != _BASELINE:
        raise pytest.UsageError("Snapshots are written on Python 3.11 only.")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let each process, which gets an equal part of the list, begin with what takes long.

    Tests of one file stay together, for what they share; so does what needs the built demo: another
    process would wait while one builds it.
    """
    count = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    room = -(-len(items) // count)
    files: dict[str, list[pytest.Item]] = {}
    rest: list[pytest.Item] = []
    for item in items:
        if "slow" in item.keywords or "soak" in item.keywords:
            name = "demo" if "demo" in item.nodeid else item.nodeid.partition("::")[0]
            files.setdefault(name, []).append(item)
        else:
            rest.append(item)
    parts: list[list[pytest.Item]] = [files.pop("demo", []), *([] for _ in range(count - 1))]
    for slow in sorted(files.values(), key=len, reverse=True):
        # What is built for the demo takes as long as many other tests.
        min(parts[1:] or parts, key=len).extend(slow)
    for part in parts:
        missing = max(0, room - len(part))
        part += rest[:missing]
        del rest[:missing]
    items[:] = [item for part in parts for item in part]


@pytest.fixture(autouse=True)
def _unheard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no test's process be told to end because an earlier test's was: apps would obey."""
    from unpact_tui import ending

    monkeypatch.setattr(ending, "_ears", [ending._Ear()])


@pytest.fixture(autouse=True)
def own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep every test out of the home folder."""
    home = tmp_path_factory.mktemp("home")
    for name in ("CACHE", "CONFIG", "STATE", "DATA"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
    monkeypatch.delenv("NO_COLOR", raising=False)


@pytest.fixture(autouse=True)
def nothing_printed_raw(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail where the last gate of standard output has to mend what somebody forgot to show."""
    from unpact_tui.display import harmless

    def complain(text: str) -> str:
        assert harmless(text) == text, f"printed without display_text: {text[:200]!a}"
        return text

    monkeypatch.setattr("unpact_tui.destination.harmless", complain)


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of real data and models; tests that need it are skipped without it."""
    if not _DATA.is_dir():
        pytest.skip("no real checkpoints beside the repository (../shared/data)")
    return _DATA


@pytest.fixture(scope="session")
def family(data: Path) -> Path:
    """A base, a retrained reference and two unlearned checkpoints, all real."""
    return data / "models" / "stories260K-tofu"
