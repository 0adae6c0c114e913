"""All entries measured, by as many hands as asked for; what is done stays done.

Gives work out and tells how far it is. Knows nothing of models, and hands only by what they say.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait

from unpact_tui.findings.family import Entry
from unpact_tui.findings.hands import Hand
from unpact_tui.findings.keeping import Folder
from unpact_tui.findings.work import Finished, Said, failed


@dataclass(frozen=True, slots=True)
class Progress:
    """How far all of it is."""

    stage: str
    done: int
    total: int


Clock = Callable[[], float]


def run(
    entries: Sequence[Entry],
    folder: Folder,
    hire: Callable[[], Hand],
    many: int,
    clock: Clock = time.monotonic,
) -> Iterator[Progress]:
    """Measure what is missing of `entries`. Raises `Unwritable`.

    An entry that fails, or whose hand dies, is kept as an error, and the rest go on. Closing the
    iterator ends every hand; what is finished is there the next time.
    """
    waiting = folder.missing(entries)
    shift = _Shift(folder, deque(waiting), len(entries), len(waiting), clock)
    try:
        for _ in range(min(many, len(waiting))):
            shift.give(hire())
        yield shift.progress("")
        while shift.busy:
            for connection in wait(list(shift.busy)):
                assert isinstance(connection, Connection)
                yield from _heard(shift, connection, hire)
    finally:
        for hand, _ in shift.busy.values():
            hand.stop()


@dataclass(slots=True)
class _Shift:
    """Who is at what."""

    folder: Folder
    waiting: deque[Entry]
    total: int
    missing: int
    clock: Clock
    busy: dict[Connection, tuple[Hand, Entry]] = field(
        default_factory=dict[Connection, "tuple[Hand, Entry]"]
    )
    finished: int = 0
    began: float = 0.0

    def __post_init__(self) -> None:
        self.began = self.clock()

    def give(self, hand: Hand) -> None:
        """Give a hand the next entry, or let it go."""
        if not self.waiting:
            hand.stop()
            return
        entry = self.waiting.popleft()
        self.busy[hand.connection] = (hand, entry)
        hand.connection.send(entry)

    def progress(self, text: str) -> Progress:
        """Say how far it is, and about how long it will take."""
        done = self.total - self.missing + self.finished
        return Progress(f"{text}{self._left()}", done, self.total)

    def _left(self) -> str:
        if not self.finished or self.finished == self.missing:
            return ""
        each = (self.clock() - self.began) / self.finished
        minutes = each * (self.missing - self.finished) / 60
        return f" (about {minutes:.0f} min left)" if minutes >= 1 else " (less than a minute left)"


def _heard(shift: _Shift, connection: Connection, hire: Callable[[], Hand]) -> Iterator[Progress]:
    hand, entry = shift.busy[connection]
    name = f"seed {entry.seed}, {entry.member}"
    try:
        heard: Said | Finished = connection.recv()
    except (EOFError, ConnectionResetError):
        del shift.busy[connection]
        heard = Finished(hand.gone())
        hand.stop()
        shift.folder.keep(entry, failed(entry, shift.folder, heard.error))
        hand = hire() if shift.waiting else None
    else:
        if isinstance(heard, Said):
            yield shift.progress(f"{name}: {heard.text}")
            return
        del shift.busy[connection]
    shift.finished += 1
    # Before anything is told: whoever listens may not come back, and a hand that nobody knows of
    # is ended by nobody.
    if hand is not None:
        shift.give(hand)
    yield shift.progress(f"{name}: {heard.error or 'measured'}")
