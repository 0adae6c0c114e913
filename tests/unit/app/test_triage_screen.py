"""Many checkpoints as a table: sorted, filtered, opened, and growing."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from boards import EACH, SIZES, app_of
from inspector import until
from painted import assert_harmless, on_screen
from textual.pilot import Pilot
from track_fixture import row, rows, run, written

from unpact_tui.app import board
from unpact_tui.app.board import BoardApp
from unpact_tui.app.glyphs import ASCII, UNICODE
from unpact_tui.app.screens.track import TrackScreen
from unpact_tui.app.screens.triage import TriageScreen
from unpact_tui.app.triage_rows import KEYS, arranged, brief, cells, fit, heading, misread
from unpact_tui.document import encode
from unpact_tui.track.following import Board
from unpact_tui.triage.ranking import table
from unpact_tui.triage.row import Row


def page(pilot: Pilot[None]) -> TriageScreen:
    screen = pilot.app.screen
    assert isinstance(screen, TriageScreen)
    return screen


def names(app: BoardApp) -> list[str]:
    known = [one.name for one in rows()]
    found = [[name for name in known if name in line] for line in on_screen(app).splitlines()[3:9]]
    return [name for line in found for name in line[:1]]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return written(tmp_path / "triage.jsonl", rows())


@pytest.mark.parametrize("size", SIZES)
async def test_every_size(path: Path, size: tuple[int, int]) -> None:
    app = app_of(path)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        shown = on_screen(app)
        assert "Triage" in shown
        assert names(app)[:2] == ["ga-60", "idk-20"]  # worst first
        assert ("[" not in shown.splitlines()[3]) or size[0] > 100


@pytest.mark.soak
async def test_too_small(path: Path) -> None:
    app = app_of(path)
    async with app.run_test(size=(30, 8)) as pilot:
        await pilot.pause()
        assert "Too small" in on_screen(app)


async def test_looked_through_sorted_turned_and_filtered(path: Path) -> None:
    app = app_of(path)
    async with app.run_test(size=(120, 40)) as pilot:
        assert names(app) == ["ga-60", "idk-20", "npo-60", "rmu-[INST]-40", "torn"]
        await pilot.press("down", "down")
        assert "npo-60  npo  runs/npo-60" in on_screen(app)
        assert "Only mlp.down_proj of layers 5-7 moved." in on_screen(app)
        await pilot.press("G")
        assert "Could not be measured: It is torn." in on_screen(app)
        await pilot.press("s", "s")  # by name, then by what was forgotten
        assert "by forget" in on_screen(app)
        assert names(app) == ["ga-60", "rmu-[INST]-40", "npo-60", "idk-20", "torn"]
        await pilot.press("S")
        assert names(app) == ["idk-20", "npo-60", "rmu-[INST]-40", "ga-60", "torn"]
        await pilot.press("slash", *"is:supp")
        assert names(app)[:1] == ["npo-60"]
        assert "1 of 5 checkpoints" in on_screen(app)
        await pilot.press("escape", "slash", *"rmu", "enter")
        assert names(app)[:1] == ["rmu-[INST]-40"]
        await pilot.press("escape")
        assert len(names(app)) == 5
        await pilot.press("slash", *"is:zzz")
        assert "No checkpoint can be is:zzz" in on_screen(app)


async def test_enter_ends_with_the_command(path: Path) -> None:
    app = app_of(path)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("down", "enter")
        await pilot.pause()
        assert app.wanted == ("compare", "zoo/base", "runs/npo", "--prompts", "forget.jsonl")
        assert app.at.key == "key-idk-20"


async def test_a_command_of_another_kind_is_not_taken(tmp_path: Path) -> None:
    bad = row("a", "RETAINED", compare=("unpact-tui", "cache", "clear"))
    app = app_of(written(tmp_path / "t.jsonl", [bad]))
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await pilot.press("enter")
        await until(pilot, lambda: "Not opened" in on_screen(app))
        assert not app.wanted
        assert app.is_running


async def test_it_grows_and_the_cursor_stays(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(board, "PERIOD", 3600.0)
    app = app_of(path)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("down")
        with path.open("ab") as file:
            file.write(encode(row("ga-120", "COLLAPSED", keep=0.0, neutral=4.0)) + b"\n")
        app.reread()
        await pilot.pause()
        assert "6 checkpoints" in on_screen(app)
        assert page(pilot).at.key == "key-idk-20"
        path.write_bytes(b"nonsense\n")
        app.reread()
        await pilot.pause()
        # However long the path before it is, and wherever the line is broken for it.
        assert "is not a result document" in " ".join(on_screen(app).split())


async def test_nothing_yet(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_bytes(b"")
    app = app_of(path)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert "Nothing is in run.jsonl yet" in on_screen(app)
        written(path, run(2))
        app.reread()
        await pilot.pause()
        assert isinstance(app.screen, TrackScreen)


@pytest.mark.parametrize("text", EACH)
async def test_hostile_text(text: str, tmp_path: Path) -> None:
    def spoilt(one: Row) -> Row:
        return msgspec.structs.replace(
            one, name=text, path=text, reasons=(text,), error=one.error and text, method=text,
            left_out=(text,), warnings=(text,), compare=(text,), absent={"mia": text},
        )  # fmt: skip

    app = app_of(written(tmp_path / "t.jsonl", [*map(spoilt, rows())]))
    async with app.run_test(size=(100, 30)) as pilot:
        for key in ("down", "G", "s", "s", "enter"):
            await pilot.press(key)
            assert_harmless(app)


async def test_plain_signs_are_ascii(tmp_path: Path) -> None:
    app = app_of(written(tmp_path / "t.jsonl", rows()), plain=True, no_colour=True)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("s", "down")
        assert on_screen(app).isascii()


def test_what_is_for_comparison_is_on_no_front() -> None:
    beside = msgspec.structs.replace(rows()[0], warnings=("This is the reference itself.",))
    page = TriageScreen("t", UNICODE, False)
    page.show(Board("triage", (beside, *rows()[1:])))
    assert not next(row for row in page._ranked if row.key == beside.key).front


@pytest.mark.parametrize("width", range(36, 220, 7))
def test_a_row_is_as_wide_as_its_heading(width: int) -> None:
    place = fit(13, width)
    for glyphs in (UNICODE, ASCII):
        head = heading(place, KEYS[0], glyphs, falling=False)
        for one in table(rows()).checkpoints:
            assert len("".join(cells(one, place, glyphs))) == len(head) <= max(width, 36)


def test_what_is_unknown_is_last_either_way() -> None:
    ranked = table(rows()).checkpoints
    for falling in (False, True):
        assert arranged(ranked, KEYS[2], "", falling=falling)[-1].name == "torn"


def test_numbers_are_short() -> None:
    values = (0.0, 0.004, 0.05, 0.996, 1.0, 9.96, 123.0, -0.5, 1234.0, None)
    written = [brief(value, ASCII) for value in values]
    assert written == ["0", "0", ".05", "1.0", "1.0", "10", "123", "-.50", "1e3", "--"]


def test_a_condition_that_can_be_true_of_none() -> None:
    assert misread("is:sup x") == ""
    assert misread("x is:gone") == "is:gone"
