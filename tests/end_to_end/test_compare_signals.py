"""How the inspector ends: by a key, by a signal, by a bug, without its engine, without a line.

However it ends, the shell gets its terminal back, the code says what happened, and no process with
a model in it stays behind.
"""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

import pytest
from end_to_end.inspecting import (
    QUICK,
    Engine,
    assert_restored,
    engine_of,
    inspector,
    judged,
    question,
    tried,
)
from end_to_end.terminal import Terminal

QUICKLY = 5.0
"""Seconds; one is what a person would wait for, the rest is for a busy machine."""


@pytest.fixture
def npo(family: Path, tmp_path: Path) -> tuple[object, ...]:
    """What starts an inspector on an unlearned model."""
    return ("compare", family / "target", family / "unlearned-npo", question(family, tmp_path))


def importing(terminal: Terminal) -> Engine:
    terminal.wait_for("importing torch")
    return engine_of(terminal)


def recovering(terminal: Terminal) -> Engine:
    terminal.wait_for("recovering")
    return engine_of(terminal)


def assert_ended(terminal: Terminal, engine: Engine, code: int, since: float) -> None:
    assert terminal.exit_code() == code
    assert time.perf_counter() - since < QUICKLY
    assert_restored(terminal)
    assert engine.gone(QUICKLY)
    assert "Traceback" not in "\n".join(terminal.screen())


@pytest.mark.parametrize("key", ["q", "x", "ctrl+c"])
def test_a_key_ends_it_while_torch_is_imported(npo: tuple[object, ...], key: str) -> None:
    with inspector(*npo) as terminal:
        engine = importing(terminal)
        since = time.perf_counter()
        terminal.press(key)
        assert_ended(terminal, engine, 130, since)  # nothing was shown: cancelled


@pytest.mark.soak
@pytest.mark.parametrize(
    ("key", "code"), [("q", 0), pytest.param("ctrl+c", 130, marks=pytest.mark.soak)]
)
def test_a_key_ends_it_while_every_strategy_is_tried(
    npo: tuple[object, ...], key: str, code: int
) -> None:
    with inspector(*npo) as terminal:
        engine = recovering(terminal)
        since = time.perf_counter()
        terminal.press(key)
        assert_ended(terminal, engine, code, since)


_ENDS = [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)]


@pytest.mark.parametrize(("number", "code"), _ENDS)
def test_a_signal_ends_it_while_torch_is_imported(
    npo: tuple[object, ...], number: int, code: int
) -> None:
    with inspector(*npo) as terminal:
        engine = importing(terminal)
        since = time.perf_counter()
        terminal.signal(number)
        assert_ended(terminal, engine, code, since)


@pytest.mark.soak
@pytest.mark.parametrize(("number", "code"), _ENDS[-1:])
def test_a_signal_ends_it_at_work(npo: tuple[object, ...], number: int, code: int) -> None:
    with inspector(*npo) as terminal:
        engine = recovering(terminal)
        since = time.perf_counter()
        terminal.signal(number)
        assert_ended(terminal, engine, code, since)


def test_a_dropped_line_leaves_nothing_behind(npo: tuple[object, ...]) -> None:
    with inspector(*npo) as terminal:
        engine = importing(terminal)
        terminal.hang_up()
        assert terminal.exit_code() == 129
        assert engine.gone(QUICKLY)


def test_a_killed_inspector_takes_its_engine_along(npo: tuple[object, ...]) -> None:
    with inspector(*npo) as terminal:
        engine = importing(terminal)
        terminal.signal(signal.SIGKILL)
        assert terminal.exit_code() == -signal.SIGKILL
        assert engine.gone()


def test_an_engine_that_dies_while_loading_is_said(npo: tuple[object, ...]) -> None:
    with inspector(*npo) as terminal:
        engine = importing(terminal)
        engine.kill()
        terminal.wait_for("The engine is gone")
        terminal.wait_for("it was killed by SIGKILL")
        since = time.perf_counter()
        terminal.press("q")
        assert_ended(terminal, engine, 4, since)
        terminal.wait_for("error: The engine stopped: it was killed by SIGKILL.")


@pytest.mark.soak
def test_an_engine_that_dies_can_be_started_again(family: Path, npo: tuple[object, ...]) -> None:
    with inspector(*npo[:3], family / "forget.jsonl", *QUICK) as terminal:
        judged(terminal)
        terminal.press("]")
        terminal.wait_for("prompt 2 of 20")
        judged(terminal, "UNRECOVERED")
        terminal.press("home", "w", "w", "space")
        tried(terminal)
        first = engine_of(terminal)
        before = [r for r in terminal.screen() if "recovered" in r]
        terminal.press("r")  # now on the emphasised word
        first.kill()
        terminal.wait_for("The engine is gone")
        terminal.wait_for("it was killed by SIGKILL")
        assert terminal.on_alternate_screen
        terminal.press("R")
        terminal.wait_for("importing torch")
        second = engine_of(terminal)
        terminal.wait_for("─UNLEARNED")
        # At once, without the models: what was said is remembered.
        terminal.wait_for("prompt 2 of 20", timeout=2)
        terminal.wait_for("This emphasis  bold  What", timeout=2)
        terminal.wait_for("without it", timeout=2)
        assert next(r for r in terminal.screen() if "recovered" in r)[:60] == before[0][:60]
        judged(terminal, "UNRECOVERED")  # of what was interrupted
        terminal.wait_for("All strategies  on What")
        second.kill()
        terminal.wait_for("The engine is gone")
        since = time.perf_counter()
        terminal.press("q")
        assert_ended(terminal, second, 4, since)
        assert first.gone()


@pytest.mark.parametrize("wrong", ["nowhere", "bare"])
@pytest.mark.parametrize("place", ["unlearned", "reference"])
def test_a_folder_that_is_no_checkpoint_is_one_sentence(
    npo: tuple[object, ...], tmp_path: Path, wrong: str, place: str
) -> None:
    folder = tmp_path / wrong
    words = (*npo[:2], folder, npo[3]) if place == "unlearned" else (*npo, "--reference", folder)
    if wrong == "bare":
        folder.mkdir()
        (folder / "notes.txt").write_text("no model\n", encoding="utf-8")
    with inspector(*words, columns=300) as terminal:
        assert terminal.exit_code() == 3
        assert_restored(terminal)
        said, hint = [row.strip() for row in terminal.screen() if row.strip()]
        assert said.startswith("error: ")
        assert str(folder) in said
        assert ("is not a checkpoint" if wrong == "bare" else "There is no folder") in said
        assert hint.endswith(".")
        assert b"Traceback" not in terminal.raw


_BUG = """
import sys
from unpact_tui.__main__ import main
from unpact_tui.app.screens.compare import CompareScreen


def broken(self):
    secret = "the value of a variable"
    raise RuntimeError("a bug")


CompareScreen.action_view = broken
main()
"""


@pytest.mark.soak
def test_a_bug_names_the_file_it_left_behind(npo: tuple[object, ...], tmp_path: Path) -> None:
    state = tmp_path / "state"
    argv = [sys.executable, "-c", _BUG, *map(str, npo)]
    env = {"OMP_NUM_THREADS": "1", "XDG_STATE_HOME": str(state)}
    with Terminal(argv, 300, 40, env) as terminal:
        terminal.wait_for("─UNLEARNED")
        engine = engine_of(terminal)
        since = time.perf_counter()
        terminal.press("v")
        assert_ended(terminal, engine, 70, since)
        (report,) = state.glob("unpact-tui/crash-*.log")
        terminal.wait_for(f"unpact-tui has a bug and had to stop. What happened is in {report}")
    text = report.read_text(encoding="utf-8")
    assert "RuntimeError: a bug" in text
    assert "the value of a variable" not in text.replace('secret = "the value of a variable"', "")
    assert report.stat().st_mode & 0o077 == 0
