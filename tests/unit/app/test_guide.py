"""The guide: there first, never in the way, and its keys are the real ones."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from inspector import CASES, HOSTILE, compare_screen, opened, state_of, until, workbench
from textual.containers import VerticalScroll
from textual.pilot import Pilot
from textual.widgets import Static

from attribution.types import Case
from unpact_tui.app import keys
from unpact_tui.app.guide import Guide
from unpact_tui.app.screens.compare import CompareScreen
from unpact_tui.app.screens.edit import EditScreen
from unpact_tui.app.screens.error import ErrorScreen
from unpact_tui.app.screens.guide import GuideScreen
from unpact_tui.app.screens.help import HelpScreen
from unpact_tui.app.screens.loading import LoadingScreen
from unpact_tui.app.widgets.foot import Foot
from unpact_tui.app.workbench import Workbench
from unpact_tui.worker.fake import FakeEngine
from unpact_tui.worker.protocol import Analyse, Open, Recover

WIDE = (160, 48)
_QUICK = ("instruction", "right-to-left")
GUIDE = Guide(
    "What there is to see",
    ("Two models answer.", "One was to forget."),
    (
        ("take_key_tokens", "Emphasise."),
        ("", "Look."),
        ("show_guide", "Again."),
        ("quit", "Leave."),
    ),
)
LONG = Guide("Long", tuple(f"Paragraph {number}." for number in range(60)))


def guided(
    engine: FakeEngine | None = None,
    guide: Guide | None = GUIDE,
    cases: tuple[Case, ...] = CASES,
    *,
    restart: Callable[[], FakeEngine] | None = None,
) -> Workbench:
    return workbench(engine, cases, guide=guide, restart=restart)


def texts(pilot: Pilot[None]) -> list[str]:
    """Return every paragraph, key and sentence of the guide on the screen."""
    return [
        str(static.content) for static in pilot.app.screen.query(".guide Static").results(Static)
    ]


async def loading_behind(pilot: Pilot[None], engine: FakeEngine) -> None:
    engine.pump(2)
    await pilot.pause()
    assert isinstance(pilot.app.screen, GuideScreen)
    assert isinstance(pilot.app.screen_stack[-2], LoadingScreen)


async def test_it_is_there_while_the_checkpoints_load() -> None:
    engine = FakeEngine(manual=True)
    async with guided(engine).run_test(size=WIDE) as pilot:
        await loading_behind(pilot, engine)
        assert [type(order) for order in engine.orders] == [Open]
        assert texts(pilot) == [
            "Two models answer.",
            "One was to forget.",
            *("K", "Emphasise.", "", "Look.", "g", "Again.", "q", "Leave."),
        ]


async def test_everything_is_measured_behind_it() -> None:
    engine = FakeEngine()
    async with guided(engine).run_test(size=WIDE) as pilot:
        await opened(pilot)
        assert isinstance(pilot.app.screen, GuideScreen)
        assert [type(screen) for screen in pilot.app.screen_stack[1:]] == [
            CompareScreen,
            GuideScreen,
        ]
        assert [type(order) for order in engine.orders] == [Open, Analyse, Recover]
        await pilot.press("escape", "K")
        assert state_of(pilot).emphasis


@pytest.mark.parametrize("key", ["escape", "enter", "g"])
async def test_it_closes_while_loading_and_comes_again(key: str) -> None:
    engine = FakeEngine(manual=True)
    async with guided(engine).run_test(size=WIDE) as pilot:
        await loading_behind(pilot, engine)
        await pilot.press(key)
        assert isinstance(pilot.app.screen, LoadingScreen)
        await pilot.press("g")
        assert isinstance(pilot.app.screen, GuideScreen)
        await pilot.press(key)
        engine.pump()
        await until(pilot, lambda: isinstance(pilot.app.screen, CompareScreen))


async def test_no_key_of_the_comparison_reaches_it_through_the_guide() -> None:
    async with guided().run_test(size=WIDE) as pilot:
        await opened(pilot)
        before = state_of(pilot)
        await pilot.press("K", "]", "v", "s", "e", "right", "space", "x", "r")
        assert isinstance(pilot.app.screen, GuideScreen)
        assert state_of(pilot) is before


@pytest.mark.parametrize(
    ("key", "code"), [("q", 0), pytest.param("ctrl+q", 0, marks=pytest.mark.soak), ("ctrl+c", 130)]
)
@pytest.mark.parametrize("loaded", [False, True])
async def test_leaving_needs_one_key(key: str, code: int, loaded: bool) -> None:
    engine = FakeEngine(manual=not loaded)
    app = guided(engine)
    async with app.run_test(size=WIDE) as pilot:
        await (opened(pilot) if loaded else loading_behind(pilot, engine))
        assert isinstance(app.screen, GuideScreen)
        await pilot.press(key)
    assert app.return_code == code
    assert not engine.alive


async def test_control_c_leaves_from_help_too() -> None:
    app = guided()
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot)
        await pilot.press("escape", "?")
        assert isinstance(app.screen, HelpScreen)
        await pilot.press("ctrl+c")
    assert app.return_code == 130


@pytest.mark.soak
async def test_help_and_palette_have_its_key() -> None:
    async with guided().run_test(size=WIDE) as pilot:
        await opened(pilot)
        await pilot.press("escape")
        rows = dict(compare_screen(pilot)._sections())["Leave"]
        assert ("g", keys.GUIDE.tooltip) in rows
        (command,) = [c for c in compare_screen(pilot).commands() if keys.GUIDE.tooltip in c.title]
        assert command.help == "key g"
        await pilot.press("ctrl+p")
        await pilot.pause(0.3)
        await pilot.press(*"what to try")
        await pilot.pause(0.3)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, GuideScreen))


async def test_without_a_guide_there_is_no_trace_of_it() -> None:
    async with guided(guide=None).run_test(size=WIDE) as pilot:
        await opened(pilot)
        await pilot.press("g")
        screen = pilot.app.screen
        assert isinstance(screen, CompareScreen)
        assert "g" not in screen.active_bindings
        assert not [c for c in screen.commands() if keys.GUIDE.tooltip in c.title]


async def test_its_key_stands_at_the_foot_only_where_there_is_a_guide() -> None:
    for guide in (GUIDE, None):
        async with guided(guide=guide).run_test(size=WIDE) as pilot:
            await opened(pilot)
            await pilot.press("escape")
            await pilot.pause()
            shown = [key.description for key in pilot.app.screen.query_one(Foot).keys]
            assert ("Guide" in shown) == (guide is not None)


@pytest.mark.slow
async def test_a_key_map_moves_its_keys() -> None:
    app = guided()
    app.set_keymap({"take_key_tokens": "T", "show_guide": "Z"})
    async with app.run_test(size=WIDE) as pilot:
        await opened(pilot)
        assert [text for text in texts(pilot) if text in ("T", "K", "g", "Z")] == ["T", "Z"]
        await pilot.press("escape", "T", "Z")
        assert state_of(pilot).emphasis
        assert isinstance(pilot.app.screen, GuideScreen)


async def test_what_is_no_id_stands_as_it_is() -> None:
    steps = (("mouse", "Click a word."), (HOSTILE["clear-screen"], "x" * 5000))
    async with guided(guide=Guide("t", (), steps)).run_test(size=WIDE) as pilot:
        key, _, hostile, long = texts(pilot)
        assert key == "mouse"
        assert "\x1b" not in hostile
        assert len(long) <= 400


@pytest.mark.slow
@pytest.mark.parametrize(
    "text",
    [
        pytest.param(text, id=name, marks=[] if name in _QUICK else [pytest.mark.soak])
        for name, text in HOSTILE.items()
    ],
)
async def test_nothing_in_it_is_markup(text: str) -> None:
    guide = Guide(text, (text,), ((text, text),))
    async with guided(guide=guide).run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        for written in texts(pilot):
            assert written == "" or written.isprintable()
        assert "[" not in text or texts(pilot)[0].count("[") == text.count("[")
        await pilot.press("escape")
        assert not isinstance(pilot.app.screen, GuideScreen)


@pytest.mark.slow
async def test_what_does_not_fit_scrolls_and_stays_where_it_was() -> None:
    engine = FakeEngine(manual=True)
    async with guided(engine, LONG).run_test(size=(72, 24)) as pilot:
        await loading_behind(pilot, engine)
        await pilot.press("j", "down", "j", "k")
        await pilot.pause()
        box = pilot.app.screen.query_one(".guide", VerticalScroll)
        assert box.scroll_y == 6
        engine.pump()
        await until(pilot, lambda: isinstance(pilot.app.screen_stack[1], CompareScreen))
        again = pilot.app.screen.query_one(".guide", VerticalScroll)
        assert again is not box
        await until(pilot, lambda: again.scroll_y == 6)


@pytest.mark.slow
async def test_the_palette_over_it_does_not_keep_the_comparison_away() -> None:
    engine = FakeEngine(manual=True)
    async with guided(engine).run_test(size=WIDE) as pilot:
        await loading_behind(pilot, engine)
        await pilot.press("ctrl+p")
        await pilot.pause(0.2)
        assert not isinstance(pilot.app.screen, GuideScreen)
        engine.pump()
        await until(pilot, lambda: isinstance(pilot.app.screen, GuideScreen))
        assert isinstance(pilot.app.screen_stack[1], CompareScreen)


async def test_without_a_prompt_it_lies_over_the_question_for_one() -> None:
    async with guided(cases=()).run_test(size=WIDE) as pilot:
        await until(pilot, lambda: len(pilot.app.screen_stack) == 3)
        await until(pilot, lambda: isinstance(pilot.app.screen_stack[1], EditScreen))
        await pilot.press("escape", "H", "i")
        assert isinstance(pilot.app.screen, EditScreen)
        assert pilot.app.screen.query_one("#edit-prompt").has_focus


@pytest.mark.slow
async def test_an_engine_that_dies_is_told_over_it_and_it_does_not_come_back() -> None:
    engine = FakeEngine()
    async with guided(engine, restart=FakeEngine).run_test(size=WIDE) as pilot:
        await opened(pilot)
        engine.die()
        await until(pilot, lambda: isinstance(pilot.app.screen, ErrorScreen))
        await pilot.press("R")
        await opened(pilot)
        assert isinstance(pilot.app.screen, CompareScreen)


@pytest.mark.slow
@pytest.mark.parametrize(
    "size",
    [
        (1, 1),
        (60, 16),
        *(
            pytest.param(size, marks=pytest.mark.soak)
            for size in ((10, 3), (40, 10), (80, 24), (300, 90))
        ),
    ],
)
async def test_any_size_is_survived_and_the_foot_stays_free(size: tuple[int, int]) -> None:
    async with guided(guide=LONG).run_test(size=size) as pilot:
        await pilot.pause()
        screen = pilot.app.screen
        foot = screen.query_one(Foot).region
        box = screen.query_one(".guide").region
        assert not foot or box.bottom <= foot.y
        await pilot.press("j", "escape")
        assert not isinstance(pilot.app.screen, GuideScreen)


async def test_the_keys_have_ids_of_their_own() -> None:
    names = [b.id for b in (*keys.COMPARE, keys.GUIDE)]
    assert len(set(names)) == len(names)
    taken = {key for binding in keys.COMPARE for key in binding.key.split(",")}
    assert keys.GUIDE.key not in taken
