"""Holds the state and talks to the engine for it: what is asked, when, and what is remembered.

It knows neither widgets nor Textual; the screen gives it a way to draw, to wait and to warn. What
the engine has said to an order is remembered: coming back to it, by undo or by going to another
prompt, asks nothing.
"""

from __future__ import annotations

from dataclasses import replace

from unpact_tui.app.messages import EngineClient
from unpact_tui.app.recalling import recalled
from unpact_tui.app.replies import put, task_of
from unpact_tui.app.scoring import Background
from unpact_tui.app.stage import Alarm, Stage
from unpact_tui.app.state import CompareState, apply, same_page
from unpact_tui.app.wire import Wire
from unpact_tui.session.actions import Action, TryAll
from unpact_tui.session.file import Recorder
from unpact_tui.session.memory import Memory, as_asked
from unpact_tui.worker.events import Cancelled, Event, Failed, Tried, Vitals
from unpact_tui.worker.protocol import Question, Reply, Weigh, in_background

DEBOUNCE = 0.15
"""Seconds after the last change of emphasis before the models are asked."""


class Comparison:
    """Two models and a list of prompts, from the first request to the last."""

    def __init__(
        self,
        engine: EngineClient,
        state: CompareState,
        stage: Stage,
        memory: Memory,
        recorder: Recorder | None = None,
    ) -> None:
        self.state = state
        self.wire = Wire(engine, memory, recorder)
        self._stage = stage
        self._quiet: set[Question] = set()
        """What somebody cancelled: it does not start by itself."""
        self.background = Background(self.wire)
        self._settling: Alarm | None = None

    # ------------------------------------------------------------ what a person does

    @property
    def memory(self) -> Memory:
        """What the engine has said."""
        return self.wire.memory

    def begin(self) -> None:
        """Show what is remembered of the current prompt, and ask for the rest."""
        self._become(recalled(self.state, self.wire, None))
        self._want()

    def do(self, action: Action) -> None:
        """Apply an action and ask for what it needs."""
        before = self.state
        after = apply(before, action)
        if after.timeline is before.timeline:
            self._become(after)
            return
        if self.wire.recorder is not None:
            self.wire.recorder.did(action)
        if same_page(before, after):
            self._become(after)
            return
        self._rest()
        self._quiet.clear()
        if before.case != after.case:
            after = replace(after, history=())
        if before.analysis == after.analysis and before.recovering == after.recovering:
            self._settling = self._stage.later(DEBOUNCE, self._settle)
        self._become(recalled(after, self.wire, before.attempt))
        if self._settling is None:
            self._want()

    def hint(self, words: str) -> None:
        """Say why nothing happened."""
        self._become(replace(self.state, hint=words))

    def search(self, needle: str) -> None:
        """Show where a text stands."""
        self._become(replace(self.state, needle=needle, hint=""))

    def again(self) -> None:
        """Ask the same once more, now: for the emphasis that is on, or for the whole prompt."""
        self._rest()
        attempt = self.state.attempt
        asked = (self.state.analysis, self.state.recovering) if attempt is None else (attempt,)
        self._anew(*asked)

    def recover(self) -> None:
        """Run every strategy on the emphasised words, on the KeyTokens without any."""
        before = self.state.recovering
        self.do(TryAll(tuple(sorted(self.state.emphasis))))
        if self.state.recovering == before:
            self._anew(before)

    def cancel(self) -> None:
        """Stop the engine, and what would start by itself; then what runs in the background."""
        waits, state = self._settling is not None, self.state
        self._rest()
        if not (state.busy or waits):
            if self.background.wanted:
                self.score(wanted=False)
            else:
                self.hint("Nothing is running.")
            return
        self._quiet.update(filter(None, (state.analysis, state.attempt, state.recovering)))
        self._become(replace(state, hint="", page=replace(state.page, refused=True)))
        if self.wire.busy(background=False):
            self.wire.cancel(background=False)
        elif state.busy:  # What is awaited was asked for in the background.
            self.score(wanted=False)

    def score(self, *, wanted: bool) -> None:
        """Read every prompt in the background, or stop."""
        self.background.want(wanted=wanted)
        self._become(self.background.pumped(self.state))

    def weigh(self) -> None:
        """Ask what changed in the weights, unless that is known."""
        if self.wire.open_to(Weigh()):
            self.wire.ask(Weigh())

    # ------------------------------------------------------------ what the engine says

    def hear(self, reply: Reply) -> None:
        """Take in what the engine says, and ask what follows from it."""
        said = self.wire.take(reply)
        if said is None:
            return
        if isinstance(said.event, Vitals):
            self._become(replace(self.state, vitals=said.event))
            return
        self._show(said.order, said.event)
        if said.over:
            if self._settling is None:
                self._want()
            self._become(self.background.pumped(self.state))

    def reconnect(self, engine: EngineClient) -> None:
        """Go on with another engine: nothing that was said is lost."""
        self.wire.reconnect(engine)
        self._quiet.clear()
        self._become(recalled(self.state, self.wire, self.state.attempt))
        self._want()
        self._become(self.background.pumped(self.state))

    def _show(self, order: Question, event: Event) -> None:
        """Put what was said on the page, if it is about what is looked at."""
        state = self.state
        task = task_of(order)
        if isinstance(order, Weigh):
            self._stage.weighed()
        if task is None or as_asked(order) not in (
            state.analysis,
            state.attempt,
            state.recovering,
        ):
            return
        state = replace(state, page=put(state.page, task, event))
        match event:
            case Tried(attempt):
                state = replace(state, history=(*state.history, attempt.recovered))
            case Failed(message) if not in_background(order):
                state = replace(state, hint=message)
                self._stage.warn(event)
            case Cancelled():
                state = replace(state, hint="Cancelled; enter asks again.")
            case _:
                pass
        self._become(state)

    def _become(self, state: CompareState) -> None:
        self.memory.concern(state.cases)
        # What is known already is shown at once.
        asks = state.page.tried is None and not state.page.trouble
        self.state = replace(state, settling=self._settling is not None and asks)
        self._stage.draw(self.state)

    def _want(self) -> None:
        """Ask for what the page lacks, one thing after the other."""
        state = self.state
        if self._lacks(state.analysis):
            self._ask(state.analysis)
        elif not self.memory.whole(state.analysis):
            return
        elif state.attempt is not None and self._lacks(state.attempt):
            self._ask(state.attempt)
        elif state.page.compared is not None and not state.busy and self._lacks(state.recovering):
            self._ask(state.recovering)

    def _anew(self, *orders: Question) -> None:
        """Ask once more, but for what is being answered."""
        for order in orders:
            self._quiet.discard(order)
            if not self.wire.reading(order):
                self.memory.forget(order)
        self._become(recalled(self.state, self.wire, self.state.attempt))
        self._want()

    def _lacks(self, order: Question) -> bool:
        return order not in self._quiet and self.wire.open_to(order)

    def _ask(self, order: Question) -> None:
        task = task_of(order)
        page = self.state.page
        if task is not None:
            page = replace(page, awaited=page.awaited | {task}, trouble="", refused=False)
        self._become(replace(self.state, page=page, hint=""))
        self.wire.ask(order)

    def _settle(self) -> None:
        self._rest()
        self._become(self.state)
        self._want()

    def _rest(self) -> None:
        if self._settling is not None:
            self._settling.stop()
            self._settling = None
