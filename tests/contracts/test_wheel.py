"""What is shipped is whole: built, installed out of the repository's sight, and run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("attribution", "methods", "unpact_tui")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def _run(*command: str | Path, cwd: Path | None = None) -> str:
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=cwd, env=environment
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built by the backend that is installed."""
    folder = tmp_path_factory.mktemp("dist")
    _run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def bare(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts of an environment with the wheel; its libraries are borrowed, not copied."""
    folder = tmp_path_factory.mktemp("bare")
    _run(sys.executable, "-m", "venv", "--without-pip", folder)
    python = folder / "bin" / "python"
    _run(sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", wheel)
    place = Path(
        _run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    )
    (place / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    return python.parent


def test_it_holds_the_three_packages_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
        licences = [name for name in archive.namelist() if name.endswith("licenses/LICENSE")]
    wanted = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.suffix in {".py", ".typed", ".tcss", ".json", ".jsonl"}
    }
    assert wanted <= held
    assert {f"{package}/py.typed" for package in PACKAGES} <= held
    assert any(name.endswith(".tcss") for name in held), "the style sheet"
    assert {name.partition("/")[0] for name in held} == set(PACKAGES)
    assert licences


def test_it_is_the_same_wherever_and_whenever_it_is_built(wheel: Path, tmp_path: Path) -> None:
    """In another folder, by another user's umask, in another zone and year: the same bytes."""
    copy = tmp_path / "elsewhere"
    ignored = shutil.ignore_patterns("__pycache__")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, copy / package, ignore=ignored)
    for name in ("pyproject.toml", "README.md", "LICENSE", ".gitignore"):
        shutil.copy(ROOT / name, copy)
    for number, path in enumerate(copy.rglob("*.py")):
        path.chmod(0o600 if number % 2 else 0o666)
        os.utime(path, (10**9 + number, 10**9 + number))
    script = 'umask 077; exec "$0" -m hatchling build -t wheel -d dist'
    environment = {**os.environ, "TZ": "Pacific/Kiritimati", "LC_ALL": "C", "PYTHONHASHSEED": "7"}
    subprocess.run(
        ["sh", "-c", script, sys.executable],
        cwd=copy,
        env={k: v for k, v in environment.items() if k != "SOURCE_DATE_EPOCH"},
        capture_output=True,
        check=True,
    )
    (again,) = (copy / "dist").glob("*.whl")
    assert again.name == wheel.name
    assert sha256(again.read_bytes()).hexdigest() == sha256(wheel.read_bytes()).hexdigest()


def test_it_runs_where_nothing_else_is(bare: Path, tmp_path: Path) -> None:
    assert _run(bare / "unpact-tui", "--version", cwd=tmp_path) == "unpact-tui 0.1.0\n"
    for package in PACKAGES:
        where = f"import {package}; print({package}.__file__)"
        file = Path(_run(bare / "python", "-c", where, cwd=tmp_path).strip())
        assert file.is_relative_to(bare.parent), "imported from the wheel"


def test_it_knows_its_plug_ins(bare: Path, tmp_path: Path) -> None:
    assert "leave_one_out" in _run(bare / "unpact-tui", "estimators", cwd=tmp_path)
    assert "bold" in _run(bare / "unpact-tui", "strategies", cwd=tmp_path)
