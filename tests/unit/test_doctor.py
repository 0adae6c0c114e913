"""What the doctor says of terminals, machines and folders, and that it is quick about it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from unpact_tui import doctor, machine_facts, paths, terminal_facts
from unpact_tui.errors import ExitCode
from unpact_tui.finding import Ask, Finding, ask
from unpact_tui.machine_facts import Memory

LOCAL = {"TERM": "xterm-256color", "LANG": "en_GB.UTF-8"}
WIDE = os.terminal_size((132, 43))


def answering(answers: Mapping[str, str]) -> Ask:
    """Programs that print what is given, by the first word; the rest is not installed."""

    def answer(words: Sequence[str]) -> str | None:
        return answers.get(words[0])

    return answer


def terminal(
    environ: Mapping[str, str], size: os.terminal_size | None = WIDE, tmux: str = ""
) -> dict[str, Finding]:
    found = terminal_facts.findings(environ, size, ascii=False, ask=answering({"tmux": tmux}))
    return {finding.name: finding for finding in found}


# ---------------------------------------------------------------- the terminal


def test_a_good_terminal_has_no_problem() -> None:
    found = terminal(LOCAL)
    assert set(found) == {"terminal", "locale", "colours", "clipboard"}
    assert {finding.status for finding in found.values()} == {"ok"}
    assert not any(finding.hint for finding in found.values())
    assert found["terminal"].detail.startswith("xterm-256color, 132 columns and 43 rows")
    assert "256, by TERM" in found["colours"].detail
    assert "OSC 52" in found["clipboard"].detail


def test_no_terminal_is_no_problem() -> None:
    assert terminal({}, None)["terminal"].status == "ok"


@pytest.mark.parametrize(
    ("kind", "columns", "lines"), [("dumb", 80, 24), ("", 80, 24), ("xterm", 39, 24), ("st", 80, 9)]
)
def test_a_terminal_that_cannot_be_drawn_on(kind: str, columns: int, lines: int) -> None:
    found = terminal({"TERM": kind}, os.terminal_size((columns, lines)))["terminal"]
    assert found.status == "problem"
    assert found.hint


@pytest.mark.parametrize(
    ("environ", "status"),
    [
        ({"LANG": "de_DE.utf8"}, "ok"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "C"}, "problem"),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8", "LC_ALL": ""}, "ok"),
        ({"LANG": "de_DE@euro"}, "problem"),
        ({}, "problem"),
    ],
)
def test_locales(environ: dict[str, str], status: str) -> None:
    found = terminal(environ)["locale"]
    assert (found.status, bool(found.hint)) == (status, status == "problem")
    plain = terminal_facts.findings(environ, WIDE, ascii=True, ask=answering({}))
    assert {finding.status for finding in plain if finding.name == "locale"} == {"ok"}


@pytest.mark.parametrize(
    ("environ", "says"),
    [
        ({"TERM": "xterm"}, "16, by TERM"),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, "24 bits, by COLORTERM"),
        ({"TERM": "xterm", "TEXTUAL_COLOR_SYSTEM": "256"}, "256, by TEXTUAL_COLOR_SYSTEM"),
        ({"TERM": "xterm-256color", "NO_COLOR": "1"}, "none, by NO_COLOR"),
    ],
)
def test_colours(environ: dict[str, str], says: str) -> None:
    found = terminal(environ)["colours"]
    assert found.detail.startswith(says)
    assert bool(found.hint) == says.startswith("16")


TMUX = LOCAL | {"TMUX": "/tmp/tmux-0/default,1,0"}


def test_inside_tmux() -> None:
    found = terminal(TMUX, tmux="escape-time 500\nset-clipboard external\n")
    assert (found["tmux"].status, "500 ms" in found["tmux"].detail) == ("slow", True)
    assert "escape-time 10" in found["tmux"].hint
    assert found["clipboard"].detail == "tmux load-buffer -w (set-clipboard external), and a file"
    quick = terminal(TMUX, tmux="escape-time 10\nset-clipboard off\n")
    assert quick["tmux"].status == "ok"
    assert quick["clipboard"].status == "problem"
    assert "set-clipboard external" in quick["clipboard"].hint
    silent = terminal(TMUX)
    assert (silent["tmux"].status, silent["clipboard"].status) == ("ok", "ok")
    few = terminal(TMUX | {"TERM": "screen"})["colours"]
    assert "default-terminal" in few.hint


def test_inside_screen_and_over_a_line() -> None:
    found = terminal(LOCAL | {"STY": "1.pts", "SSH_CONNECTION": "1 2 3 4"})
    assert found["clipboard"].status == "problem"
    assert found["screen"].status == "ok"
    assert (found["ssh"].status, "ssh -C" in found["ssh"].hint) == ("slow", True)


# ---------------------------------------------------------------- the machine

CARD = "NVIDIA H200, 142000, 143771, 570.86.15\n"


def gpu(
    answer: str | None, build: str = "cuda", environ: Mapping[str, str] | None = None
) -> Finding:
    answers = {} if answer is None else {"nvidia-smi": answer}
    return machine_facts.gpu(environ or {}, ask=answering(answers), build=build, cores=8)


def test_a_gpu_that_can_be_used() -> None:
    found = gpu(CARD + CARD)
    assert found.status == "ok"
    assert found.detail.count("NVIDIA H200, 148.90 GB of 150.75 GB free, driver 570.86.15") == 2
    assert gpu("NVIDIA GB10, [N/A], [N/A], 580.1\n").detail == "NVIDIA GB10, driver 580.1"


@pytest.mark.parametrize(
    ("answer", "build", "environ", "status", "says"),
    [
        (None, "cuda", {}, "slow", "from about 600 million parameters"),
        ("", "cuda", {}, "problem", "names no GPU"),
        ("No devices were found\n", "cuda", {}, "problem", "names no GPU"),
        (CARD, "cpu", {}, "problem", "torch is built for cpu"),
        (CARD, "cuda", {"CUDA_VISIBLE_DEVICES": ""}, "slow", "hidden by CUDA_VISIBLE_DEVICES"),
        (CARD, "cuda", {"CUDA_VISIBLE_DEVICES": "0"}, "ok", "NVIDIA H200"),
        ("A, B, 100, 81920, 570\n", "cuda", {}, "slow", "A, B, 105 MB of 85.90 GB free"),
        (CARD, "rocm", {}, "ok", "AMD"),
    ],
)
def test_gpus(
    answer: str | None, build: str, environ: dict[str, str], status: str, says: str
) -> None:
    found = gpu(answer, build, environ)
    assert found.status == status
    assert says in found.detail
    assert status == "ok" or found.hint


@pytest.mark.parametrize(
    ("installed", "requires", "build"),
    [
        ({"torch": "2.13.0+cpu"}, [], "cpu"),
        ({"torch": "2.13.0+cu126"}, [], "cuda"),
        ({"torch": "2.13.0+rocm6.4"}, [], "rocm"),
        (
            {"torch": "2.13.0", "nvidia-cublas-cu12": "12"},
            ["numpy", 'nvidia-cublas-cu12==12.8; platform_system == "Linux"'],
            "cuda",
        ),
        ({"torch": "2.13.0"}, ['nvidia-cublas-cu12==12.8; platform_system == "Linux"'], "cpu"),
        ({}, [], "cpu"),
    ],
)
def test_what_torch_was_built_for(
    installed: dict[str, str], requires: list[str], build: str
) -> None:
    assert machine_facts.torch_build(installed.get, lambda: requires) == build


def test_a_package_that_is_missing() -> None:
    found = machine_facts.findings({}, ask=answering({}), version=lambda _: None)
    missing = [finding for finding in found if finding.status == "problem"]
    assert [finding.name for finding in missing] == list(machine_facts.PACKAGES)
    assert machine_facts.version("no-such-package") is None
    assert machine_facts.version("textual")


def test_memory_is_that_of_the_container(tmp_path: Path) -> None:
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc" / "meminfo").write_text("MemTotal: 16000000 kB\nMemAvailable: 9000000 kB\n")
    assert machine_facts.memory(tmp_path) == Memory(16_384_000_000, 9_216_000_000)
    group = tmp_path / "sys" / "fs" / "cgroup"
    group.mkdir(parents=True)
    (group / "memory.max").write_text("max\n")
    (group / "memory.current").write_text("1000000000\n")
    (group / "cpu.max").write_text("max 100000\n")
    assert machine_facts.memory(tmp_path).total == 16_384_000_000
    cores = machine_facts.processors(tmp_path)
    (group / "memory.max").write_text("4000000000\n")
    (group / "cpu.max").write_text("50000 100000\n")
    assert machine_facts.memory(tmp_path) == Memory(4_000_000_000, 3_000_000_000)
    assert machine_facts.processors(tmp_path) == 1 <= cores
    assert machine_facts.memory(tmp_path / "none").total > 0


@pytest.mark.parametrize(
    ("available", "status"), [(64e9, "ok"), (3e9, "slow"), (5e8, "problem"), (None, "ok")]
)
def test_memory(available: float | None, status: str) -> None:
    found = machine_facts.memory_finding(
        Memory(128_000_000_000, None if available is None else int(available))
    )
    assert found.status == status
    assert status == "ok" or found.hint


# ---------------------------------------------------------------- all of it


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of ours or of a multiplexer."""
    for name in list(os.environ):
        if name.startswith(("UNPACT_", "TMUX", "STY", "SSH_")):
            monkeypatch.delenv(name)


def named(environ: Mapping[str, str], folder: Path) -> dict[str, Finding]:
    return {finding.name: finding for finding in doctor.examine(environ, folder)}


@pytest.mark.usefixtures("quiet")
def test_folders_and_configuration(tmp_path: Path) -> None:
    (paths.cache() / "demo").mkdir()
    (paths.cache() / "demo" / "weights").write_bytes(b"x" * 2_000_000)
    found = named(LOCAL, tmp_path)
    assert f"{paths.cache()}: demo 2 MB;" in found["cache"].detail
    assert found["state"].detail.startswith(f"{paths.state()}: can be written; ")
    assert found["configuration"] == Finding("configuration", "ok", "nothing is configured")
    (tmp_path / ".unpact.toml").write_text('theme = "unpact-dark"\n[keys]\nhelp = "f1"\n')
    assert str(tmp_path / ".unpact.toml") in named(LOCAL, tmp_path)["configuration"].detail


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("ascii = 1", "ascii has to be true or false"),
        ('theme = "unpact-drak"', "there is no theme 'unpact-drak'"),
        ('[keys]\nhlep = "f1"', "no binding has the id 'hlep'"),
    ],
)
def test_a_configuration_that_is_wrong_is_a_line_of_the_report(
    tmp_path: Path, text: str, says: str
) -> None:
    (tmp_path / ".unpact.toml").write_text(text)
    found = doctor.examine(LOCAL, tmp_path)
    (wrong,) = (finding for finding in found if finding.name == "configuration")
    assert wrong.status == "problem"
    assert says in wrong.detail
    assert wrong.hint
    assert doctor.exit_code(found) == ExitCode.CONDITION


@pytest.mark.usefixtures("quiet")
def test_folders_that_cannot_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    found = named(LOCAL, tmp_path)
    assert found["cache"].status == found["state"].status == "problem"
    assert "XDG_CACHE_HOME" in found["cache"].hint
    assert "XDG_STATE_HOME" in found["state"].hint


def test_the_report() -> None:
    findings = (
        Finding("terminal", "ok", "a\x1b[31m"),
        Finding("gpu", "slow", "none", "Begin small."),
    )
    assert doctor.as_text(findings) == (
        "ok       terminal       a␛[31m\n"
        "slow     gpu            none\n"
        "                        Begin small.\n"
        "\nNo problem.\n"
    )
    assert doctor.exit_code(findings) == ExitCode.OK
    worse = (*findings, Finding("cache", "problem", "\udcff", "Make room."))
    assert doctor.exit_code(worse) == ExitCode.CONDITION
    assert doctor.as_text(worse).endswith("\n\n1 problem.\n")
    rows = json.loads(doctor.as_json(worse))
    assert rows[1] == {"name": "gpu", "status": "slow", "detail": "none", "hint": "Begin small."}
    assert rows[2]["detail"] == "\\udcff"


def test_another_program_is_asked_with_patience_but_not_without_end() -> None:
    assert ask(("no-such-program-anywhere",)) is None
    assert ask(("sh", "-c", "echo yes; cat")) == "yes\n", "there is nothing to read"
    assert ask(("sh", "-c", "echo no; exit 3")) == ""


COMMAND = """
import json, sys
from unpact_tui.cli_system import app
code = 0
try:
    app(["doctor", "--json"], prog_name="unpact-tui")
except SystemExit as end:
    code = end.code
heavy = {"torch", "transformers", "numpy", "textual"} & set(sys.modules)
print(json.dumps([code, sorted(heavy)]), file=sys.stderr)
"""


@pytest.mark.usefixtures("quiet")
def test_it_imports_nothing_heavy(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", COMMAND],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
        timeout=60,
    )
    code, heavy = json.loads(done.stderr)
    rows = json.loads(done.stdout)
    assert heavy == []
    assert code == any(row["status"] == "problem" for row in rows)
    assert all(row["hint"] for row in rows if row["status"] == "problem")
    assert [row["name"] for row in rows if row["name"] in machine_facts.PACKAGES]
