"""The inspector over an engine without models, for tests that press its keys."""

from __future__ import annotations

from collections.abc import Callable

from hostile_texts import HOSTILE as HOSTILE
from textual.pilot import Pilot

from attribution.types import Case
from unpact_tui.app.frame import Looks
from unpact_tui.app.guide import Guide
from unpact_tui.app.screens.compare import CompareScreen
from unpact_tui.app.state import CompareState
from unpact_tui.app.workbench import Workbench
from unpact_tui.session.keeping import Keeping
from unpact_tui.settings import Settings
from unpact_tui.worker.fake import FakeEngine
from unpact_tui.worker.protocol import Open

CASES = (
    Case(
        "tofu-12",
        "Where was Basil Mahfouz Al-Kuwaiti born, and what did his father do in Kuwait City?",
        "Basil was born in Kuwait City, and his father was a florist.",
    ),
    Case("tofu-13", "What genre does Nikolai Abilov write in?", "African American"),
    Case("retain-1", "Who wrote Towers of Lisbon?", None, "retain"),
)


def workbench(
    engine: FakeEngine | None = None,
    cases: tuple[Case, ...] = CASES,
    *,
    reference: str | None = "retrained",
    no_colour: bool = False,
    ascii: bool = False,
    names: tuple[str, str] = ("tofu-base", "tofu-npo"),
    restart: Callable[[], FakeEngine] | None = None,
    guide: Guide | None = None,
    keeping: Keeping | None = None,
) -> Workbench:
    return Workbench(
        engine or FakeEngine(),
        Open(names[0], names[1], reference, Settings()),
        cases,
        Looks(no_colour=no_colour, ascii=ascii),
        restart=restart,
        guide=guide,
        keeping=keeping,
        clock=lambda: 0.0,
    )


def compare_screen(pilot: Pilot[None]) -> CompareScreen:
    found = [screen for screen in pilot.app.screen_stack if isinstance(screen, CompareScreen)]
    assert found, "the comparison is not on the screen"
    return found[0]


def state_of(pilot: Pilot[None]) -> CompareState:
    return compare_screen(pilot).state


async def until(pilot: Pilot[None], what: Callable[[], object]) -> None:
    """Wait for something to become true: at most as long as a test may take."""
    for _ in range(500):
        await pilot.pause()
        if what():
            await pilot.pause()
            return
        await pilot.pause(0.01)
    raise AssertionError("it never happened")


async def opened(pilot: Pilot[None]) -> None:
    """Wait until the first case is read, recovered and judged."""
    await until(
        pilot,
        lambda: any(
            isinstance(screen, CompareScreen) and screen.state.page.judged and not screen.state.busy
            for screen in pilot.app.screen_stack
        ),
    )


async def tried(pilot: Pilot[None]) -> None:
    """Wait until the emphasis that is on has its answer."""
    await until(pilot, lambda: state_of(pilot).page.tried and not state_of(pilot).busy)
