"""The terminal is asked for, kept clean and given back."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from end_to_end.terminal import Terminal

from unpact_tui.app import tty
from unpact_tui.errors import NoTerminal

APP = """
import os, sys
from pathlib import Path
from unpact_tui.app import tty
os.environ.update(tty.textual_defaults(os.environ))
from textual.app import App
from textual.widgets import Static

class Host(App):
    def compose(self):
        yield Static("hello there", markup=False)
    def on_mount(self):
        tty.restore_on_signals(self)
    def on_key(self, event):
        if event.key == "n":
            os.write(1, b"NOISE-1")
            os.write(2, b"NOISE-2")
            self.query_one(Static).update("made noise")
        if event.key == "s":
            self.query_one(Static).update(f"{self.size.width} by {self.size.height}")
        if event.key == "q":
            self.exit()

if len(sys.argv) > 2:
    print("piped:", sys.stdin.read())
    tty.reopen_keyboard("the other command")
tty.require_terminal("the other command")
app = Host()
with tty.guard(Path(sys.argv[1])):
    app.run()
print("after")
sys.stderr.write("words\\n")
sys.exit(app.return_code or 0)
"""


def host(log: Path, *more: str) -> list[str]:
    return [sys.executable, "-c", APP, str(log), *more]


def test_native_noise_goes_to_the_log(tmp_path: Path) -> None:
    log = tmp_path / "noise.log"
    with Terminal(host(log)) as terminal:
        terminal.wait_for("hello there")
        terminal.press("n")
        terminal.wait_for("made noise")
        terminal.press("q")
        assert terminal.exit_code() == 0
        assert b"NOISE" not in terminal.raw
        assert [row.strip() for row in terminal.screen()[:2]] == ["after", "words"]
    assert log.read_text() == "NOISE-1NOISE-2"
    assert log.stat().st_mode & 0o777 == 0o600


def test_the_size_is_the_terminals(tmp_path: Path) -> None:
    with Terminal(host(tmp_path / "log"), columns=97, rows=31) as terminal:
        terminal.wait_for("hello there")
        terminal.press("s")
        terminal.wait_for("97 by 31")
        terminal.resize(63, 17)
        terminal.settle()
        terminal.press("s")
        terminal.wait_for("63 by 17")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals_give_the_terminal_back(tmp_path: Path, number: signal.Signals) -> None:
    with Terminal(host(tmp_path / "log")) as terminal:
        terminal.wait_for("hello there")
        assert terminal.on_alternate_screen
        terminal.signal(number)
        assert terminal.exit_code() == 128 + number
        assert not terminal.on_alternate_screen
        assert terminal.raw.rindex(b"\x1b[?25h") > terminal.raw.rindex(b"\x1b[?25l")
        assert terminal.raw.rindex(b"\x1b[?1000l") > terminal.raw.rindex(b"\x1b[?1000h")


def test_keys_come_from_the_terminal_when_input_is_piped(tmp_path: Path) -> None:
    with Terminal(host(tmp_path / "log", "piped"), stdin=b"a prompt") as terminal:
        terminal.wait_for("hello there")
        terminal.press("q")
        assert terminal.exit_code() == 0
        assert "piped: a prompt" in terminal.screen()[0]


def test_a_hang_up_ends_it(tmp_path: Path) -> None:
    with Terminal(host(tmp_path / "log")) as terminal:
        terminal.wait_for("hello there")
        terminal.hang_up()
        terminal.exit_code()


def test_without_a_terminal_it_says_what_to_use(tmp_path: Path) -> None:
    done = subprocess.run(
        host(tmp_path / "log"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode != 0
    assert "NoTerminal: The inspector needs a terminal." in done.stderr


def test_without_a_controlling_terminal_there_is_no_keyboard(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    done = subprocess.run(
        host(tmp_path / "log", "piped"),
        input="a prompt",
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
        timeout=60,
    )
    assert "NoTerminal" in done.stderr


@pytest.mark.parametrize(("missing", "term"), [(0, "xterm"), (2, "xterm"), (None, "dumb")])
def test_both_ends_must_be_a_terminal(
    monkeypatch: pytest.MonkeyPatch, missing: int | None, term: str
) -> None:
    monkeypatch.setattr("os.isatty", lambda descriptor: descriptor != missing)
    monkeypatch.setenv("TERM", term)
    with pytest.raises(NoTerminal) as caught:
        tty.require_terminal("unpact-tui run a b")
    assert caught.value.hint == "Without one, use: unpact-tui run a b"


def test_a_terminal_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.isatty", lambda _: True)
    monkeypatch.setenv("TERM", "xterm")
    tty.require_terminal("unused")


LOCAL = {"TERM": "xterm-256color"}


@pytest.mark.parametrize(
    ("environ", "name", "value"),
    [
        (LOCAL, "TEXTUAL_ANIMATIONS", "none"),
        (LOCAL, "TEXTUAL_FPS", "30"),
        (LOCAL | {"SSH_CONNECTION": "1 2 3 4"}, "TEXTUAL_FPS", "15"),
        (LOCAL | {"TEXTUAL_FPS": "60"}, "TEXTUAL_FPS", None),
        (LOCAL, "TEXTUAL_THEME", None),
        (LOCAL | {"NO_COLOR": "1"}, "TEXTUAL_THEME", "ansi-dark"),
        ({"TERM": "xterm"}, "TEXTUAL_THEME", "ansi-dark"),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, "TEXTUAL_THEME", None),
        ({"TERM": "xterm", "TEXTUAL_COLOR_SYSTEM": "256"}, "TEXTUAL_THEME", None),
        ({"TERM": "xterm", "TEXTUAL_THEME": "nord"}, "TEXTUAL_THEME", None),
        ({"TERM": "xterm-kitty"}, "TEXTUAL_THEME", None),
    ],
)
def test_defaults(environ: dict[str, str], name: str, value: str | None) -> None:
    assert tty.textual_defaults(environ).get(name) == value


def test_asking_for_defaults_does_not_import_textual() -> None:
    code = "import sys, unpact_tui.app.tty; sys.exit('textual' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60).returncode == 0
