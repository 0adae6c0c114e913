"""The local engine: jobs given out to processes, one after another to each; what dies loses little.

Gives out, listens and replaces. Knows processes only by what they say; `processes` starts the real
ones.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection, wait
from typing import Protocol

from unpact_tui.errors import ComputeError
from unpact_tui.fleet.jobs import Done, Event, Fleet, Job, Lost, Said, Worker
from unpact_tui.fleet.process import Ready, environment, hire
from unpact_tui.fleet.turns import Queue, Turn


class Hand(Protocol):
    """Whoever does jobs."""

    @property
    def connection(self) -> Connection:
        """Gives `Ready`, takes a `Job`, and gives `Said` and at last `Done` or `Lost`."""
        ...

    def gone(self) -> str:
        """Return how it ended, as a sentence, when its connection has."""
        ...

    def stop(self) -> None:
        """End it, whatever it is at."""
        ...


Hire = Callable[[int], Hand]
"""Starts a hand; of those that work at once, each has another number below `Fleet.jobs`."""


def processes(worker: Worker, fleet: Fleet) -> Hire:
    """Return what starts a process of its own for a worker."""
    return partial(_process, worker, fleet)


def _process(worker: Worker, fleet: Fleet, number: int) -> Hand:
    return hire(worker, environment(fleet, number))


def run(jobs: Sequence[Job], fleet: Fleet, hire: Hire) -> Generator[Event]:
    """Do all jobs. A hand that is lost is replaced, and its job given out again, at the end.

    Closing the iterator ends every hand.
    """
    shift = _Shift(hire, Queue(fleet.retries, deque(Turn(job) for job in jobs)))
    try:
        for number in range(min(fleet.jobs, len(jobs))):
            shift.hire_for(number)
        while shift.posts:
            for connection in wait(list(shift.posts)):
                assert isinstance(connection, Connection)
                event = shift.heard(connection)
                if event is not None:
                    yield event
    finally:
        for post in shift.posts.values():
            post.hand.stop()


@dataclass(frozen=True, slots=True)
class _Post:
    """A hand, and what it is at."""

    hand: Hand
    number: int
    turn: Turn | None = None


@dataclass(slots=True)
class _Shift:
    """Who is at what.

    Whatever is told is told last: whoever listens may not come back, and a hand that nobody knows
    of is ended by nobody.
    """

    hire: Hire
    queue: Queue
    posts: dict[Connection, _Post] = field(default_factory=dict[Connection, _Post])
    stillborn: int = 0
    """Hands in a row that ended before they could begin."""

    def hire_for(self, number: int) -> None:
        """Find somebody for a place."""
        hand = self.hire(number)
        self.posts[hand.connection] = _Post(hand, number)

    def heard(self, connection: Connection) -> Event | None:
        """Hear what a hand says, and see that there is work; return what is worth telling."""
        post = self.posts[connection]
        try:
            message: Ready | Said | Done | Lost = connection.recv()
        except (EOFError, OSError):
            return self._gone(post)
        match message:
            case Ready():
                self.stillborn = 0
                self._give(post)
                return None
            case Said():
                return message
            case Done():
                self._give(post)
                return message
            case Lost():
                self._replace(post)
                return message

    def _give(self, post: _Post) -> None:
        """Give a hand the next job, or let it go."""
        if not self.queue.waiting:
            self._dismiss(post)
            return
        turn = self.queue.waiting.popleft()
        self.posts[post.hand.connection] = _Post(post.hand, post.number, turn)
        with suppress(OSError):  # that it is gone is heard like any other end
            post.hand.connection.send(turn.job)

    def _gone(self, post: _Post) -> Event | None:
        how = post.hand.gone()
        if post.turn is None:
            self.stillborn += 1
            if self.stillborn > self.queue.retries:
                error = ComputeError(f"No process to work in could be started. {how}.")
                error.hint = "What it said itself is above."
                raise error
            self._replace(post)
            return None
        event = self.queue.again(post.turn, how)
        self._replace(post)
        return event

    def _replace(self, post: _Post) -> None:
        self._dismiss(post)
        if self.queue.waiting:
            self.hire_for(post.number)

    def _dismiss(self, post: _Post) -> None:
        del self.posts[post.hand.connection]
        post.hand.stop()
