"""Presses random keys on the whole inspector, and watches what it holds on to.

The engine is without models; everything else is what a person has in front of them: screens,
dialogs, palette, session file. Keys are drawn among those that are bound where the focus is, so
every screen is entered, and left again.
"""

from __future__ import annotations

import asyncio
import inspect
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import perf_counter, process_time

from textual import events
from textual.app import App
from textual.binding import Binding
from textual.command import CommandPalette
from textual.keys import key_to_character
from textual.message_pump import MessagePump
from textual.screen import Screen
from textual.widgets import Input, TextArea
from vital_signs import Signs, of_process

from attribution.types import Case
from unpact_tui.app import comparison, keys
from unpact_tui.app.aside import ASIDE
from unpact_tui.app.frame import Looks
from unpact_tui.app.screens.compare import CompareScreen
from unpact_tui.app.screens.edit import EditScreen
from unpact_tui.app.workbench import Workbench
from unpact_tui.session.keeping import Keeping
from unpact_tui.settings import Settings
from unpact_tui.worker.fake import FakeEngine
from unpact_tui.worker.protocol import Open, Order

SIZES = ((100, 30), (120, 36), (160, 50), (80, 24), (60, 20), (39, 12), (200, 60))

_MOVES = frozenset(binding.action.partition("(")[0] for binding in keys.MOVE)
_STEPS = 0.88
"""Share of keys that only move the cursor: most of what people press."""
_PAGES = frozenset(
    (
        *(binding.action.partition("(")[0] for binding in keys.PAGES),
        *("edit", "add", "search", "help", "score", "app.page_help"),
        *("app.command_palette", "command_palette"),
    )
)
"""Actions that open something, and are not most of what a person does."""
_OFTEN = 0.15
_FILES = frozenset({"export", "app.picture", "copy", "other"})
"""Actions that write a file, draw the whole screen once more, or begin anew."""
_SELDOM = 0.02
_PAUSE = 0.01
"""Seconds between two looks at what is worked on aside."""
_LETTERS = "abcdefghij klmnop qrstuv ABCDE 0123456789 .,-_/?!'\"[]é漢🙂"
_LONGEST = 300
"""Characters of a prompt that is typed: what grows by being written is no leak."""
_MOST_PROMPTS = 40


class Counted(list[Order]):
    """Orders by their number alone: what the fake engine notes for other tests would be a leak."""

    def __init__(self) -> None:
        super().__init__()
        self._count = 0

    def append(self, order: Order) -> None:
        self._count += 1

    def __len__(self) -> int:
        return self._count


class Unleaving(Workbench):
    """Stays: to leave is counted, and nothing else."""

    CSS_PATH = Path(str(inspect.getsourcefile(Workbench))).with_name("workbench.tcss")
    left = 0

    def action_leave(self) -> None:
        self.left += 1

    def action_interrupt(self) -> None:
        self.left += 1


@dataclass(frozen=True, slots=True)
class Sample:
    """What was held on to after so many keys."""

    keys: int
    signs: Signs
    tasks: int
    """Of the event loop."""
    nodes: int
    """Widgets that exist, on all screens."""
    remembered: int
    """Answers of the engine."""
    spare: int
    """Bytes, about, of the answers for which there is a bound."""
    undoable: int
    session: int
    """Bytes of the session file."""


def _seconds() -> array[float]:
    """A number is eight bytes: what the campaign itself keeps of 100,000 keys is no leak."""
    return array("d")


@dataclass(slots=True)
class Walked:
    """A campaign."""

    seed: int
    keys: int = 0
    latencies: array[float] = field(default_factory=_seconds)
    """Seconds from each key until nothing is left to do."""
    work: array[float] = field(default_factory=_seconds)
    """Seconds of the processor in the same time: other programs are not in it."""
    samples: list[Sample] = field(default_factory=list[Sample])
    screens: Counter[str] = field(default_factory=Counter[str])
    """Keys that each screen was given."""
    last: list[str] = field(default_factory=list[str])
    """The keys before the end, for whoever looks for what broke."""
    left: int = 0


class Keyboard:
    """Draws keys among those that do something here."""

    def __init__(self, seed: int) -> None:
        self._draw = Random(seed)

    def size(self) -> tuple[int, int] | None:
        """Return another size of the terminal, now and then."""
        return self._draw.choice(SIZES) if self._draw.random() < 0.001 else None

    def key(self, app: App[None]) -> str:
        """Return the next key."""
        focused, draw = app.focused, self._draw
        if isinstance(app.screen, CommandPalette) and draw.random() < 0.3:
            return draw.choice(("escape", "escape", "enter"))
        if len(app.screen_stack) > 2 and draw.random() < 0.15:
            return draw.choice(("escape", "escape", "q", "enter"))
        if isinstance(focused, Input | TextArea) and draw.random() < 0.6:
            return self._typed(app, focused)
        if draw.random() < 0.01:
            return draw.choice(("ctrl+p", *_LETTERS, "f5", "ctrl+t", "insert", "delete"))
        bound = list(app.screen.active_bindings.values())
        moves = [active for active in bound if _name(active.binding) in _MOVES]
        if moves and draw.random() < _STEPS:
            return draw.choice(moves).binding.key
        while bound:
            active = draw.choice(bound)
            action = _name(active.binding)
            share = _OFTEN if action in _PAGES else _SELDOM if action in _FILES else 1.0
            if draw.random() < share:
                return active.binding.key
        return "escape"

    def _typed(self, app: App[None], field: Input | TextArea) -> str:
        text = field.value if isinstance(field, Input) else field.text
        screen = app.screen
        if len(text) > _LONGEST:
            return "escape"
        if isinstance(screen, EditScreen) and self._draw.random() < 0.1:
            return "ctrl+s" if _prompts(app) < _MOST_PROMPTS else "escape"
        edits = ("backspace", "left", "right", "home", "end", "delete", "ctrl+w")
        return self._draw.choice((*_LETTERS, *edits, *edits))


def _name(binding: Binding) -> str:
    return binding.action.partition("(")[0]


def _prompts(app: App[None]) -> int:
    return max(len(s.state.cases) for s in app.screen_stack if isinstance(s, CompareScreen))


def prompts(count: int, words: int = 12) -> tuple[Case, ...]:
    """Return so many prompts, each of about so many words, every third one to be kept."""
    asked = " ".join(f"word{n}" for n in range(words - 5))
    return tuple(
        Case(
            f"case-{n}",
            f"Where was author number {n} born, {asked}?",
            f"In town number {n}.",
            "retain" if n % 3 == 2 else "forget",
        )
        for n in range(count)
    )


def bench(cases: Sequence[Case], session: Path | None) -> Unleaving:
    """Return the inspector over an engine without models."""
    engine = FakeEngine()
    engine.orders = Counted()
    return Unleaving(
        engine,
        Open("base", "npo", "retrained", Settings()),
        tuple(cases),
        Looks(),
        keeping=None if session is None else Keeping(session),
    )


class Stuck(Exception):
    """Messages wait, and nobody takes them: they are too many, or the app has broken off."""


async def settled(app: App[None], patience: float = 60.0) -> float:
    """Wait until no message is left in any queue, and nobody works aside.

    Returns the longest that a key would have waited, in seconds. Raises `Stuck`.
    """
    quiet, longest = 0, 0.0
    until = perf_counter() + patience
    while quiet < 3:
        aside = any(worker.group == ASIDE for worker in app.workers)
        pause = _PAUSE if aside else 0.0  # or this would take the time from whoever works
        started = perf_counter()
        await asyncio.sleep(pause)
        now = perf_counter()
        longest = max(longest, now - started - pause)
        waiting = next(_waiting(app), None)
        quiet = 0 if waiting or aside else quiet + 1
        until = now + patience if aside else until
        if waiting and (now > until or not app.is_running):
            said = "; ".join(f"{pump!r} has {pump.message_queue_size}" for pump in _waiting(app))
            raise Stuck(said)
    return longest


def _waiting(app: App[None]) -> Iterator[MessagePump]:
    pumps = (pump for screen in app.screen_stack for pump in (screen, *screen.walk_children()))
    return (pump for pump in (app, *pumps) if pump.message_queue_size)


def key_event(app: App[None], key: str) -> events.Key:
    """Return what the terminal sends for a key."""
    event = events.Key(key, key_to_character(key))
    event.set_sender(app)
    return event


async def press(app: App[None], key: str) -> float:
    """Press a key, and return the seconds until nothing is left to do."""
    started = perf_counter()
    app.post_message(key_event(app, key))
    await settled(app)
    return perf_counter() - started


async def walk(
    folder: Path,
    count: int,
    seed: int,
    every: int = 1000,
    tell: Callable[[Sample], None] = lambda _: None,
) -> Walked:
    """Press `count` keys in `folder`, which pictures and exports are written to."""
    walked, keyboard = Walked(seed), Keyboard(seed)
    session = folder / "session.jsonl"
    app = bench(prompts(12), session)
    before, comparison.DEBOUNCE = comparison.DEBOUNCE, 0.002
    try:
        async with app.run_test(size=SIZES[0], tooltips=False) as pilot:
            await pilot.pause()
            for number in range(count):
                if (size := keyboard.size()) is not None:
                    await pilot.resize_terminal(*size)
                key = keyboard.key(app)
                walked.last = [*walked.last[-30:], f"{type(app.screen).__name__}:{key}"]
                walked.screens[type(app.screen).__name__] += 1
                before_key = process_time()
                walked.latencies.append(await press(app, key))
                walked.work.append(process_time() - before_key)
                walked.keys += 1
                if number % every == every - 1:
                    walked.samples.append(_sample(app, walked.keys, session))
                    tell(walked.samples[-1])
            walked.left = app.left
            app.exit()
    finally:
        comparison.DEBOUNCE = before
    return walked


def _sample(app: Unleaving, keys: int, session: Path) -> Sample:
    screens: list[Screen[object]] = list(app.screen_stack)
    compared = next(s for s in screens if isinstance(s, CompareScreen))
    return Sample(
        keys,
        of_process(),
        len(asyncio.all_tasks()),
        sum(1 for screen in screens for _ in screen.walk_children()),
        sum(1 for _ in compared.comparison.memory),
        compared.comparison.memory.spare(),
        len(compared.state.timeline.past),
        session.stat().st_size,
    )
