"""Every screen as a picture; all states and sizes are there as text, in `test_matrix.py`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from inspector import CASES, HOSTILE, opened, tried, until, workbench
from textual.pilot import Pilot

from attribution.types import Case
from unpact_tui.app.guide import Guide
from unpact_tui.app.screens.error import ErrorScreen
from unpact_tui.app.screens.guide import GuideScreen
from unpact_tui.app.workbench import Workbench
from unpact_tui.demo.guide import guide
from unpact_tui.worker.fake import FakeEngine
from unpact_tui.worker.fake_doubt import FakeDoubt

Compare = Callable[..., bool]
Before = Callable[[Pilot[None]], Awaitable[None]]

SIZE = (120, 40)
NARROW = (72, 24)


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


def test_loading(snap_compare: Compare) -> None:
    engine = FakeEngine(manual=True)

    async def halfway(pilot: Pilot[None]) -> None:
        engine.pump(5)
        await pilot.pause(0.6)

    assert snap_compare(workbench(engine), terminal_size=SIZE, run_before=halfway)


@pytest.mark.parametrize("size", [SIZE, NARROW], ids=["120x40", "72x24"])
def test_emphasised(snap_compare: Compare, size: tuple[int, int]) -> None:
    assert snap_compare(workbench(), terminal_size=size, run_before=emphasised)


PAGES: dict[str, tuple[str, ...]] = {
    "contributions": (),
    "shift-with-lane": ("2", "i"),
    "by-answer-token": ("4", ")"),
    "prompts": ("P",),
    "verdict": ("V",),
    "weights": ("W",),
    "help": ("?",),
    "edit": ("e",),
    "copy": ("y",),
}


@pytest.mark.soak
@pytest.mark.parametrize("name", PAGES)
def test_pages(snap_compare: Compare, name: str) -> None:
    assert snap_compare(workbench(), terminal_size=SIZE, run_before=pressing(*PAGES[name]))


def test_without_colour(snap_compare: Compare) -> None:
    app = workbench(no_colour=True)
    assert snap_compare(app, terminal_size=SIZE, run_before=emphasised)


def test_ascii(snap_compare: Compare) -> None:
    app = workbench(no_colour=True, ascii=True)
    assert snap_compare(app, terminal_size=SIZE, run_before=emphasised)


@pytest.mark.parametrize("theme", ["unpact-light", "ansi-dark"])
def test_other_themes(snap_compare: Compare, theme: str) -> None:
    app = workbench()
    app.theme = theme
    assert snap_compare(app, terminal_size=SIZE, run_before=emphasised)


def test_dead_engine(snap_compare: Compare) -> None:
    engine = FakeEngine()

    async def dies(pilot: Pilot[None]) -> None:
        await opened(pilot)
        engine.die()
        await until(pilot, lambda: isinstance(pilot.app.screen, ErrorScreen))

    app = workbench(engine, restart=FakeEngine)
    assert snap_compare(app, terminal_size=SIZE, run_before=dies)


@pytest.mark.parametrize("name", ["instruction", "right-to-left", "partial"])
def test_hostile_text(snap_compare: Compare, name: str) -> None:
    text = HOSTILE[name]
    app: Workbench = workbench(FakeEngine(warnings=(text,)), (Case(text, text, text),))
    assert snap_compare(app, terminal_size=NARROW, run_before=emphasised)


def test_without_reference(snap_compare: Compare) -> None:
    app = workbench(reference=None)
    assert snap_compare(app, terminal_size=SIZE, run_before=emphasised)


def test_the_other_pane(snap_compare: Compare) -> None:
    assert snap_compare(workbench(), terminal_size=NARROW, run_before=pressing("tab"))


def test_smallest(snap_compare: Compare) -> None:
    assert snap_compare(workbench(), terminal_size=(40, 10), run_before=emphasised)


def test_one_long_prompt(snap_compare: Compare) -> None:
    long = Case("long", " ".join(case.prompt for case in CASES * 12), "Kuwait City")
    app = workbench(cases=(long,))
    assert snap_compare(app, terminal_size=SIZE, run_before=emphasised)


DOUBT = FakeDoubt(noise=0.03, screened=True, shared=True)


def test_estimated_and_within_noise(snap_compare: Compare) -> None:
    app = workbench(FakeEngine(doubt=DOUBT))
    assert snap_compare(app, terminal_size=SIZE, run_before=pressing("i", "l"))


def test_estimated_in_ascii(snap_compare: Compare) -> None:
    app = workbench(FakeEngine(doubt=DOUBT), no_colour=True, ascii=True)
    assert snap_compare(app, terminal_size=SIZE, run_before=pressing("l"))


async def reading(pilot: Pilot[None]) -> None:
    await opened(pilot)
    assert isinstance(pilot.app.screen, GuideScreen)


def test_guide(snap_compare: Compare) -> None:
    words = Guide(*guide("RMU", "Lead the hidden states of what is to be forgotten astray."))
    assert snap_compare(workbench(guide=words), terminal_size=SIZE, run_before=reading)
