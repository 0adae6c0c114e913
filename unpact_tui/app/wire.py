"""What was asked of the engine and is not answered yet; what it says is remembered here."""

from __future__ import annotations

from dataclasses import dataclass

from unpact_tui.app.messages import EngineClient
from unpact_tui.session.file import Heard, Recorder
from unpact_tui.session.memory import Memory, as_asked
from unpact_tui.worker.events import Cancelled, Event, Failed, Finished, Vitals
from unpact_tui.worker.protocol import Cancel, Question, Reply, in_background


@dataclass(frozen=True, slots=True)
class Said:
    """Something the engine said."""

    order: Question
    event: Event
    over: bool
    """Nothing more comes to this order."""


class Wire:
    """Questions to an engine, and its answers."""

    def __init__(
        self, engine: EngineClient, memory: Memory, recorder: Recorder | None = None
    ) -> None:
        self.memory = memory
        self.recorder = recorder
        self._engine = engine
        self._flying: dict[int, Question] = {}

    def ask(self, order: Question) -> None:
        """Ask, without waiting."""
        self._flying[self._engine.send(order)] = order
        self.memory.touch(order)

    def cancel(self, *, background: bool) -> None:
        """Have the engine stop what it does, or what it does in the background."""
        self._engine.send(Cancel(background))

    def reading(self, order: Question) -> bool:
        """Tell whether an order is being answered."""
        return as_asked(order) in map(as_asked, self._flying.values())

    def busy(self, *, background: bool) -> bool:
        """Tell whether anything is being answered, or anything in the background."""
        return any(in_background(order) == background for order in self._flying.values())

    def open_to(self, order: Question) -> bool:
        """Tell whether an order is neither answered nor being answered."""
        return not self.memory.whole(order) and not self.reading(order)

    def take(self, reply: Reply) -> Said | None:
        """Remember what was said; None when nobody waits for it."""
        order = self._flying.get(reply.id)
        if order is None:
            return None
        event = reply.event
        whole = not isinstance(event, Vitals) and self.memory.take(order, event)
        over = whole or isinstance(event, Cancelled)
        if over:
            del self._flying[reply.id]
            self.memory.touch(order)
        if whole and self.recorder is not None and not isinstance(event, Failed):
            said = (*self.memory.said(order), Finished())
            self.recorder.write(Heard(as_asked(order), said))
        return Said(order, event, over)

    def reconnect(self, engine: EngineClient) -> None:
        """Go on with another engine; what the former had begun is to be asked again."""
        self._engine = engine
        for order in self._flying.values():
            self.memory.touch(order)
        self._flying.clear()
