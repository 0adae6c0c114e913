"""Holds the state and talks to the engine for it: what is asked, when, and what is dropped.

It knows neither widgets nor Textual; the screen gives it a way to draw, to wait and to warn.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from unpact_tui.app.actions import Action
from unpact_tui.app.messages import EngineClient
from unpact_tui.app.replies import asked, attempt, follow_up, quiet, receive
from unpact_tui.app.state import CompareState, apply
from unpact_tui.worker.protocol import Analyse, Cancel, Failed, Finished, Order, Recover, Reply

DEBOUNCE = 0.15
"""Seconds after the last change of emphasis before the models are asked."""


class Alarm(Protocol):
    """Something that will happen unless it is stopped."""

    def stop(self) -> None:
        """Let it not happen."""
        ...


class Stage(Protocol):
    """What a session needs around it."""

    def draw(self, state: CompareState) -> None:
        """Show the state."""
        ...

    def later(self, seconds: float, what: Callable[[], None]) -> Alarm:
        """Do something after a while."""
        ...

    def warn(self, failed: Failed) -> None:
        """Say that something could not be done."""
        ...


class Session:
    """One comparison, from its first request to its last."""

    def __init__(self, engine: EngineClient, state: CompareState, stage: Stage) -> None:
        self.state = state
        self._engine = engine
        self._stage = stage
        self._settling: Alarm | None = None

    def begin(self) -> None:
        """Read the first case."""
        self._stage.draw(self.state)
        self._ask(Analyse(self.state.case))

    def do(self, action: Action) -> None:
        """Apply an action and ask for what it needs."""
        before = self.state
        self._become(apply(before, action))
        if before.case is not self.state.case:
            self._read(was_busy=before.busy)
        elif (before.emphasis, before.strategy) != (self.state.emphasis, self.state.strategy):
            self._rest()
            self._settling = self._stage.later(DEBOUNCE, self._settle)

    def hear(self, reply: Reply) -> None:
        """Take in what the engine says, and ask what follows from it."""
        if self.state.running.task(reply.id) is None:
            return
        self._become(receive(self.state, reply))
        if isinstance(reply.event, Failed):
            self._stage.warn(reply.event)
        if self._settling is None:
            self._ask(follow_up(self.state, reply.event))

    def again(self) -> None:
        """Ask the same once more, now."""
        self._rest()
        self._ask(attempt(self.state) or Analyse(self.state.case))

    def recover(self) -> None:
        """Run every strategy on the emphasised words, on the KeyTokens without any."""
        if self.state.prompt is not None:
            self._ask(Recover(tuple(sorted(self.state.emphasis))))

    def cancel(self) -> None:
        """Stop the engine, and what would start by itself."""
        self._rest()
        if self.state.busy:
            self._engine.send(Cancel())
        self._become(quiet(self.state))

    def _become(self, state: CompareState) -> None:
        self.state = state
        self._stage.draw(state)

    def _ask(self, order: Order | None) -> None:
        if order is not None:
            self._become(asked(self.state, order, self._engine.send(order)))

    def _read(self, *, was_busy: bool) -> None:
        """Read a new case; what still runs for the former one is of no use."""
        self._rest()
        if was_busy:
            self._engine.send(Cancel())
        self._ask(Analyse(self.state.case))

    def _settle(self) -> None:
        self._rest()
        self._ask(attempt(self.state) or follow_up(self.state, Finished()))

    def _rest(self) -> None:
        if self._settling is not None:
            self._settling.stop()
            self._settling = None
