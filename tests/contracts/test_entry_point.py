"""The console script: clear about a package that is not ours, and honest about how it ends."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ENTRY = "from unpact_tui.__main__ import main; main()"


def run_with(*path: Path, code: str = ENTRY) -> subprocess.CompletedProcess[str]:
    """Run the console script with folders before ours on the path."""
    return subprocess.run(
        [sys.executable, "-c", code, "--version"],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, [*path, ROOT]))},
        cwd=ROOT.anchor,
        check=False,
        timeout=60,
    )


def install_foreign(folder: Path, package: str = "attribution") -> None:
    """Do what installing an unrelated project of the same import name does."""
    (folder / package).mkdir(parents=True, exist_ok=True)
    (folder / package / "__init__.py").write_text("", "utf-8")
    (folder / package / "errors.py").write_text("class Oops(Exception): ...\n", "utf-8")
    metadata = folder / "changes-1.8.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: changes\nVersion: 1.8.0\n")
    (metadata / "RECORD").write_text(
        f"{package}/__init__.py,,\nchanges-1.8.0.dist-info/METADATA,,\n"
    )


def test_it_says_its_version() -> None:
    done = run_with()
    assert (done.returncode, done.stdout, done.stderr) == (0, "unpact-tui 0.1.0\n", "")


@pytest.mark.parametrize("package", ["attribution", "methods"])
def test_a_foreign_package_is_explained_in_one_line(tmp_path: Path, package: str) -> None:
    install_foreign(tmp_path, package)
    done = run_with(tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert f"{package!r} in {tmp_path / package} belongs to changes 1.8.0" in done.stderr
    assert "pipx install unpact-tui, or uv tool install unpact-tui" in done.stderr


def test_a_foreign_package_that_nobody_installed(tmp_path: Path) -> None:
    (tmp_path / "attribution.py").write_text("", "utf-8")
    done = run_with(tmp_path)
    assert done.returncode == 2
    assert f"{tmp_path / 'attribution.py'} belongs to something else" in done.stderr


def test_control_sequences_in_a_path_are_not_printed(tmp_path: Path) -> None:
    install_foreign(tmp_path / "\x1b[2J")
    done = run_with(tmp_path / "\x1b[2J")
    assert done.returncode == 2
    assert "\x1b" not in done.stderr


def test_a_package_that_was_overwritten_in_place(tmp_path: Path) -> None:
    """Both projects in one folder: the later installation leaves a mixture of the two."""
    for package in ("attribution", "methods", "unpact_tui"):
        shutil.copytree(ROOT / package, tmp_path / package)
    install_foreign(tmp_path)
    done = run_with(tmp_path)
    assert done.returncode == 2
    assert f"{tmp_path / 'attribution'} belongs to changes 1.8.0" in done.stderr
    assert "Traceback" not in done.stderr


def _with_cli(body: str) -> str:
    stub = f"import sys, types; cli = types.ModuleType('cli')\ndef app(prog_name):\n    {body}\n"
    return f"{stub}cli.app = app; sys.modules['unpact_tui.cli'] = cli\n{ENTRY}"


@pytest.mark.parametrize(
    ("body", "code"), [("raise KeyboardInterrupt", 130), ("raise SystemExit(3)", 3), ("pass", 0)]
)
def test_how_it_ends(body: str, code: int) -> None:
    done = run_with(code=_with_cli(body))
    assert (done.returncode, done.stderr) == (code, "")


def test_a_bug_stays_a_traceback() -> None:
    done = run_with(code=_with_cli("raise RuntimeError('seven')"))
    assert done.returncode == 70
    assert done.stderr.startswith("Traceback")
    assert done.stderr.endswith("RuntimeError\n")
    assert "seven" not in done.stderr, "which might be a prompt or a key"


def test_the_words_of_a_bug_are_shown_to_whoever_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNPACT_BUG_WORDS", "1")
    done = run_with(code=_with_cli("raise RuntimeError('seven')"))
    assert done.stderr.endswith("RuntimeError: seven\n")
