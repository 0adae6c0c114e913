"""Prompts, answers, ids and folder names that try to take the terminal over: shown, never obeyed.

Read from the bytes that the terminal gets: it does not matter which widget let something through.
"""

from __future__ import annotations

import json
import shutil
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from end_to_end.inspecting import HELP, assert_restored, inspector, judged, question, tried
from end_to_end.streams import taken_apart
from end_to_end.terminal import Terminal

HOSTILE = (
    "[INST] Who is Ana? [/INST] [/not] [red]x[/red]",
    "Ana \x1b]52;c;aGk=\x07 wrote \x1b[2J\x1b[H it",
    "Ana \x9b2J \x9d52;c;aGk=\x9c and \x85 \u202edarP\u202c \u200f\u2066 too",
    "Nul \x00\x07\x08 here \x7f and \x1bc \x1bP+q544e\x1b\\ \x1b]0;owned\x07 \x1b[?1049l\x1b[6n",
    "[@click=app.quit]x[/] " + "W" * 60 + " \r\n\u2028 word",
)
SHOWN = ("[INST]", "␛]52;c;aGk=␇", "⟨9b⟩2J", "␛P+q544e␛\\", "[@click=app.quit]x[/]")
"""A part of each as it must stand on the screen."""

SETTINGS = ("-s", "strategies=bold", "-s", "draws=1", "-s", "max_new_tokens=8")
_OWN_MODES = {"7", "25", "1000", "1003", "1004", "1006", "1015", "1049", "2004"}


def assert_harmless(raw: bytes) -> None:
    stream = taken_apart(raw)
    text = stream.text.replace("\r\n", "")
    bad = {c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    assert not bad, sorted(map(hex, map(ord, bad)))
    assert stream.controls <= {"H", "$p", "?$p", ">u", "<u"}
    assert {mode.lstrip("?").rstrip("hl") for mode in stream.modes} <= _OWN_MODES
    assert stream.commands <= {"22;default", "22;text"}  # shapes of the mouse pointer


@pytest.fixture(scope="module")
def started(family: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    folder = tmp_path_factory.mktemp("hostile")
    prompts = folder / "prompts.jsonl"
    rows = [
        {"id": text, "prompt": text, "answer": text[:30], "split": "forget"} for text in HOSTILE
    ]
    prompts.write_text("\n".join(map(json.dumps, rows)) + "\n", encoding="utf-8")
    name = folder / "[red]npo\x1b]52;c;aGk=\x07\u202e"
    shutil.copytree(family / "unlearned-npo", name)
    words = ("compare", family / "target", name, prompts, *SETTINGS)
    env = {"XDG_STATE_HOME": str(folder)}
    with inspector(*words, columns=140, rows=44, env=env) as terminal:
        terminal.wait_for("importing torch")
        assert_harmless(terminal.raw)
        yield terminal
        terminal.press("q")
        assert terminal.exit_code() == 0
        assert_restored(terminal)
        assert_harmless(terminal.raw)


def go_to(terminal: Terminal, number: int) -> None:
    terminal.wait_for("─UNLEARNED")
    terminal.press(*["["] * 5, *["]"] * number, "home")
    terminal.wait_for(f"prompt {number + 1} of 5")
    judged(terminal)


@pytest.mark.parametrize(
    "number", [0, *(pytest.param(n, marks=pytest.mark.soak) for n in range(1, 5))]
)
def test_a_prompt_is_shown_and_not_obeyed(started: Terminal, number: int) -> None:
    go_to(started, number)
    assert any(SHOWN[number] in row for row in started.screen())
    assert any("[red]npo␛]52;c;aGk=␇⟨202e⟩" in row for row in started.screen())
    started.press("w", "space", "i", "2")
    tried(started)
    started.press("e")
    started.wait_for("Answer to test")
    started.settle()
    assert_harmless(started.raw)
    started.press("ctrl+g")
    started.wait_gone("Answer to test")
    started.press("c", "i", "1", "?")
    started.wait_for(HELP)
    started.press("?")
    started.wait_gone(HELP)
    assert_harmless(started.raw)
    assert started.on_alternate_screen


@pytest.mark.soak
def test_the_palette_names_prompts_without_obeying_them(started: Terminal) -> None:
    go_to(started, 0)
    started.press("ctrl+p")
    started.wait_for("Search for commands")
    started.send("Prompt 5")
    started.wait_for("[@click=app.quit]x[/]")
    started.press("escape")
    started.wait_gone("Prompt 5")
    assert_harmless(started.raw)


@pytest.mark.soak
def test_a_click_on_a_click_action_only_moves_the_cursor(started: Terminal) -> None:
    go_to(started, 4)
    rows = started.screen()
    y, x = next((y, row.index("app.quit")) for y, row in enumerate(rows) if "app.quit" in row)
    places = [(y, x) for y, row in enumerate(rows) if (x := row.find("app.quit")) >= 0]
    assert len(places) >= 3
    for y, x in places:
        started.send(f"\x1b[<0;{x + 2};{y + 1}M\x1b[<0;{x + 2};{y + 1}m")
        started.settle()
    started.press("?")
    started.wait_for(HELP)
    started.press("?")
    started.wait_gone(HELP)
    assert_harmless(started.raw)


@pytest.mark.soak
def test_what_is_pasted_into_the_form_is_shown_too(started: Terminal) -> None:
    go_to(started, 0)
    started.press("e")
    started.wait_for("Answer to test")
    started.settle()
    started.send("\x1b[200~\x9d52 \x9b2J \u202e [/x] \x07\x1b[201~")
    started.wait_for("⟨202e⟩")
    started.settle()
    assert_harmless(started.raw)
    started.press("ctrl+g")
    started.wait_gone("Answer to test")


def test_the_name_of_a_folder_that_is_not_there(family: Path, tmp_path: Path) -> None:
    name = tmp_path / "[red]\x1b]52;c;aGk=\x07\u202e\x1b[2J"
    words = ("compare", family / "target", name, question(family, tmp_path))
    with inspector(*words, columns=300) as terminal:
        assert terminal.exit_code() == 3
        terminal.wait_for("[red]␛]52;c;aGk=␇⟨202e⟩␛[2J.")
        assert_harmless(terminal.raw)
        assert_restored(terminal)


def test_a_byte_that_is_no_text_is_only_a_wrong_key(family: Path, tmp_path: Path) -> None:
    words = ("compare", family / "target", family / "unlearned-npo", question(family, tmp_path))
    with inspector(*words) as terminal:
        terminal.wait_for("importing torch")
        terminal.send(b"\xff")  # as from a keyboard or a paste that is not UTF-8
        terminal.settle()
        terminal.press("q")
        assert terminal.exit_code() == 130
        assert b"Traceback" not in terminal.raw
