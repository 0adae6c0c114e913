"""The inspector as an application: which screen is on.

It knows the engine only as something to ask and to listen to; it never sees a model.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

import msgspec
from textual.screen import Screen

from attribution.types import Case
from unpact_tui.app import tty
from unpact_tui.app.frame import Frame, Looks
from unpact_tui.app.guide import Guide
from unpact_tui.app.messages import EngineClient, EngineReply, Reopen
from unpact_tui.app.screens.error import Choice, ErrorScreen
from unpact_tui.app.screens.guide import GuideScreen
from unpact_tui.app.screens.loading import LoadingScreen
from unpact_tui.app.state import CompareState, start
from unpact_tui.session.choices import Timeline
from unpact_tui.session.keeping import Keeping
from unpact_tui.session.memory import Memory
from unpact_tui.worker.events import Cancelled, Failed, Loading, Opened
from unpact_tui.worker.protocol import Cancel, Open, Reply

_SOON = 0.5
"""Seconds until what the next screen needs is imported."""

_PATIENCE = 0.5
"""Seconds the engine has to end by itself when the inspector closes."""

_HINT = "space emphasises a word, K the KeyTokens; s another way; ? all keys; q leaves"


if TYPE_CHECKING:
    from unpact_tui.app.screens.compare import CompareScreen


class Workbench(Frame):
    """Loads, then compares."""

    def __init__(
        self,
        engine: EngineClient,
        open_order: Open,
        cases: Sequence[Case],
        looks: Looks,
        *,
        start_index: int = 0,
        timeline: Timeline | None = None,
        memory: Memory | None = None,
        keeping: Keeping | None = None,
        restart: Callable[[], EngineClient] | None = None,
        guide: Guide | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`timeline` and `memory` are those of a session that goes on, `keeping` writes one."""
        super().__init__(looks, guide)
        self._loading: LoadingScreen | None = None
        self._comparing: CompareScreen | None = None
        self._engine = engine
        self._order = self._wanted = open_order
        self._opening = 0
        self._memory = memory or Memory()
        self._keeping = keeping
        self._restart = restart
        self._clock = clock
        self._state = self._start(cases, start_index, timeline)

    def _start(self, cases: Sequence[Case], index: int, timeline: Timeline | None) -> CompareState:
        settings, looks = self._order.settings, self.looks
        state = start(
            cases,
            settings.strategies,
            index,
            lane=looks.lane or looks.no_colour or looks.ascii,
            granularity=settings.granularity,
            thresholds=settings.thresholds,
            means=settings.means,
        )
        return state if timeline is None else replace(state, timeline=timeline)

    def on_mount(self) -> None:
        """Open the checkpoints; there is time to read what to look at."""
        tty.restore_on_signals(self)
        self._load(self._order)
        self.action_guide()

    def on_unmount(self) -> None:
        """End the engine, whatever it is doing."""
        self._engine.close(_PATIENCE)
        if self._keeping is not None:
            self._keeping.close()

    # ------------------------------------------------------------ loading

    def _load(self, order: Open) -> None:
        self._engine.listen(self._heard)
        self._open(order)
        # After the first paint, while the engine loads.
        self.set_timer(_SOON, partial(import_module, "unpact_tui.app.screens.compare"))

    def on_reopen(self, message: Reopen) -> None:
        """Open another unlearned checkpoint beside the same base, which stays in memory."""
        self._open(msgspec.structs.replace(self._order, unlearned=message.path, whp=None))

    def _open(self, order: Open) -> None:
        self._wanted = order
        self._loading = LoadingScreen(order, self.glyphs, self._clock)
        self.push_screen(self._loading)
        self._opening = self._engine.send(order)

    def _heard(self, reply: Reply) -> None:
        """Pass a reply on; called from the engine's thread."""
        self.post_message(EngineReply(reply))

    def on_engine_reply(self, message: EngineReply) -> None:
        """Hand the reply to whom it concerns."""
        reply = message.reply
        if self._loading is not None and reply.id not in (0, self._opening):
            return  # It is about what was open before, and nothing may follow from it.
        match reply.event:
            case Failed() as failed if self._loading is not None and reply.id:
                self._not_opened(failed)
            case Cancelled() if self._loading is not None:
                self._not_opened(Failed("Not opened.", "What was open before is again.", 2))
            case Failed(fatal=True) as failed:
                self._ask_for_way_on(failed)
            case Loading() as event if self._loading is not None:
                self._loading.note(event)
            case Opened() as opened if self._loading is not None:
                self._opened(opened)
            case _ if self._comparing is not None:
                self._comparing.hear(reply)
            case _:
                pass

    def _not_opened(self, failed: Failed) -> None:
        """Go back to what was open; at the start there is nothing to go back to."""
        if self._comparing is None or self._wanted == self._order:
            self.fail(failed)
            return
        self._comparing.warn(failed)
        self._pop(self._loading)
        self._open(self._order)  # what is in memory of it is used again

    def action_stop_loading(self) -> None:
        """Open nothing after all: go back to what was open, or leave where nothing was."""
        if self._comparing is None or self._wanted == self._order:
            self.action_interrupt()
        else:
            self._engine.send(Cancel())

    def _opened(self, opened: Opened) -> None:
        """Go on to compare; without a prompt, ask for one first."""
        read_to = next((s.row for s in self.screen_stack if isinstance(s, GuideScreen)), None)
        other, self._order = self._wanted != self._order, self._wanted
        if self._comparing is None or other:
            while len(self.screen_stack) > 1:
                self.pop_screen()
        else:
            self._pop(self._loading)
        self._loading = None
        self._go_on(opened, other=other)
        if read_to is not None:
            self.show_guide(read_to)

    def _go_on(self, opened: Opened, *, other: bool) -> None:
        if self._comparing is not None and not other:
            self._comparing.comparison.reconnect(self._engine)
            return
        if self._comparing is not None:
            # What was said is of another checkpoint; what is chosen is still of the same prompts.
            self._memory = Memory()
            self._state = replace(
                self._state, timeline=Timeline(self._comparing.state.timeline.now)
            )
        state = replace(self._state, opened=opened)
        if state.cases:
            self._compare(state)
        else:
            self._ask_for_prompt(state)

    def _ask_for_prompt(self, state: CompareState) -> None:
        from unpact_tui.app.screens.edit import EditScreen

        def take(case: Case | None) -> None:
            if case is None:
                self.action_leave()
            else:
                self._state = self._start((case,), 0, None)
                self._compare(replace(self._state, opened=state.opened))

        self.push_screen(EditScreen(Case("1", ""), "What shall both models be asked?"), take)

    def _compare(self, state: CompareState) -> None:
        from unpact_tui.app.screens.compare import CompareScreen

        recorder = None
        if self._keeping is not None and state.opened is not None:
            recorder = self._keeping.begin(self._order, state.opened, state.timeline)
        self._comparing = CompareScreen(
            self._engine,
            state,
            self._order.settings,
            self.glyphs,
            self.looks.ascii,
            self._memory,
            recorder,
        )
        self.push_screen(self._comparing)
        if self.looks.hint and not self.guided:
            self.notify(_HINT, timeout=12, markup=False)

    # ------------------------------------------------------------ failures

    def _ask_for_way_on(self, failed: Failed) -> None:
        def choose(choice: Choice | None) -> None:
            if choice == "restart" and self._restart is not None:
                self._engine.close(0.0)
                self._engine = self._restart()
                self._pop(self._loading)
                if isinstance(self.screen, GuideScreen):
                    self.pop_screen()
                self._load(self._order)
            else:
                self.fail(failed)

        if not isinstance(self.screen, ErrorScreen):
            self.push_screen(ErrorScreen(failed, self._restart is not None), choose)

    def _pop(self, screen: Screen[None] | None) -> None:
        """Take a screen off, and all that lies over it."""
        if screen is not None and screen in self.screen_stack:
            while self.screen is not screen:
                self.pop_screen()
            self.pop_screen()
