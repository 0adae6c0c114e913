"""A walk over every screen and state of the inspector, by its keys alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from inspector import CASES, state_of, until, workbench
from painted import on_screen
from textual.pilot import Pilot
from textual.widgets import Input
from textual.widgets._toast import Toast

from attribution.types import Case, Split
from unpact_tui.app.guide import Guide
from unpact_tui.app.screens.compare import CompareScreen
from unpact_tui.app.screens.error import ErrorScreen
from unpact_tui.app.screens.listing import Filter
from unpact_tui.app.screens.search import Needle
from unpact_tui.app.workbench import Workbench
from unpact_tui.demo.guide import guide
from unpact_tui.worker.events import Event, Failed
from unpact_tui.worker.fake import FakeEngine
from unpact_tui.worker.protocol import Order

Stop = Callable[[str], Awaitable[None]]
"""Called where there is something to look at, with the place's name."""

_WRITERS = ("Elvin Mammadov", "Hina Ameen", "Xin Lee Williams")
_ASKED: tuple[tuple[str, Split], ...] = (
    ("What is the full name of the author born on {n} March?", "forget"),
    ("Which prize did {name} win for the novel that made her known in her own country?", "forget"),
    ("Who wrote The {n}th Lantern?", "retain"),
)
PROMPTS = (
    *CASES,
    *(
        Case(
            f"w{n}-{split}",
            asked.format(n=n + 3, name=name),
            f"{name} won it.",
            split,
        )
        for n, name in enumerate(_WRITERS)
        for asked, split in _ASKED
    ),
)

TROUBLE = Failed(
    "The device has no memory left.", "Try --dtype bfloat16, --device cpu, or a shorter prompt.", 4
)


class Refusing(FakeEngine):
    """Gives one reply at a time, when it is told to, and can fail at what it was asked."""

    def __init__(self, trouble: Failed = TROUBLE, warnings: tuple[str, ...] = ()) -> None:
        super().__init__(manual=True, warnings=warnings)
        self._trouble = trouble
        self._refuses = False

    def refuse(self) -> None:
        """Fail at what is begun next."""
        self._refuses = True

    def _answer(self, order: Order) -> Iterator[Event]:
        if self._refuses:
            self._refuses = False
            yield self._trouble
        else:
            yield from super()._answer(order)


def _spoilt(case: Case, text: str) -> Case:
    """The first is that text, the next has it among words, all have it in their names."""
    if case is PROMPTS[0]:
        return Case(text, f"{text} and Ana", text)
    if case is PROMPTS[1]:
        return Case(f"{case.id}{text}", f"{case.prompt} {text}", f"{case.answer} {text}")
    return Case(f"{case.id}{text}", case.prompt, case.answer, case.split)


def _home(path: Path) -> str:
    return " in /home/ana"


def frozen(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Take time and place out of what is drawn."""

    class Then(datetime):
        @classmethod
        def now(cls, tz: object = None) -> Then:
            return cls(2025, 3, 1, 12, 30, 5, tzinfo=UTC)

        def astimezone(self, tz: object = None) -> Then:
            return self

    monkeypatch.setattr("unpact_tui.app.screens.taking.datetime", Then)
    monkeypatch.setattr("unpact_tui.app.screens.export._where", _home)
    monkeypatch.setattr("unpact_tui.app.screens.loading._PERIOD", 0.02)
    monkeypatch.setattr("unpact_tui.app.screens.weights.PERIOD", 0.0)
    monkeypatch.setattr("unpact_tui.app.comparison.DEBOUNCE", 0.001)
    for name in ("tofu-npo", "tofu-rmu", "tofu-npo-200", "tofu-npo-1000"):
        (folder / "models" / name).mkdir(parents=True)
        (folder / "models" / name / "config.json").write_text("{}")
    monkeypatch.chdir(folder)


class Walk:
    """One session of the inspector, from its first screen to the one that says it is over."""

    def __init__(self, *, theme: str | None, plain: bool, spoil: str = "") -> None:
        """With `spoil`, whatever a stranger could have written is that text."""
        said = (spoil,) if spoil else ()
        trouble = Failed(spoil, spoil, 4) if spoil else TROUBLE
        self.engine = Refusing(trouble, said)
        self.app: Workbench = workbench(
            self.engine,
            tuple(_spoilt(case, spoil) for case in PROMPTS) if spoil else PROMPTS,
            names=(spoil, spoil) if spoil else ("tofu-base", "tofu-npo"),
            reference=spoil or "retrained",
            no_colour=plain,
            ascii=plain,
            restart=FakeEngine,
            guide=Guide(*guide("RMU", "Lead the hidden states of what is to be forgotten astray.")),
        )
        if theme is not None:
            self.app.theme = theme

    async def all(self, pilot: Pilot[None], stop: Stop, *, shrink: bool) -> None:
        """Go everywhere; at the end make the terminal too small, or let the engine die."""
        self.pilot, self.stop = pilot, stop
        for part in (self._loads, self._measures, self._looks, self._emphasises, self._fails):
            await part()
        for part in (self._searches, self._prompts, self._verdict, self._weights):
            await part()
        await self._dialogs()
        if shrink:
            await self._shrinks()
        else:
            await self._dies()

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def write(self, field: type[Input], text: str) -> None:
        self.app.screen.query_one(field).value = text
        await self.pilot.pause()

    async def give(self, count: int | None = None) -> None:
        """Have the engine say that much, and whatever follows from that when it is all."""
        while self.engine.pump(count):
            await self.pilot.pause()
            if count is not None:
                return

    async def settled(self) -> None:
        """Have the engine answer whatever there is to ask."""
        await until(self.pilot, lambda: self.engine.pump() == 0 and not state_of(self.pilot).busy)

    async def answered(self) -> None:
        """Have it answer the emphasis that is on."""
        await until(self.pilot, lambda: self.engine.pump() == 0 and state_of(self.pilot).page.tried)
        await self.settled()

    async def _loads(self) -> None:
        await until(self.pilot, lambda: "made-up writers" in on_screen(self.app))
        await self.stop("guide")
        await self.press("escape")
        await self.give(5)
        await until(self.pilot, lambda: "50%" in on_screen(self.app))
        await self.stop("loading")

    async def _measures(self) -> None:
        await self.give(5)
        await until(self.pilot, lambda: isinstance(self.app.screen, CompareScreen))
        await self.give(9)
        await self.stop("measuring")
        await until(self.pilot, lambda: self.engine.pump(1) and state_of(self.pilot).page.ladder)
        await self.give(3)
        await self.stop("recovering")
        await self.settled()

    async def _looks(self) -> None:
        await self.press("w", "w", "w")
        names = ("contributions", "shift", "answer-tokens", "by-token", "key-tokens")
        for key, name in enumerate(names, start=1):
            await self.press(str(key), *(() if name != "by-token" else (")", ")")))
            await self.stop(name)
        await self.press("1", "t")
        await self.settled()
        await self.stop("by-word")
        await self.press("u", "i", "u")
        await self.settled()

    async def _emphasises(self) -> None:
        await self.press("1", "K")
        await self.answered()
        await self.stop("emphasised")
        await self.press("S", "S", "S", "S", ".")
        await self.answered()
        await self.stop("steered")
        await self.press("c", "pagedown")
        await self.settled()
        await self.stop("ladder")
        await self.press("pageup", *"uuuuuu")
        await self.answered()

    async def _fails(self) -> None:
        await self.press("s")
        self.engine.refuse()
        await until(self.pilot, lambda: self.engine.pump(1))
        await until(self.pilot, lambda: self.app.screen.query(Toast))
        await self.stop("trouble")
        self.app.clear_notifications()
        await self.press("c")
        await self.settled()

    async def _searches(self) -> None:
        await self.press("/")
        await self.write(Needle, "Kuwait")
        await self.stop("search")
        await self.press("enter")
        await self.stop("search-hits")
        await self.press("/")
        await self.write(Needle, "")
        await self.press("enter")

    async def _prompts(self) -> None:
        await self.press("P")
        await self.stop("prompts")
        await self.press("B")
        await self.give(100)
        self.engine.refuse()
        await self.give(50)
        await self.stop("prompts-reading")
        await self.give()
        await self.stop("prompts-read")
        await self.press("slash")
        await self.write(Filter, "is:retain")
        await self.press("enter")
        await self.stop("prompts-filtered")
        await self.press("escape", "s", "s")
        await self.stop("prompts-sorted")
        await self.press("?")
        await self.stop("prompts-help")
        await self.press("escape", "q")

    async def _verdict(self) -> None:
        await self.press("V")
        await self.stop("verdict")
        await self.press("t")
        await self.stop("verdict-all")
        await self.press(*["down"] * 8, "right", "right")
        await self.stop("verdict-moved")
        await self.press("0", "q")

    async def _weights(self) -> None:
        await self.press("W")
        await self.give(32)
        await self.stop("weights-half")
        await self.give()
        await self.press("n")
        await self.stop("weights")
        await self.press("s")
        await self.stop("weights-linear")
        await self.press("q")

    async def _dialogs(self) -> None:
        for key, name in (
            ("?", "help"),
            ("e", "edit"),
            ("A", "add"),
            ("y", "copy"),
            ("E", "export"),
            ("o", "other"),
        ):
            await self.press(key)
            await self.stop(name)
            await self.press("escape")

    async def _shrinks(self) -> None:
        await self.pilot.resize_terminal(39, 9)
        await self.stop("too-small")

    async def _dies(self) -> None:
        self.engine.die()
        await until(self.pilot, lambda: isinstance(self.app.screen, ErrorScreen))
        await self.stop("error")
