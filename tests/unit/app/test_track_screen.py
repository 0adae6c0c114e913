"""A run over its steps: the scrubber, the prompts, the words, and what is said beside them."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from boards import EACH, SIZES, app_of
from inspector import until
from painted import assert_harmless, on_screen
from textual.geometry import Region
from textual.pilot import Pilot
from track_fixture import RUN, run, step, written

from unpact_tui.app import board
from unpact_tui.app.board import BoardApp
from unpact_tui.app.frame import Looks
from unpact_tui.app.glyphs import ASCII, UNICODE
from unpact_tui.app.screens.track import TrackScreen
from unpact_tui.app.triage_opening import Place
from unpact_tui.app.widgets.track_map import TrackMap
from unpact_tui.app.widgets.track_rows import Picture, Step, TrackRows, scale_of
from unpact_tui.document import encode
from unpact_tui.track.schema import TrackedStep
from unpact_tui.track.units import over_steps, units


def page(pilot: Pilot[None]) -> TrackScreen:
    screen = pilot.app.screen
    assert isinstance(screen, TrackScreen)
    return screen


def head(app: BoardApp) -> str:
    return on_screen(app).splitlines()[0]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return written(tmp_path / "run.jsonl", run())


@pytest.mark.parametrize("size", SIZES)
async def test_every_size(path: Path, size: tuple[int, int]) -> None:
    app = app_of(path)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        shown = on_screen(app)
        assert "step 60" in shown
        assert "▸Basil" in shown
        if size[1] >= 18:
            assert "forgetting 30" in shown
        if size[1] >= 40:
            assert "retained answers lost" in shown


async def test_the_scrubber(path: Path) -> None:
    app = app_of(path)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        assert "step 60 (6 of 6)   COLLAPSED" in head(app)
        await pilot.press("left", "left")
        assert "step 40 (4 of 6)   not measured" in head(app)
        assert "not measured: It is torn." in on_screen(app)
        await pilot.press("enter")
        await until(pilot, lambda: "This checkpoint" in on_screen(app))
        assert app.is_running
        await pilot.press("home")
        assert "step 10 (1 of 6)   RETAINED" in head(app)
        assert "LP −0.25 of −0.05  focus kept 95%" in on_screen(app)
        await pilot.press("left")
        assert "step 10" in head(app)
        await pilot.press("n")
        assert "step 30" in head(app)
        await pilot.press("n", "n", "n")
        assert "step 30" in head(app)  # round the end


async def test_prompts_words_and_their_order(path: Path) -> None:
    app = app_of(path)
    async with app.run_test(size=(120, 40)) as pilot:
        assert "prompt 1 of 2 · forget · forget-1" in head(app)
        await pilot.press("down", "down")
        assert "prompt 2 of 2 · forget · forget-2" in head(app)
        assert on_screen(app).splitlines()[5].split()[0] == "Where"
        await pilot.press("s")
        assert on_screen(app).splitlines()[5].split()[0] == "▸Basil"
        await pilot.press("up")
        assert "forget-1" in head(app)


async def test_enter_ends_with_the_command_and_comes_back(path: Path) -> None:
    app = app_of(path)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("down", "home", "enter")
        await pilot.pause()
        assert app.wanted[0] == "compare"
        assert app.at == Place("key-checkpoint-10", "forget-2")
    again = BoardApp(app._follower, Looks(), app.at)
    async with again.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        assert "step 10 (1 of 6)" in head(again)
        assert "forget-2" in head(again)


async def test_the_last_step_is_followed_and_another_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(board, "PERIOD", 3600.0)
    path = written(tmp_path / "run.jsonl", run(2))
    app = app_of(path)

    def grow(one: TrackedStep) -> None:
        with path.open("ab") as file:
            file.write(encode(one) + b"\n")
        app.reread()

    async with app.run_test(size=(120, 40)) as pilot:
        grow(step(RUN[2]))
        await pilot.pause()
        assert "step 30 (3 of 3)" in head(app)
        await pilot.press("left")
        grow(step(RUN[4]))
        await pilot.pause()
        assert "step 20 (2 of 4)" in head(app)


async def test_another_step_repaints_two_rows(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = app_of(path)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        painted: list[Region] = []
        view = page(pilot).query_one(TrackMap)
        refresh = view.refresh

        def note(*regions: Region) -> TrackMap:
            painted.extend(regions or [Region(0, 0, 999, 999)])
            return refresh(*regions)

        monkeypatch.setattr(view, "refresh", note)
        await pilot.press("left")
        assert [region.height for region in painted] == [2]


@pytest.mark.parametrize("text", EACH)
async def test_hostile_text(text: str, tmp_path: Path) -> None:
    steps = [
        msgspec.structs.replace(
            one,
            row=msgspec.structs.replace(one.row, name=text, error=one.row.error and text),
            cases=tuple(
                msgspec.structs.replace(
                    case, id=text, prompt=text, answer=text, generation=text,
                    tokens=(text, *case.tokens[1:]),
                )
                for case in one.cases[:1]
            ),
        )
        for one in run()
    ]  # fmt: skip
    app = app_of(written(tmp_path / "r.jsonl", steps))
    async with app.run_test(size=(100, 30)) as pilot:
        for key in ("t", "left", "left", "s", "pagedown"):
            await pilot.press(key)
            assert_harmless(app)


async def test_plain_signs_are_ascii(path: Path) -> None:
    app = app_of(path, plain=True, no_colour=True)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("left", "t", "pagedown")
        assert on_screen(app).isascii()


@pytest.mark.soak
async def test_a_run_without_a_prompt_that_could_be_read(tmp_path: Path) -> None:
    app = app_of(written(tmp_path / "r.jsonl", [step(RUN[3])]))
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("down", "left", "n", "s")
        assert "No prompt was measured at any step." in on_screen(app)


@pytest.mark.parametrize("width", [38, 60, 78, 120, 190])
@pytest.mark.parametrize("count", [1, 6, 30, 300])
def test_rows_fit_and_the_step_is_seen(width: int, count: int) -> None:
    one = over_steps(run(), "forget-1")
    cases = tuple(one[i % 6] for i in range(count))
    found = units(cases, by_word=True)
    steps = tuple(Step(str(10 * i), "R") for i in range(count))
    for glyphs in (UNICODE, ASCII):
        rows = TrackRows(glyphs, Picture(found, steps, scale_of(found)))
        for cursor in (0, count // 2, count - 1):
            rows.place(width, cursor)
            assert cursor in rows.seen()
            written = [rows.head(0, cursor), rows.head(1, cursor)]
            written += [rows.row(row) for row in range(len(found))]
            assert all(len("".join(text for _, text in row)) <= width for row in written)
            titles = "".join(text for look, text in written[0] if look.endswith("cursor"))
            assert titles == str(10 * cursor)
            x, wide = rows.span(cursor)
            assert rows.step_at(x) == cursor == rows.step_at(x + wide - 1)
