"""Text from models, prompts and files on every screen: shown, never obeyed."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from inspector import HOSTILE, compare_screen, opened, state_of, tried, until, workbench
from textual.pilot import Pilot
from textual.widgets import TextArea

from attribution.types import Case
from unpact_tui.app.glyphs import glyphs
from unpact_tui.app.screens.edit import AnswerInput, EditScreen, PromptArea
from unpact_tui.app.screens.error import ErrorScreen
from unpact_tui.app.screens.other import OtherScreen, beside
from unpact_tui.worker.events import Failed, Loading
from unpact_tui.worker.fake import FakeEngine
from unpact_tui.worker.protocol import Reply

_QUICK = ("clipboard", "right-to-left")
"""A control sequence, and direction."""

_LOADED = tuple(HOSTILE)[:11]

SIZES = ((160, 48), (72, 24))


def on_screen(pilot: Pilot[None]) -> str:
    """Return every character that the terminal would get, styles left out."""
    strips = pilot.app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


def assert_harmless(pilot: Pilot[None]) -> None:
    text = on_screen(pilot).replace("\n", "")
    bad = {c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    assert not bad, sorted(map(hex, map(ord, bad)))


@pytest.mark.parametrize(
    "name",
    [name if name in _QUICK else pytest.param(name, marks=pytest.mark.soak) for name in HOSTILE],
)
async def test_every_screen_shows_it_and_lives(name: str) -> None:
    text = HOSTILE[name]
    cases = (Case(text, text, text), Case("other", "Who is Ana?", text))
    engine = FakeEngine(warnings=(text,))
    app = workbench(engine, cases, names=(text, text), reference=text)
    # The two sizes in turn: what is shown where there is room, and what where there is little.
    size = SIZES[list(HOSTILE).index(name) % 2]
    async with app.run_test(size=size) as pilot:
        await opened(pilot)
        assert_harmless(pilot)
        await pilot.press("w", "space", "i", "v")
        await tried(pilot)
        assert_harmless(pilot)
        compare_screen(pilot).warn(Failed(text, text, 4))
        await pilot.pause()
        assert_harmless(pilot)
        await pilot.press("ctrl+p")
        await pilot.pause(0.3)
        assert_harmless(pilot)
        await pilot.press("escape", "question_mark")
        await pilot.pause()
        assert_harmless(pilot)
        await pilot.press("question_mark", "e")
        assert isinstance(app.screen, EditScreen)
        assert_harmless(pilot)
        await pilot.press("ctrl+g")
        engine._say(Reply(0, Failed(text, text, 4, fatal=True)))
        await until(pilot, lambda: isinstance(app.screen, ErrorScreen))
        assert_harmless(pilot)


@pytest.mark.parametrize(
    "name",
    [name if name in _LOADED else pytest.param(name, marks=pytest.mark.soak) for name in HOSTILE],
)
async def test_loading_shows_it(name: str) -> None:
    text = HOSTILE[name]
    engine = FakeEngine(manual=True)
    app = workbench(engine, names=(text, "x"))
    async with app.run_test(size=(100, 30)) as pilot:
        engine._say(Reply(1, Loading("base", text, text, 1, 2, 1, 2)))
        await pilot.pause()
        assert_harmless(pilot)


async def test_marks_stay_legible() -> None:
    text = HOSTILE["instruction"]
    async with workbench(cases=(Case("x", text, text),)).run_test(size=(160, 48)) as pilot:
        await opened(pilot)
        shown = on_screen(pilot)
        assert "[INST]" in shown
        assert "[/INST]" in shown
        assert "[/not]" in shown


async def test_an_untouched_prompt_stays_raw() -> None:
    raw = HOSTILE["clipboard"]
    async with workbench(cases=(Case("x", raw, "a"),)).run_test(size=(100, 30)) as pilot:
        await opened(pilot)
        await pilot.press("e")
        pilot.app.screen.query_one(AnswerInput).value = "b"
        await pilot.press("ctrl+s")
        await opened(pilot)
        assert state_of(pilot).case.prompt == raw
        assert state_of(pilot).case.answer == "b"


async def test_nothing_pasted_gets_into_the_fields() -> None:
    async with workbench().run_test(size=(100, 30)) as pilot:
        await opened(pilot)
        await pilot.press("e")
        area = pilot.app.screen.query_one(PromptArea)
        assert isinstance(area, TextArea)
        area.insert("\x1b]52;c;aGk=\x07\u202e\nnext")
        line = pilot.app.screen.query_one(AnswerInput)
        line.insert("\x1b[2J\u200b", 0)
        await pilot.pause()
        assert "\x1b" not in area.text
        assert "\u202e" not in area.text
        assert area.text.endswith("\nnext")
        assert line.value.startswith("␛[2J⟨200b⟩")
        assert_harmless(pilot)


async def test_a_folder_is_taken_by_its_name_and_not_by_how_that_is_shown(tmp_path: Path) -> None:
    folder = tmp_path / "[red]\x1b[2J\u202e"
    taken: list[str | None] = []
    async with workbench().run_test(size=(120, 30)) as pilot:
        screen = OtherScreen(f"{folder}/npo", glyphs(ascii_only=False), ascii_only=False)
        pilot.app.push_screen(screen, taken.append)
        await pilot.pause()
        assert_harmless(pilot)
        await pilot.press(*"rmu", "enter")
        await pilot.pause()
    assert taken == [f"{folder}/rmu"]


def test_a_path_that_no_file_can_have_lists_nothing() -> None:
    assert beside("models/a\0b/npo") == []
