"""What the engine has said, by what it was asked.

An order says all that its answer depends on, so an answer that is kept is never asked for again:
not by undo, not on coming back to a prompt, not after the engine was restarted. Of what a later
event makes stale only the latest is kept.

What is said of every prompt by itself is kept as long as the prompt is there. What is tried by hand
has no end, and neither have prompts that are rewritten: for these there is `ROOM`, and what was
asked first goes first. It is asked again when somebody comes back to it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import msgspec

from attribution.types import Case
from unpact_tui.session.answer import Answer, AtHand
from unpact_tui.session.glance import Glance, glance
from unpact_tui.worker.events import (
    Cancelled,
    Event,
    Failed,
    Finished,
    Vitals,
)
from unpact_tui.worker.protocol import Analyse, Question, Recover, Try, Weigh

ROOM = 16 << 20
"""Bytes, about, of what was tried by hand and of prompts that are no longer there. Ours."""


def as_asked(order: Question) -> Question:
    """Return the order as a key: whether it ran in the background is of no importance."""
    if isinstance(order, Analyse | Recover):
        return msgspec.structs.replace(order, background=False)
    return order


class Memory:
    """Answers by order."""

    def __init__(self) -> None:
        self.irreplaceable = False
        """Nobody is there who could answer again."""
        self._answers: dict[Question, Answer] = {}
        self._at_hand = AtHand()
        self._extra: dict[Question, int] = {}
        """The bytes of what may go, in the order in which it goes."""
        self._told: tuple[Case, ...] | None = None
        """The prompts that there are; None while nobody has said."""
        self._cases: frozenset[Case] = frozenset()
        """The same, to look one up."""
        self._versions: Counter[Case] = Counter()

    def version(self, case: Case) -> int:
        """Return a number that is another as soon as more is known of a case, or less."""
        return self._versions[case]

    def touch(self, order: Question) -> None:
        """Say that something has become of an order."""
        if not isinstance(order, Weigh):
            self._versions[order.case] += 1

    def concern(self, cases: tuple[Case, ...]) -> None:
        """Say which prompts there are: what is said of others may go."""
        if cases is self._told:
            return
        self._told, self._cases = cases, frozenset(cases)
        whole = [order for order, answer in self._answers.items() if answer.whole]
        self._extra = {
            order: self._answers[order].size() for order in whole if self._is_extra(order)
        }
        self._make_room()

    def take(self, order: Question, event: Event) -> bool:
        """Keep what was said; return whether the answer is now whole."""
        key = as_asked(order)
        match event:
            case Vitals():
                return False
            case Cancelled():
                self._drop(key)
                self.touch(key)
                return False
            case _:
                answer = self._answers.setdefault(key, Answer())
                answer.take(event)
                self.touch(key)
                if answer.whole:
                    self._at_hand.use(answer)
                    self._bound(key)
                return answer.whole

    def keep(self, order: Question, events: Iterable[Event]) -> None:
        """Keep an answer that is whole."""
        key = as_asked(order)
        self._answers[key] = answer = Answer(events, whole=True)
        self._at_hand.use(answer)
        self.touch(key)
        self._bound(key)

    def forget(self, order: Question) -> None:
        """Have it asked for again, where it can be."""
        if not self.irreplaceable or self.failure(order) is not None:
            self._drop(as_asked(order))
            self.touch(order)

    def forget_failures(self) -> None:
        """Have asked again what could not be answered."""
        failed = [order for order in self._answers if self.failure(order) is not None]
        for order in failed:
            self._drop(order)
            self.touch(order)

    def said(self, order: Question) -> tuple[Event, ...]:
        """Return what was said so far, the end left out."""
        answer = self._answers.get(as_asked(order))
        if answer is None:
            return ()
        self._at_hand.use(answer)
        return tuple(event for event in answer.said() if not isinstance(event, Finished))

    def glance(self, *orders: Question) -> Glance:
        """Return what was said so far to several orders, in short."""
        answers = [self._answers.get(as_asked(order)) for order in orders]
        return glance(seen for answer in answers if answer for seen in answer.glimpsed())

    def begun(self, order: Question) -> bool:
        """Whether something was said."""
        return as_asked(order) in self._answers

    def whole(self, order: Question) -> bool:
        """Whether all was said."""
        answer = self._answers.get(as_asked(order))
        return answer is not None and answer.whole

    def failure(self, order: Question) -> Failed | None:
        """Return why it could not be answered; None when it could, or is not known."""
        answer = self._answers.get(as_asked(order))
        return None if answer is None else answer.failed

    def orders(self) -> Iterator[Question]:
        """Yield every order whose answer is whole, in the order of asking."""
        return (order for order, answer in self._answers.items() if answer.whole)

    def __iter__(self) -> Iterator[tuple[Question, tuple[Event, ...]]]:
        """Yield these with their answers."""
        for order in self.orders():
            yield order, tuple(self._answers[order].said())

    # ------------------------------------------------------------ what may go

    def _is_extra(self, order: Question) -> bool:
        match order:
            case Weigh():
                return False
            case Try():
                return True
            case Analyse(case) | Recover(case):
                by_hand = isinstance(order, Recover) and bool(order.positions)
                return by_hand or (self._told is not None and case not in self._cases)

    def _bound(self, key: Question) -> None:
        if self._is_extra(key):
            self._extra.pop(key, None)
            self._extra[key] = self._answers[key].size()
            self._make_room()

    def spare(self) -> int:
        """Return about how many bytes are kept of what may go."""
        return sum(self._extra.values())

    def _make_room(self) -> None:
        excess = self.spare() - ROOM
        for order in list(self._extra)[:-1]:  # the last is what somebody has just asked
            if excess <= 0:
                break
            excess -= self._extra[order]
            self._drop(order)
            self.touch(order)

    def _drop(self, key: Question) -> None:
        self._answers.pop(key, None)
        self._extra.pop(key, None)
