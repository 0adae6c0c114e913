"""A walk through the inspector with very many prompts, and what each step of it costs.

The engine says of every prompt what it says of the first, because the time it takes to make that up
is not what is looked at.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import process_time

from load_keys import Counted, key_event, prompts, settled
from vital_signs import of_process

from unpact_tui.app.frame import Looks
from unpact_tui.app.screens.compare import CompareScreen
from unpact_tui.app.workbench import Workbench
from unpact_tui.session.file import read
from unpact_tui.session.keeping import Keeping
from unpact_tui.settings import Settings
from unpact_tui.worker.events import Event
from unpact_tui.worker.fake import FakeEngine
from unpact_tui.worker.protocol import Analyse, Open, Order, Recover

BEFORE: tuple[tuple[str, str], ...] = (
    ("right", "cursor"),
    ("space", "emphasise"),
    ("u", "undo"),
    ("P", "prompts"),
    ("end", "to the last row"),
    ("home", "to the first row"),
    ("s", "sort by verdict"),
    ("s", "sort by what came back"),
    ("slash", "filter"),
    ("t", "a letter of it"),
    ("7", "another letter"),
    ("escape", "no filter"),
    ("escape", "close the prompts"),
    ("f", "next that is suppressed"),
    ("ctrl+p", "palette"),
    ("p", "a letter in it"),
    ("escape", "empty it"),
    ("escape", "close it"),
)
READ: tuple[tuple[str, str], ...] = (
    ("P", "prompts, all read"),
    ("s", "sort by verdict"),
    ("end", "to the last row"),
    ("enter", "open the last"),
    ("f", "next that is suppressed"),
    ("V", "verdict"),
    ("t", "verdict of all"),
    ("right", "move a threshold"),
    ("escape", "close it"),
    ("E", "export"),
    ("j", "as JSON"),
    ("enter", "write it"),
)


@dataclass(frozen=True, slots=True)
class Step:
    """What was done, and what that cost."""

    name: str
    work: float
    """Seconds of the processor."""
    memory: int
    """Bytes, afterwards."""
    wait: float | None = None
    """Seconds, the longest that a key would have waited meanwhile; None: there is no screen."""


class Repeating(FakeEngine):
    """Says of every prompt what it said of the first."""

    def __init__(self) -> None:
        super().__init__()
        self.orders = Counted()
        self._said: dict[type[Order], tuple[Event, ...]] = {}

    def _answer(self, order: Order) -> Iterator[Event]:
        if not isinstance(order, Analyse | Recover):
            return super()._answer(order)
        kind = type(order)
        if kind not in self._said:
            self._said[kind] = tuple(super()._answer(order))
        return iter(self._said[kind])


async def pressed(app: Workbench, key: str) -> float:
    """Press a key; return the longest that another would have waited until all was done."""
    app.post_message(key_event(app, key))
    return await settled(app)


async def visit(folder: Path, count: int, tell: Callable[[Step], None]) -> None:
    """Open so many prompts, go everywhere, read all, go everywhere again; then reopen."""
    started = process_time()

    def done(name: str, wait: float | None = None) -> None:
        nonlocal started
        tell(Step(name, process_time() - started, of_process().memory, wait))
        started = process_time()

    session = folder / "session.jsonl"
    order = Open("base", "npo", None, Settings())
    app = Workbench(Repeating(), order, prompts(count), Looks(), keeping=Keeping(session))
    async with app.run_test(size=(120, 36), tooltips=False):
        await settled(app)
        done("opening")
        for key, name in BEFORE:
            done(name, await pressed(app, key))
        app.post_message(key_event(app, "B"))
        await settled(app, 3600)  # whoever answers at once leaves no moment of rest
        screen = next(s for s in app.screen_stack if isinstance(s, CompareScreen))
        while screen.comparison.background.wanted:
            await asyncio.sleep(0.01)
        await settled(app)
        done("reading all")
        for key, name in READ:
            done(name, await pressed(app, key))
        app.exit()
    done("leaving")
    found = read(session)
    assert len(found.timeline.now.cases) == count
    done("opening the session again")
