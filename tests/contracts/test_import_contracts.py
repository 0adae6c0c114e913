"""The contracts in pyproject.toml hold, and each of them bites when it is broken."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINT = [
    sys.executable,
    "-c",
    "from importlinter.cli import lint_imports_command as c; c()",
    "--no-cache",
]


def _lint(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(LINT, capture_output=True, text=True, cwd=folder, check=False, timeout=60)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The packages and their contracts, free to be spoilt."""
    for package in ("attribution", "methods", "unpact_tui"):
        shutil.copytree(
            ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_they_hold(copy: Path) -> None:
    done = _lint(copy)
    assert done.returncode == 0, done.stdout
    assert " 0 broken." in done.stdout


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        ("attribution/words.py", "import unpact_tui.display", "these know neither it nor each"),
        ("attribution/words.py", "import methods.errors", "these know neither it nor each"),
        ("methods/errors.py", "import attribution.errors", "these know neither it nor each"),
        ("unpact_tui/display.py", "import torch", "the screen draws plain values"),
        ("unpact_tui/app/palette.py", "import attribution.hf", "the screen draws plain values"),
        ("unpact_tui/display.py", "import textual", "Textual only on the screen"),
        ("attribution/types.py", "import rich.text", "rich only on the screen"),
        ("attribution/types.py", "import attribution.words", "no cycles"),
    ],
)
def test_each_bites(copy: Path, module: str, line: str, contract: str) -> None:
    path = copy / module
    path.write_text(f"{path.read_text('utf-8')}\n{line}\n", "utf-8")
    done = _lint(copy)
    assert done.returncode == 1
    broken = done.stdout.partition("Broken contracts")[2].replace("\n", " ")
    assert contract in broken
