"""What a widget forgot to make visible is made so on the lines of any widget, in as much room."""

from __future__ import annotations

import pytest
from hostile_texts import TOGETHER
from painted import assert_harmless, on_screen
from rich.cells import cell_len
from rich.segment import Segment
from textual.app import ComposeResult
from textual.color import Color
from textual.content import Content
from textual.widgets import Static

from unpact_tui.app.frame import Frame, Looks
from unpact_tui.app.last_gate import LastGate, mended


class Forgetful(Frame):
    """Draws what it is given, everywhere that text can be drawn."""

    CSS_PATH = None

    def compose(self) -> ComposeResult:
        """Lay it out."""
        box = Static(Content(TOGETHER), id="forgetful")
        box.styles.border = ("solid", "red")
        box.border_title = Content(TOGETHER.replace("\n", ""))
        yield box

    def on_mount(self) -> None:
        """Say it as well."""
        self.notify(TOGETHER, markup=False, title="x")


async def test_nothing_gets_past_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unpact_tui.app.last_gate.mended", mended)  # complains in other tests
    app = Forgetful(Looks(), None)
    async with app.run_test(size=(70, 30), notifications=True) as pilot:
        await pilot.pause()
        assert_harmless(app)
        assert all(cell_len(line) == 70 for line in on_screen(app).split("\n"))
        assert "[/INST]" in on_screen(app)


async def test_here_it_complains() -> None:
    with pytest.raises(AssertionError, match="without display_text"):
        async with Forgetful(Looks(), None).run_test(size=(70, 30)) as pilot:
            await pilot.pause()


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("a\x1b[2Jb", "a␛[2J"),
        ("\x9b2J", "⟨9"),
        ("ok ──█ 魔", "ok ──█ 魔"),
        ("\u202e\u200b", ""),
        ("a" + "\u0301" * 99, "a"),
    ],
)
def test_it_takes_the_room_that_it_was_given(
    text: str, drawn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unpact_tui.app.last_gate.mended", mended)
    (segment,) = LastGate().apply([Segment(text)], Color(0, 0, 0))
    assert segment.text.rstrip("\u0301") == drawn
    assert segment.cell_length == cell_len(text)
