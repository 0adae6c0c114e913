"""The dialog that chooses a form and a file, and the writing of it."""

from __future__ import annotations

import stat
import unicodedata
from datetime import datetime
from pathlib import Path

import pytest
from inspector import HOSTILE
from textual.pilot import Pilot
from textual.widgets import Input

from unpact_tui.app.glyphs import glyphs
from unpact_tui.app.host import Host
from unpact_tui.app.screens.export import (
    ExportScreen,
    Form,
    PathInput,
    default_stem,
    offline,
    write_export,
)
from unpact_tui.errors import BadUsage, Unwritable

NOW = datetime(2026, 1, 2, 3, 4, 5)


class Opens(Host):
    """Opens the dialog and keeps what it gives back."""

    def __init__(self, folder: Path | None, ascii_only: bool = False) -> None:
        super().__init__()
        self.animation_level = "none"
        self.VERTICAL_BREAKPOINTS = [(0, "-flat"), (10, "-lowest"), (16, "-low"), (24, "-medium")]
        self.folder = folder
        self.ascii_only = ascii_only
        self.got: list[tuple[Form, Path] | None] = []
        self.interrupted = False

    def on_mount(self) -> None:
        """Open it."""
        self.open()

    def open(self) -> None:
        """Open it, again."""
        plain = self.ascii_only
        self.push_screen(
            ExportScreen("unpact-1", glyphs(plain), plain, self.folder), self.got.append
        )

    def action_interrupt(self) -> None:
        """Note it."""
        self.interrupted = True


def on_screen(pilot: Pilot[None]) -> str:
    strips = pilot.app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in strips)


def field(pilot: Pilot[None]) -> Input:
    return pilot.app.screen.query_one(PathInput)


async def test_a_key_chooses_the_form_and_enter_accepts(tmp_path: Path) -> None:
    app = Opens(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        for keys in ("", "j", "h", "ms"):
            await pilot.press(*keys, "enter")
            app.open()
            await pilot.pause()
    forms: tuple[Form, ...] = ("md", "json", "html", "svg")
    assert app.got == [(form, tmp_path / f"unpact-1.{form}") for form in forms]
    assert list(tmp_path.iterdir()) == []


async def test_nothing_is_chosen_by_leaving(tmp_path: Path) -> None:
    app = Opens(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        for keys in (["escape"], ["tab", "ctrl+g"]):
            await pilot.press(*keys)
            app.open()
            await pilot.pause()
    assert app.got == [None] * 2


async def test_without_a_folder_it_is_the_current_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    app = Opens(None)
    async with app.run_test(size=(120, 40)) as pilot:
        assert field(pilot).value == "unpact-1.md"
        assert "A new file in" in on_screen(pilot)
        assert str(tmp_path)[:40] in on_screen(pilot)
        await pilot.press("enter")
        assert app.got == [("md", Path("unpact-1.md"))]


async def test_the_name_can_be_typed_and_keeps_its_ending_up(tmp_path: Path) -> None:
    app = Opens(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("tab")
        field(pilot).value = ""
        await pilot.press(*"mh")
        assert field(pilot).value == "mh"
        field(pilot).value = "mh.md"
        await pilot.press("tab", "h")
        assert field(pilot).value == "mh.html"
        field(pilot).value = str(tmp_path / "report.txt")
        await pilot.press("j", "tab", "enter")
        assert app.got == [("json", tmp_path / "report.txt")]


async def test_control_s_accepts_while_typing_and_home_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    app = Opens(tmp_path / "elsewhere")
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("tab")
        field(pilot).value = " ~/a.md "
        await pilot.press("ctrl+s")
        assert app.got == [("md", tmp_path / "a.md")]


async def test_a_file_that_is_there_is_asked_for_twice(tmp_path: Path) -> None:
    (tmp_path / "unpact-1.md").write_text("old")
    (tmp_path / "unpact-1.json").write_text("old")
    app = Opens(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert "There is such a file already in" in on_screen(pilot)
        await pilot.press("enter")
        assert "The file is there: the same key once more replaces it." in on_screen(pilot)
        assert app.got == []
        await pilot.press("j", "enter")
        assert app.got == []
        await pilot.press("m", "enter")
        assert app.got == []
        await pilot.press("enter")
        assert app.got == [("md", tmp_path / "unpact-1.md")]


async def test_what_cannot_be_written_is_refused_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    app = Opens(tmp_path)
    async with app.run_test(size=(120, 40)) as pilot:
        for name, sentence in (
            ("none/a.md", "There is no folder"),
            ("", "It is a folder. Give the name of a file in it."),
            ("x" * 300, "It cannot be written: File name too long."),
            ("~nobody-of-this-name/a.md", "There is no folder"),
        ):
            field(pilot).value = name
            await pilot.press("enter", "enter")
            assert app.got == []
            assert sentence in " ".join(on_screen(pilot).split())


@pytest.mark.parametrize("size", [(40, 10), (80, 24)])
async def test_file_and_note_are_in_sight(size: tuple[int, int]) -> None:
    async with Opens(None).run_test(size=size) as pilot:
        await pilot.pause()
        shown = on_screen(pilot)
        assert "unpact-1.md" in shown
        assert "A new file in" in shown


async def test_control_c_leaves_the_application(tmp_path: Path) -> None:
    app = Opens(tmp_path)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("ctrl+c")
        assert app.interrupted


async def test_hostile_names_are_shown_and_given_back_raw(tmp_path: Path) -> None:
    # A file's name cannot hold everything, nor be of any length.
    name = (
        "".join(text[:16] for text in list(HOSTILE.values())[:11])
        .replace("\0", "")
        .replace("/", "")
    )
    (tmp_path / name).mkdir()
    app = Opens(tmp_path / name)
    async with app.run_test(size=(160, 24)) as pilot:
        shown = on_screen(pilot).replace("\n", "")
        bad = {c for c in shown if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
        assert not bad
        assert "[INST]" in field(pilot).value
        assert "⟨202e⟩" in field(pilot).value
        await pilot.press("enter")
    assert app.got == [("md", tmp_path / name / "unpact-1.md")]


async def test_nothing_pasted_gets_into_the_name(tmp_path: Path) -> None:
    async with Opens(tmp_path).run_test(size=(80, 24)) as pilot:
        field(pilot).value = ""
        field(pilot).insert_text_at_cursor("a\x1b[2J\u202e.md")
        assert field(pilot).value == "a␛[2J⟨202e⟩.md"


async def test_in_ascii_no_sign_of_ours_is_anything_else(tmp_path: Path) -> None:
    async with Opens(tmp_path, ascii_only=True).run_test(size=(80, 24)) as pilot:
        dialog = "\n".join(on_screen(pilot).splitlines()[:-1])
        assert "> m  Markdown" in dialog
        assert dialog.isascii()


# ---------------------------------------------------------------- names and writing


@pytest.mark.parametrize(
    ("case", "stem"),
    [
        (None, "unpact-20260102-030405"),
        ("tofu-12", "unpact-tofu-12"),
        ("tofu-12 (edited)", "unpact-tofu-12-edited"),
        ("../../etc/passwd", "unpact-etc-passwd"),
        ("\x1b[2J\u202e/", "unpact-2J"),
        ("é…", "unpact-20260102-030405"),
        ("..", "unpact-20260102-030405"),
        ("x" * 999, f"unpact-{'x' * 60}"),
    ],
)
def test_a_name_is_safe_anywhere(case: str | None, stem: str) -> None:
    assert default_stem(case, NOW) == stem


def test_it_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "a.md"
    write_export(file, "é\r\n")
    assert file.read_bytes() == "é\r\n".encode()
    file.chmod(0o600)
    write_export(file, b"\xc3\xa9 again")
    assert file.read_text("utf-8") == "é again"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_a_place_that_does_not_take_it_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadUsage, match="is a folder"):
        write_export(tmp_path, "x")
    with pytest.raises(BadUsage, match="There is no folder"):
        write_export(tmp_path / "none" / "a", "x")
    with pytest.raises(Unwritable, match="cannot be written"):
        write_export(tmp_path / ("x" * 300), "x")


async def test_a_picture_fetches_nothing(tmp_path: Path) -> None:
    app = Opens(tmp_path)
    async with app.run_test(size=(40, 10)):
        svg = app.export_screenshot()
    assert "https://cdnjs" in svg
    picture = offline(svg)
    assert "cdnjs" not in picture
    assert "url(" not in picture.replace("url(#", "")
    assert 'src: local("FiraCode-Regular");' in picture
