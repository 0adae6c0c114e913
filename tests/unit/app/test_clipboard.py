"""Copying: what goes where, what is made harmless on the way, and what is said about it."""

from __future__ import annotations

import base64
import os
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unpact_tui import paths
from unpact_tui.app.clipboard import LONGEST, PATIENCE, Copied, copy, pasteable

INSIDE = {"TMUX": "/tmp/tmux,1,0", "PATH": os.environ["PATH"]}
HOSTILE = "Ana\x1b]52;c;aGk=\x07\x1b[201~rm\r\n\tx\x9b2J\x7f \u202e\udce2 é"


@dataclass
class Tmux:
    """Answers as told, one answer per call."""

    answers: list[int | Exception]
    calls: list[tuple[tuple[str, ...], bytes]] = field(default_factory=list)

    def __call__(
        self,
        args: Sequence[str],
        *,
        input: bytes,
        env: Mapping[str, str],
        stdout: int,
        stderr: int,
        timeout: float,
        check: bool,
    ) -> subprocess.CompletedProcess[bytes]:
        assert env == INSIDE
        assert timeout == PATIENCE
        assert not check
        assert stdout == stderr == subprocess.DEVNULL
        self.calls.append((tuple(args), input))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return subprocess.CompletedProcess(tuple(args), answer)


def raw(copied: Copied) -> bytes:
    assert copied.path is not None
    return copied.path.read_bytes()


def test_outside_tmux_the_terminal_and_the_file_have_it() -> None:
    sent: list[str] = []
    tmux = Tmux([])
    copied = copy("an answer", {}, sent.append, tmux)
    assert copied == Copied(
        ("terminal",),
        paths.state() / "clipboard.txt",
        f"Copied to the terminal's clipboard. The text is in {paths.state()}/clipboard.txt",
    )
    assert sent == ["an answer"]
    assert raw(copied) == b"an answer"
    assert tmux.calls == []


def test_inside_tmux_both_have_it() -> None:
    sent: list[str] = []
    tmux = Tmux([0])
    copied = copy("é", INSIDE, sent.append, tmux)
    assert copied.routes == ("tmux", "terminal")
    assert copied.note.startswith("Copied to tmux and the terminal's clipboard. ")
    assert tmux.calls == [(("tmux", "load-buffer", "-w", "-"), "é".encode())]
    assert sent == ["é"]


def test_an_old_tmux_gets_it_without_the_option() -> None:
    tmux = Tmux([1, 0])
    assert copy("x", INSIDE, None, tmux).routes == ("tmux",)
    assert [call[0][2:] for call in tmux.calls] == [("-w", "-"), ("-",)]


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ([1, 1], "tmux did not take it."),
        ([subprocess.TimeoutExpired("tmux", 2)], "tmux did not answer."),
        ([FileNotFoundError("tmux")], "tmux could not be run."),
        ([PermissionError("tmux")], "tmux could not be run."),
        ([1, subprocess.TimeoutExpired("tmux", 2)], "tmux did not answer."),
    ],
)
def test_a_tmux_that_fails_is_named(answers: list[int | Exception], said: str) -> None:
    sent: list[str] = []
    copied = copy("x", INSIDE, sent.append, Tmux(answers))
    assert copied.routes == ("terminal",)
    assert said in copied.note
    assert sent == ["x"]
    assert raw(copied) == b"x"


def test_nothing_in_reach_leaves_the_file() -> None:
    copied = copy("x", {}, None, Tmux([]))
    assert copied.routes == ()
    assert copied.note == f"No clipboard is in reach. The text is in {copied.path}"


@pytest.mark.parametrize(("length", "sent"), [(55_500, True), (55_501, False)])
def test_a_terminal_gets_no_more_than_it_takes(length: int, sent: bool) -> None:
    text = "x" * length
    assert (len(base64.b64encode(text.encode())) <= LONGEST) is sent
    written: list[str] = []
    copied = copy(text, {}, written.append, Tmux([]))
    assert written == ([text] if sent else [])
    assert ("too long" in copied.note) is not sent
    assert raw(copied) == text.encode()


def test_control_characters_are_visible_but_in_the_file() -> None:
    sent: list[str] = []
    tmux = Tmux([0])
    copied = copy(HOSTILE, INSIDE, sent.append, tmux)
    shown = "Ana␛]52;c;aGk=␇␛[201~rm␍\n\tx⟨9b⟩2J␡ \u202e⟨dce2⟩ é"
    assert sent == [shown]
    assert tmux.calls[0][1] == shown.encode()
    assert raw(copied) == HOSTILE.encode(errors="backslashreplace")
    assert "control characters" in copied.note


@given(st.text(st.characters()))
def test_no_paste_holds_a_control_character(text: str) -> None:
    shown = pasteable(text)
    assert not {c for c in shown if (ord(c) < 32 or 127 <= ord(c) < 160) and c not in "\n\t"}
    shown.encode()
    assert pasteable(shown) == shown


def test_the_file_is_private_and_replaced_whole() -> None:
    copied = copy("first, and longer", {}, None, Tmux([]))
    assert copied.path is not None
    assert stat.S_IMODE(copied.path.stat().st_mode) == 0o600
    copied.path.chmod(0o644)
    copy("second", {}, None, Tmux([]))
    assert raw(copied) == b"second"
    assert stat.S_IMODE(copied.path.stat().st_mode) == 0o600
    assert [path.name for path in copied.path.parent.iterdir()] == ["clipboard.txt"]


@pytest.mark.parametrize("in_the_way", ["state", "file"])
def test_a_file_that_cannot_be_written_costs_only_the_file(
    in_the_way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    if in_the_way == "state":
        (tmp_path / "unpact-tui").write_text("a file")
    else:
        (tmp_path / "unpact-tui" / "clipboard.txt").mkdir(parents=True)
    sent: list[str] = []
    copied = copy("x", {}, sent.append, Tmux([]))
    assert (copied.routes, copied.path, sent) == (("terminal",), None, ["x"])
    assert copied.note.endswith("It could not be written to a file.")
    assert copy("x", {}, None, Tmux([])).note == (
        "No clipboard is in reach. It could not be written to a file either."
    )


# ---------------------------------------------------------------- a real tmux


@pytest.fixture
def server() -> Iterator[list[str]]:
    """A tmux of its own, as the start of a command line."""
    if shutil.which("tmux") is None:
        pytest.skip("there is no tmux")
    # A socket's path is at most about a hundred characters long.
    folder = tempfile.mkdtemp(prefix="unpact-")
    tmux = ["tmux", "-S", f"{folder}/s", "-f", "/dev/null"]
    subprocess.run([*tmux, "new-session", "-d", "sleep 60"], check=True, timeout=20)
    yield tmux
    subprocess.run([*tmux, "kill-server"], check=False, timeout=20)
    shutil.rmtree(folder)


def test_a_real_tmux_has_it_byte_by_byte(server: list[str]) -> None:
    text = "Where was Ána\n\tborn? " + "x" * 100_000
    environ = {"TMUX": f"{server[2]},1,0", "PATH": os.environ["PATH"]}
    copied = copy(text, environ, None)
    assert copied.routes == ("tmux",)
    shown = subprocess.run([*server, "show-buffer"], capture_output=True, check=True, timeout=20)
    assert shown.stdout == text.encode()


def test_a_tmux_that_is_gone_is_named(tmp_path: Path) -> None:
    if shutil.which("tmux") is None:
        pytest.skip("there is no tmux")
    environ = {"TMUX": f"{tmp_path}/none,1,0", "PATH": os.environ["PATH"]}
    copied = copy("x", environ, None)
    assert copied.routes == ()
    assert "tmux did not take it." in copied.note
