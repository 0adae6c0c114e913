"""`unpact-tui cache`: what is kept, where, and how it goes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from unpact_tui import cli_cache, paths
from unpact_tui.cache import Store

MIB = 1 << 20


@pytest.fixture(autouse=True)
def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith("UNPACT_")]:
        monkeypatch.delenv(name)


def run(*words: str, said: str | None = None) -> Result:
    return CliRunner().invoke(cli_cache.app, ["cache", *words], input=said)


def filled() -> Path:
    now = iter([1_000_000_000.0, 1_000_003_600.0])
    store = Store(paths.calls_file(), clock=lambda: next(now))
    store.put(b"a", bytes(MIB - 256))
    store.put(b"b", bytes(MIB - 256))
    store.close()
    return paths.calls_file()


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli_cache, "_is_terminal", lambda: True)


def test_where_it_is() -> None:
    done = run("path")
    assert (done.exit_code, done.output) == (0, f"{paths.calls_file()}\n")
    assert not paths.calls_file().parent.exists(), "looking makes no folder"


def test_nothing_is_there() -> None:
    done = run("info")
    assert done.exit_code == 0
    assert done.output.splitlines() == [
        f"path        {paths.calls_file()}",
        "used        yes (default)",
        "answers     0",
        "size        0.0 MiB of 512.0 MiB",
        "on disk     0.0 MiB",
    ]
    assert not paths.calls_file().parent.exists()
    assert run("clear", "--yes").output == "Let go of 0 answers, 0.0 MiB.\n"
    assert not paths.calls_file().parent.exists()


def test_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = filled()
    (tmp_path / ".unpact.toml").write_text("cache = false")
    monkeypatch.setenv("UNPACT_CACHE_MIB", "1000")
    assert run("info").output.splitlines() == [
        f"path        {file}",
        "used        no (.unpact.toml)",
        "answers     2",
        "size        2.0 MiB of 1,000.0 MiB",
        f"on disk     {file.stat().st_size / MIB:.1f} MiB",
        "oldest use  2001-09-09T01:46:40+00:00",
        "newest use  2001-09-09T02:46:40+00:00",
    ]
    assert json.loads(run("info", "--json").output) == {
        "path": str(file),
        "used": False,
        "said_by": ".unpact.toml",
        "entries": 2,
        "bytes": 2 * MIB,
        "bound": 1000 * MIB,
        "file_bytes": file.stat().st_size,
        "oldest_use": "2001-09-09T01:46:40+00:00",
        "newest_use": "2001-09-09T02:46:40+00:00",
        "trouble": None,
    }


def test_what_cannot_be_read_is_said_and_goes() -> None:
    file = paths.calls_file()
    file.parent.mkdir(parents=True)
    file.write_bytes(b"no database" * 1000)
    assert "trouble     file is not a database" in run("info").output.splitlines()
    assert json.loads(run("info", "--json").output)["trouble"] == "file is not a database"
    assert run("clear", "-y").exit_code == 0
    assert not file.exists()


def test_moments_that_are_none_are_left_out() -> None:
    file = paths.calls_file()
    Store(file, clock=lambda: 1e300).put(b"a", b"x")
    done = run("info")
    assert done.exit_code == 0
    assert "use " not in done.output.replace("used", "")


def test_it_goes_without_a_question_when_told() -> None:
    file = filled()
    size = file.stat().st_size / MIB
    done = run("clear", "--yes")
    assert (done.exit_code, done.output) == (0, f"Let go of 2 answers, {size:.1f} MiB.\n")
    assert "answers     0" in run("info").output
    assert file.stat().st_size < MIB // 8


def test_without_a_terminal_nobody_is_asked() -> None:
    filled()
    done = run("clear", said="y\n")
    assert done.exit_code == 2
    assert done.stdout == ""
    assert "--yes" in done.stderr
    assert "answers     2" in run("info").output


@pytest.mark.usefixtures("terminal")
@pytest.mark.parametrize(
    ("said", "code", "left"), [("y\n", 0, 0), ("n\n", 0, 2), ("\n", 0, 2), ("", 130, 2)]
)
def test_it_asks(said: str, code: int, left: int) -> None:
    file = filled()
    size = file.stat().st_size / MIB
    done = run("clear", said=said)
    assert done.exit_code == code
    assert f"Let go of 2 answers, {size:.1f} MiB? [y/N]:" in done.stderr
    assert f"answers     {left}" in run("info").output


@pytest.mark.usefixtures("terminal")
def test_it_asks_about_what_cannot_be_read() -> None:
    paths.calls_file().parent.mkdir(parents=True)
    paths.calls_file().write_bytes(b"no database" * 1000)
    assert "Let go of a file that cannot be read" in run("clear", said="n\n").stderr


def test_what_cannot_be_emptied_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    paths.calls_file().mkdir(parents=True)
    done = run("clear", "--yes")
    assert done.exit_code == 2
    assert "cannot be written: it is not a regular file" in done.stderr.replace("\n", " ")


def test_it_is_cheap() -> None:
    code = (
        "import sys\n"
        "from typer.testing import CliRunner\n"
        "from unpact_tui import cli_cache\n"
        "done = [CliRunner().invoke(cli_cache.app, ['cache', word]).exit_code\n"
        "        for word in ('info', 'path', 'clear')]\n"
        "heavy = {'torch', 'transformers', 'numpy', 'textual'} & set(sys.modules)\n"
        "print([int(code) for code in done], sorted(heavy))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[0, 0, 2] []\n"


def test_a_configuration_that_is_wrong(tmp_path: Path) -> None:
    (tmp_path / ".unpact.toml").write_text("cache_mib = 0")
    done = run("info")
    assert done.exit_code == 2
    assert "a whole number of MiB" in done.stderr.replace("\n", " ")
