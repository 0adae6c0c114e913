"""What the engine has said to one order; folded up once it is whole.

As values, all that is said of a short prompt takes a hundred kilobytes, and that of ten thousand a
gigabyte; folded it takes three. To unfold it is a fifth of a millisecond. Ours.
"""

from __future__ import annotations

import zlib
from collections import OrderedDict
from collections.abc import Collection, Iterable
from contextlib import suppress

import msgspec

from unpact_tui.session.glance import Glimpse
from unpact_tui.worker.events import (
    ByToken,
    Contributions,
    Event,
    Failed,
    Finished,
    Written,
)

_AT_HAND = 32
"""Answers that stay as they are: what somebody looks at is looked at again."""

_BESIDE = 1_000
_AS_VALUES = 100_000
"""Bytes, about: of what belongs to any answer, and of one that cannot be folded."""

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(tuple[Event, ...])
_glimpses = msgspec.msgpack.Decoder(tuple[Glimpse, ...])


class Answer:
    """What was said to one order."""

    __slots__ = ("_events", "_folded", "failed", "whole")

    def __init__(self, events: Iterable[Event] = (), *, whole: bool = False) -> None:
        self.whole = whole
        """Nothing more will come; what could not be answered is whole as well."""
        self.failed: Failed | None = None
        """Why it could not be answered."""
        self._events: dict[tuple[object, ...], Event] | None = {}
        """None while it is folded."""
        self._folded = b""
        """Empty where it never was, or more was said since."""
        for event in events:
            self._keep(event)

    def take(self, event: Event) -> None:
        """Keep what was said, instead of what that makes stale."""
        self._keep(event)
        self.whole = isinstance(event, Finished | Failed)

    def said(self) -> Collection[Event]:
        """Return all of it, unfolded from now on."""
        return self._unfolded().values()

    def glimpsed(self) -> Iterable[Glimpse]:
        """Return all of it without what is large, folded as it is."""
        if self._pressed():
            return _glimpses.decode(zlib.decompress(self._folded))
        return msgspec.convert(msgspec.to_builtins(tuple(self.said())), tuple[Glimpse, ...])

    def fold(self) -> None:
        """Take little room, until somebody asks."""
        if self._pressed():
            self._events = None

    def size(self) -> int:
        """Return about how many bytes it takes when it is folded."""
        return _BESIDE + len(self._folded) if self._pressed() else _AS_VALUES

    def _pressed(self) -> bool:
        """Have the bytes ready; whether that can be done."""
        if not self._folded and self._events is not None:
            # Half a character has no bytes.
            with suppress(UnicodeEncodeError):
                self._folded = zlib.compress(_encoder.encode(tuple(self._events.values())), 1)
        return bool(self._folded)

    def _keep(self, event: Event) -> None:
        self._unfolded()[_kind(event)] = event
        self._folded = b""
        if isinstance(event, Failed):
            self.failed = event

    def _unfolded(self) -> dict[tuple[object, ...], Event]:
        if self._events is None:
            said = _decoder.decode(zlib.decompress(self._folded))
            self._events = {_kind(event): event for event in said}
        return self._events


class AtHand:
    """The answers that were asked for last, as they are; all others that are whole are folded."""

    def __init__(self) -> None:
        self._answers: OrderedDict[int, Answer] = OrderedDict()

    def use(self, answer: Answer) -> None:
        """Have an answer at hand."""
        self._answers[id(answer)] = answer
        self._answers.move_to_end(id(answer))
        if len(self._answers) > _AT_HAND:
            _, last = self._answers.popitem(last=False)
            if last.whole:
                last.fold()


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
