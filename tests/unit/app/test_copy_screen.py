"""The dialog that chooses what to copy."""

from __future__ import annotations

import unicodedata

import pytest
from inspector import HOSTILE
from textual.pilot import Pilot

from unpact_tui.app.glyphs import glyphs
from unpact_tui.app.host import Host
from unpact_tui.app.screens.copy import Choice, CopyScreen

CHOICES = (
    Choice("p", "prompt", "Where was Ann born?"),
    Choice("a", "answer under test", "In Oslo."),
    Choice("e", "emphasised answer", ""),
    Choice("j", "case as JSON", '{"id": "tofu-12"}' * 100),
    Choice("?", "with a name of its own", "by its character"),
)


class Opens(Host):
    """Opens the dialog and keeps what it gives back."""

    def __init__(self, choices: tuple[Choice, ...] = CHOICES, ascii_only: bool = False) -> None:
        super().__init__()
        self.animation_level = "none"
        self.choices = choices
        self.ascii_only = ascii_only
        self.got: list[str | None] = []
        self.interrupted = False

    def on_mount(self) -> None:
        """Open it."""
        self.open()

    def open(self) -> None:
        """Open it, again."""
        dialog = CopyScreen(self.choices, glyphs(self.ascii_only), self.ascii_only)
        self.push_screen(dialog, self.got.append)

    def action_interrupt(self) -> None:
        """Note it."""
        self.interrupted = True


def on_screen(pilot: Pilot[None]) -> str:
    strips = pilot.app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


async def test_a_key_gives_its_text() -> None:
    app = Opens()
    async with app.run_test(size=(80, 24)) as pilot:
        for key in ("j", "question_mark", "escape", "ctrl+g"):
            await pilot.press(key)
            app.open()
            await pilot.pause()
    assert app.got == [CHOICES[3].text, "by its character", None, None]


async def test_what_is_not_there_cannot_be_taken_and_other_keys_do_nothing() -> None:
    app = Opens()
    async with app.run_test(size=(80, 24)) as pilot:
        assert "emphasised answer       nothing yet" in on_screen(pilot)
        await pilot.press("e", "x", "enter", "down")
        assert app.got == []
        assert isinstance(app.screen, CopyScreen)
        await pilot.press("ctrl+c")
        assert app.interrupted


async def test_a_line_can_be_pointed_at() -> None:
    app = Opens()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.click(".copy-row", offset=(3, 0))
        await pilot.pause()
        assert app.got == ["Where was Ann born?"]


@pytest.mark.parametrize("size", [(80, 24), (40, 10)])
async def test_every_line_has_a_preview_and_stays_one_line(size: tuple[int, int]) -> None:
    async with Opens().run_test(size=size) as pilot:
        shown = on_screen(pilot)
        assert "p  prompt                  Where" in shown
        assert 'j  case as JSON            {"id"' in shown
        assert all(row.size.height == 1 for row in pilot.app.screen.query(".copy-row"))


async def test_in_ascii_no_sign_of_ours_is_anything_else() -> None:
    async with Opens(ascii_only=True).run_test(size=(80, 24)) as pilot:
        dialog = "\n".join(on_screen(pilot).splitlines()[:-1])
        assert "tofu-12" in dialog
        assert dialog.isascii()


async def test_hostile_text_is_shown_and_given_back_raw() -> None:
    keys = "abcdefghijklmnopqrstuvwxyz"
    app = Opens(tuple(Choice(k, "text", t) for k, t in zip(keys, HOSTILE.values(), strict=False)))
    async with app.run_test(size=(80, 24)) as pilot:
        shown = on_screen(pilot).replace("\n", "")
        bad = {c for c in shown if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
        assert not bad
        assert "[INST] Who is Ana? [/INST] [MASK] [/not]" in shown
        await pilot.press("c")
    assert app.got == [HOSTILE["clipboard"]]


def test_two_texts_cannot_have_one_key() -> None:
    with pytest.raises(ValueError, match="one key"):
        CopyScreen((CHOICES[0], Choice("p", "another", "")), glyphs(False), False)
