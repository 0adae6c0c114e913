"""What every screen looks like, at three sizes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from inspector import CASES, HOSTILE, compare_screen, opened, tried, until, workbench
from textual.pilot import Pilot

from attribution.types import Case
from unpact_tui.app.guide import Guide
from unpact_tui.app.screens.compare import CompareScreen
from unpact_tui.app.screens.error import ErrorScreen
from unpact_tui.app.screens.guide import GuideScreen
from unpact_tui.app.workbench import Workbench
from unpact_tui.demo.guide import guide
from unpact_tui.worker.events import Failed
from unpact_tui.worker.fake import FakeEngine

Compare = Callable[..., bool]
Before = Callable[[Pilot[None]], Awaitable[None]]

SIZES = ((160, 48), (100, 30), (72, 24))
at_sizes = pytest.mark.parametrize("size", SIZES, ids=[f"{w}x{h}" for w, h in SIZES])


def pressing(*keys: str) -> Before:
    async def run(pilot: Pilot[None]) -> None:
        await opened(pilot)
        await pilot.press(*keys)
        await pilot.pause()

    return run


async def emphasised(pilot: Pilot[None]) -> None:
    await opened(pilot)
    await pilot.press("K")
    await tried(pilot)


@at_sizes
def test_loading(snap_compare: Compare, size: tuple[int, int]) -> None:
    engine = FakeEngine(manual=True)

    async def halfway(pilot: Pilot[None]) -> None:
        engine.pump(5)
        await pilot.pause(0.6)

    assert snap_compare(workbench(engine), terminal_size=size, run_before=halfway)


@at_sizes
def test_compared(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(workbench(), terminal_size=size, run_before=opened)


@at_sizes
def test_emphasised(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(workbench(), terminal_size=size, run_before=emphasised)


@at_sizes
def test_without_colour(snap_compare: Compare, size: tuple[int, int]) -> None:
    app = workbench(no_colour=True)
    assert snap_compare(app, terminal_size=size, run_before=emphasised)


@at_sizes
def test_help(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(workbench(), terminal_size=size, run_before=pressing("?"))


@at_sizes
def test_dead_engine(snap_compare: Compare, size: tuple[int, int]) -> None:
    engine = FakeEngine()

    async def dies(pilot: Pilot[None]) -> None:
        await opened(pilot)
        engine.die()
        await until(pilot, lambda: isinstance(pilot.app.screen, ErrorScreen))

    app = workbench(engine, restart=FakeEngine)
    assert snap_compare(app, terminal_size=size, run_before=dies)


@at_sizes
@pytest.mark.parametrize("name", ["instruction", "right-to-left", "partial"])
def test_hostile_text(snap_compare: Compare, name: str, size: tuple[int, int]) -> None:
    text = HOSTILE[name]
    app: Workbench = workbench(FakeEngine(warnings=(text,)), (Case(text, text, text),))
    assert snap_compare(app, terminal_size=size, run_before=emphasised)


def test_measuring(snap_compare: Compare) -> None:
    engine = FakeEngine(manual=True)

    async def halfway(pilot: Pilot[None]) -> None:
        engine.pump()
        await until(pilot, lambda: isinstance(pilot.app.screen, CompareScreen))
        engine.pump(7)
        await pilot.pause()

    assert snap_compare(workbench(engine), terminal_size=(160, 48), run_before=halfway)


def test_shift_view_with_lane(snap_compare: Compare) -> None:
    app = workbench()
    assert snap_compare(app, terminal_size=(160, 48), run_before=pressing("v", "i"))


def test_without_reference(snap_compare: Compare) -> None:
    app = workbench(reference=None)
    assert snap_compare(app, terminal_size=(100, 30), run_before=emphasised)


def test_the_other_pane(snap_compare: Compare) -> None:
    assert snap_compare(workbench(), terminal_size=(72, 24), run_before=pressing("tab"))


def test_ascii(snap_compare: Compare) -> None:
    app = workbench(no_colour=True, ascii=True)
    assert snap_compare(app, terminal_size=(100, 30), run_before=emphasised)


def test_edit(snap_compare: Compare) -> None:
    assert snap_compare(workbench(), terminal_size=(100, 30), run_before=pressing("e"))


def test_failed_request(snap_compare: Compare) -> None:
    async def fails(pilot: Pilot[None]) -> None:
        await opened(pilot)
        hint = "Try --dtype bfloat16, --device cpu, or a shorter prompt."
        compare_screen(pilot).warn(Failed("The device has no memory left.", hint, 4))
        await pilot.pause()

    assert snap_compare(workbench(), terminal_size=(100, 30), run_before=fails)


def test_light_theme(snap_compare: Compare) -> None:
    app = workbench()
    app.theme = "unpact-light"
    assert snap_compare(app, terminal_size=(160, 48), run_before=emphasised)


def test_terminal_theme(snap_compare: Compare) -> None:
    app = workbench()
    app.theme = "ansi-dark"
    assert snap_compare(app, terminal_size=(100, 30), run_before=emphasised)


def test_too_small(snap_compare: Compare) -> None:
    assert snap_compare(workbench(), terminal_size=(38, 9), run_before=opened)


def test_smallest(snap_compare: Compare) -> None:
    assert snap_compare(workbench(), terminal_size=(40, 10), run_before=emphasised)


def test_one_long_prompt(snap_compare: Compare) -> None:
    long = Case("long", " ".join(case.prompt for case in CASES * 12), "Kuwait City")
    app = workbench(cases=(long,))
    assert snap_compare(app, terminal_size=(160, 48), run_before=emphasised)


GUIDE = Guide(*guide("RMU", "Lead the hidden states of what is to be forgotten astray."))


async def reading(pilot: Pilot[None]) -> None:
    await opened(pilot)
    assert isinstance(pilot.app.screen, GuideScreen)


@pytest.mark.parametrize("size", [(160, 48), (80, 24)], ids=["160x48", "80x24"])
def test_guide(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(workbench(guide=GUIDE), terminal_size=size, run_before=reading)


def test_guide_in_ascii(snap_compare: Compare) -> None:
    app = workbench(ascii=True, guide=GUIDE)
    assert snap_compare(app, terminal_size=(72, 24), run_before=reading)


def test_guide_without_colour(snap_compare: Compare) -> None:
    app = workbench(no_colour=True, guide=GUIDE)
    assert snap_compare(app, terminal_size=(100, 30), run_before=reading)


def test_guide_while_loading(snap_compare: Compare) -> None:
    engine = FakeEngine(manual=True)

    async def halfway(pilot: Pilot[None]) -> None:
        engine.pump(5)
        await pilot.pause(0.6)

    app = workbench(engine, guide=GUIDE)
    assert snap_compare(app, terminal_size=(160, 48), run_before=halfway)


def test_help_where_there_is_a_guide(snap_compare: Compare) -> None:
    before = pressing("escape", "?")
    assert snap_compare(workbench(guide=GUIDE), terminal_size=(160, 48), run_before=before)
