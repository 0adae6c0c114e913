"""What the engine has said, by what it was asked.

An order says all that its answer depends on, so an answer that is whole is never asked for again:
not by undo, not on coming back to a prompt, not after the engine was restarted. Of what a later
event makes stale only the latest is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import msgspec

from unpact_tui.worker.events import (
    ByToken,
    Cancelled,
    Contributions,
    Event,
    Failed,
    Finished,
    Vitals,
    Written,
)
from unpact_tui.worker.protocol import Analyse, Question, Recover


def as_asked(order: Question) -> Question:
    """Return the order as a key: whether it ran in the background is of no importance."""
    if isinstance(order, Analyse | Recover):
        return msgspec.structs.replace(order, background=False)
    return order


@dataclass(slots=True)
class Answer:
    """All that was said to one order."""

    events: dict[tuple[object, ...], Event] = field(default_factory=dict[tuple[object, ...], Event])
    whole: bool = False
    """Nothing more will come; what could not be answered is whole as well."""


class Memory:
    """Answers by order."""

    def __init__(self) -> None:
        self.irreplaceable = False
        """Nobody is there who could answer again."""
        self._answers: dict[Question, Answer] = {}

    def take(self, order: Question, event: Event) -> bool:
        """Keep what was said; return whether the answer is now whole."""
        key = as_asked(order)
        match event:
            case Vitals():
                return False
            case Cancelled():
                self._answers.pop(key, None)
                return False
            case _:
                answer = self._answers.setdefault(key, Answer())
                answer.events[_kind(event)] = event
                answer.whole = isinstance(event, Finished | Failed)
                return answer.whole

    def keep(self, order: Question, events: Iterable[Event]) -> None:
        """Keep an answer that is whole."""
        self._answers[as_asked(order)] = Answer({_kind(event): event for event in events}, True)

    def forget(self, order: Question) -> None:
        """Have it asked for again, where it can be."""
        if not self.irreplaceable or self.failure(order) is not None:
            self._answers.pop(as_asked(order), None)

    def forget_failures(self) -> None:
        """Have asked again what could not be answered."""
        failed = [order for order in self._answers if self.failure(order) is not None]
        for order in failed:
            del self._answers[order]

    def said(self, order: Question) -> tuple[Event, ...]:
        """Return what was said so far, the end left out."""
        answer = self._answers.get(as_asked(order))
        events = answer.events.values() if answer else ()
        return tuple(event for event in events if not isinstance(event, Finished))

    def begun(self, order: Question) -> bool:
        """Whether something was said."""
        return as_asked(order) in self._answers

    def whole(self, order: Question) -> bool:
        """Whether all was said."""
        answer = self._answers.get(as_asked(order))
        return answer is not None and answer.whole

    def failure(self, order: Question) -> Failed | None:
        """Return why it could not be answered; None when it could, or is not known."""
        return next((event for event in self.said(order) if isinstance(event, Failed)), None)

    def __iter__(self) -> Iterator[tuple[Question, tuple[Event, ...]]]:
        """Yield every order whose answer is whole, in the order of asking."""
        for order, answer in self._answers.items():
            if answer.whole:
                yield order, tuple(answer.events.values())


def _kind(event: Event) -> tuple[object, ...]:
    """Return what a later event of the same makes stale."""
    match event:
        case Written(role, _, emphasised):
            return (Written, role, emphasised)
        case Contributions(role) | ByToken(role):
            return (type(event), role)
        case Failed():
            return (Failed,)
        case _:
            return (type(event),)
