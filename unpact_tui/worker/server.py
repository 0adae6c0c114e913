"""The child process: reads requests from a pipe, runs the engine, writes replies.

Jobs are generators on a stack and only the top one moves, so a `Try` interrupts an analysis between
two batches and the analysis then goes on. The process ends when its pipe does, even in the middle
of a forward pass, so that no model outlives its inspector.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import BinaryIO

from attribution.errors import AttributionError
from methods.errors import MethodError
from unpact_tui import bug, bug_log, refusals
from unpact_tui.engine import Engine
from unpact_tui.errors import ExitCode, UnpactError, exit_code
from unpact_tui.settings import Settings
from unpact_tui.worker.events import (
    Cancelled,
    Contributions,
    Event,
    Failed,
    Finished,
    Hello,
    Ladder,
    Step,
    Weighed,
    Working,
    Written,
)
from unpact_tui.worker.protocol import (
    VERSION,
    Analyse,
    Cancel,
    Open,
    Order,
    Recover,
    Reply,
    Request,
    Try,
    Weigh,
    decode_request,
    encode,
    ends,
    in_background,
)

_PERIOD = 0.1
"""Seconds between two partial texts or partial attributions of one kind."""


@dataclass(slots=True)
class Job:
    """A request that is being answered."""

    request: Request
    steps: Iterator[Step]
    seconds: float = 0.0
    """Spent on it."""
    tokens: int = 0
    """Read by the models for it."""

    @property
    def background(self) -> bool:
        """It runs when nothing else does."""
        return in_background(self.request.order)


class Server:
    """Runs the newest job first; a job of the same kind, or a new case, ends an older one.

    Only of the same client, though, and never what runs in the background. Clients take turns.
    """

    def __init__(self, say: Callable[[Reply], None]) -> None:
        self._say = say
        self._engine = Engine(Settings())
        self._jobs: list[Job] = []
        self._turn = 0
        self._last: dict[tuple[object, ...], float] = {}

    @property
    def idle(self) -> bool:
        """Nothing is left to do."""
        return not self._jobs

    def accept(self, request: Request) -> None:
        """Put a request on the stack, or carry it out when it is a `Cancel`."""
        order = request.order
        for job in list(self._jobs):
            if isinstance(order, Open) or (
                job.request.client == request.client and ends(order, job.request.order)
            ):
                self._end(job, Cancelled())
        if isinstance(order, Cancel):
            self._say(Reply(request.id, Finished()))
        else:
            self._jobs.append(Job(request, self._start(order)))

    def _start(self, order: Order) -> Iterator[Step]:
        match order:
            case Open():
                return self._engine.open(order)
            case Analyse():
                return self._engine.analyse(order)
            case Try():
                return self._engine.attempt(order)
            case Recover():
                return self._engine.recover(order)
            case Weigh():
                return self._engine.weigh()
            case Cancel():
                return iter(())

    def _next(self) -> Job:
        """Return the newest job of the client whose turn it is; the background comes last."""
        jobs = [job for job in self._jobs if not job.background] or self._jobs
        newest = {job.request.client: job for job in jobs}
        self._turn += 1
        clients = sorted(newest)
        return newest[clients[self._turn % len(clients)]]

    def step(self) -> None:
        """Move a job by one step."""
        job = self._next()
        begun, read = time.monotonic(), self._engine.tokens_read
        try:
            with refusals.translated():
                event = next(job.steps, None)
        except (UnpactError, AttributionError, MethodError) as error:
            fatal = isinstance(job.request.order, Open)
            failed = Failed(str(error), error.hint, exit_code(error), fatal)
            self._end(job, failed)
            return
        job.seconds += time.monotonic() - begun
        job.tokens += max(0, self._engine.tokens_read - read)
        if event is None:
            if job.tokens:
                self._say(Reply(job.request.id, self._engine.vitals(job.tokens, job.seconds)))
            self._end(job, Finished())
        elif not isinstance(event, Working) and not self._too_soon(event):
            self._say(Reply(job.request.id, event))

    def _end(self, job: Job, last: Event) -> None:
        self._jobs.remove(job)
        self._say(Reply(job.request.id, last))

    def _too_soon(self, event: Step) -> bool:
        """Whether a partial result may be dropped because a fresher one will follow."""
        match event:
            case Written(done=False):
                kind = (Written, event.role, event.emphasised)
            case Contributions(complete=False):
                kind = (Contributions, event.role)
            case Ladder(recovery=recovery) if not recovery.complete:
                kind = (Ladder,)
            case Weighed(change=change) if not change.complete:
                kind = (Weighed,)
            case _:
                return False
        now = time.monotonic()
        soon = now - self._last.get(kind, 0.0) < _PERIOD
        if not soon:
            self._last[kind] = now
        return soon


def _listen(pipe: BinaryIO, requests: SimpleQueue[Request]) -> None:
    for line in pipe:
        requests.put(decode_request(line))
    os._exit(ExitCode.OK)  # the inspector is gone: leave at once, whatever is running


def serve(incoming: BinaryIO, outgoing: BinaryIO) -> None:
    """Answer requests until the pipe closes."""

    def say(reply: Reply) -> None:
        outgoing.write(encode(reply))
        outgoing.flush()

    requests: SimpleQueue[Request] = SimpleQueue()
    threading.Thread(target=_listen, args=(incoming, requests), daemon=True).start()
    say(Reply(0, Hello(VERSION)))
    server = Server(say)
    while True:
        try:
            server.accept(requests.get(block=server.idle))
        except Empty:
            server.step()


def main() -> None:
    """Keep the pipe to ourselves: what anything else prints goes to standard error, a log file."""
    bug.install()
    bug_log.install()
    outgoing = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    incoming = os.fdopen(os.dup(0), "rb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    sys.stdout = sys.stderr
    serve(incoming, outgoing)


if __name__ == "__main__":
    main()
