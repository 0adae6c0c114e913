"""An engine without models: the same messages, from a rule, in the caller's process.

For the tests, the pictures in the documentation and work on the screens. By default every reply is
given before `send` returns; with a `delay` a thread gives one at a time, and with `manual` the test
does, by `pump`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator
from threading import Event as Flag
from threading import Lock, Thread

from attribution.attempts import LeverKind
from attribution.errors import AttributionError
from attribution.types import Case
from unpact_tui.settings import Settings
from unpact_tui.worker.events import (
    ByToken,
    Cancelled,
    Compared,
    Contributions,
    Encoded,
    Event,
    Failed,
    Finished,
    Loaded,
    Loading,
    Opened,
    Role,
    Vitals,
    Written,
)
from unpact_tui.worker.fake_doubt import EXACT, FakeDoubt, approximation, belongs, measured, shared
from unpact_tui.worker.fake_model import BASE, PLAIN, UNLEARNED, FakeModel
from unpact_tui.worker.fake_recovery import STRATEGIES as STRATEGIES
from unpact_tui.worker.fake_recovery import FakeMeans, attempt, recover
from unpact_tui.worker.fake_weights import weigh
from unpact_tui.worker.protocol import (
    Analyse,
    Cancel,
    Open,
    Order,
    Recover,
    Reply,
    Try,
    Weigh,
    ends,
    in_background,
)

Listener = Callable[[Reply], None]
Job = tuple[int, Order, Iterator[Event]]


class FakeEngine:
    """Answers by rule. `failure` is given in the place of the replies to `Open`.

    Nothing in `refused` can be done to these models.
    """

    def __init__(
        self,
        *,
        delay: float = 0.0,
        manual: bool = False,
        failure: Failed | None = None,
        warnings: tuple[str, ...] = (),
        doubt: FakeDoubt = EXACT,
        refused: Collection[LeverKind] = (),
    ) -> None:
        self.orders: list[Order] = []
        """Everything that was asked, for tests to look at."""
        self._delay = delay
        self._manual = manual or delay > 0
        self._failure = failure
        self._warnings = warnings
        self._doubt = doubt
        self._means = FakeMeans(Settings(), frozenset(refused))
        self._listener: Listener | None = None
        self._work: deque[Job] = deque()
        self._background: deque[Job] = deque()
        self._lock = Lock()
        self._closed = Flag()
        self._roles: tuple[Role, ...] = ("base", "unlearned")
        if delay > 0:
            Thread(target=self._run, daemon=True).start()

    @property
    def alive(self) -> bool:
        """Whether it was not closed."""
        return not self._closed.is_set()

    def listen(self, callback: Listener) -> None:
        """Give replies to `callback`."""
        self._listener = callback

    def close(self, timeout: float = 1.0) -> None:
        """Say nothing any more."""
        self._closed.set()

    def send(self, order: Order, client: int = 0) -> int:
        """Answer, now or bit by bit."""
        with self._lock:
            self.orders.append(order)
            request = len(self.orders)
            self._drop(order)
            job = (request, order, self._answer(order))
            if in_background(order):
                self._background.append(job)
            elif isinstance(order, Try):
                self._work.appendleft(job)
            else:
                self._work.append(job)
        if not self._manual:
            self.pump()
        return request

    def pump(self, count: int | None = None) -> int:
        """Give up to `count` replies, all there are by default; return how many were given."""
        given = 0
        while (count is None or given < count) and self._next():
            given += 1
        return given

    def die(self) -> None:
        """Say what a client says when its process is gone."""
        self._say(Reply(0, Failed("The engine stopped: it was killed.", "See its log.", 4, True)))

    def _run(self) -> None:
        while not self._closed.wait(self._delay):
            self._next()

    def _drop(self, order: Order) -> None:
        """End what an order takes the place of."""
        for queue in (self._work, self._background):
            for job in list(queue):
                if ends(order, job[1]):
                    queue.remove(job)
                    self._say(Reply(job[0], Cancelled()))

    def _next(self) -> bool:
        with self._lock:
            queue = self._work or self._background
            if not queue or self._closed.is_set():
                return False
            request, _, events = job = queue[0]
            try:
                event = next(events, None)
            except AttributionError as error:
                event = Failed(str(error), error.hint, 2)
            if event is None or isinstance(event, Failed):
                queue.remove(job)
            self._say(Reply(request, event or Finished()))
            return True

    def _say(self, reply: Reply) -> None:
        if self._listener is not None:
            self._listener(reply)

    def _answer(self, order: Order) -> Iterator[Event]:
        match order:
            case Open():
                yield from self._open(order)
            case Analyse(case):
                yield from _analyse(self._model(case), self._doubt)
                yield Vitals(21_474_836_480, 85_899_345_920, on_device=True, tokens_per_second=8412)
            case Try(case):
                yield from attempt(self._model(case), self._means, order)
            case Recover(case):
                yield from recover(self._model(case), self._means, order)
            case Weigh():
                yield from weigh()
            case Cancel():
                return

    def _model(self, case: Case) -> FakeModel:
        return FakeModel(case, "reference" in self._roles)

    def _open(self, order: Open) -> Iterator[Event]:
        self._means = FakeMeans(order.settings, self._means.refused)
        names: dict[Role, str] = {"base": order.base, "unlearned": order.second}
        if order.reference is not None:
            names["reference"] = order.reference
        self._roles = tuple(names)
        size = 2_471_645_608
        for role, name in names.items():
            yield Loading(role, name, "reading weights", 0, size, 1, 2)
            yield Loading(role, name, "reading weights", size // 2, size, 2, 2)
            if self._failure is not None:
                yield self._failure
                return
            yield Loading(role, name, "ready", size, size, 2, 2)
        yield Opened(
            tuple(self._loaded(role, name, size, order) for role, name in names.items()),
            chat=False,
            warnings=self._warnings,
        )

    def _loaded(self, role: Role, name: str, size: int, order: Open) -> Loaded:
        loaded = _loaded(role, name, size, order)
        return shared(loaded) if self._doubt.shared else loaded


def _loaded(role: Role, name: str, size: int, order: Open) -> Loaded:
    forgotten = "npo" if order.whp is None else "whp"
    method = {"base": None, "unlearned": forgotten, "reference": "retrained"}[role]
    return Loaded(
        role, name, f"models/{name}", method, 1_235_814_400, size, "bfloat16", "cpu", "5f3a1c"
    )


def _told(role: Role, text: str, emphasised: bool) -> Iterator[Event]:
    half = len(text) // 2
    yield Written(role, text[:half], emphasised, done=False)
    yield Written(role, text, emphasised, done=True)


def _measured(role: Role, logprob: float, model: FakeModel, doubt: FakeDoubt) -> Iterator[Event]:
    values = model.contributions(1.0 if role == "base" else UNLEARNED)
    known = approximation(values) if doubt.screened else None
    values = measured(values) if doubt.screened else values
    half = len(values) // 2
    blank = (None,) * (len(values) - half)
    said, noise = model.answer_logprobs(logprob), doubt.noise
    way = "screened" if doubt.screened else "leave_one_out"
    yield Contributions(role, logprob, values[:half] + blank, False, said, noise, known, way)
    yield Contributions(role, logprob, values, True, said, noise, known, way)
    yield ByToken(role, model.by_token(values))


def _analyse(model: FakeModel, doubt: FakeDoubt) -> Iterator[Event]:
    yield Encoded(model.prompt, model.answer, model.words, model.answer_tokens)
    yield from _told("base", model.answer_text, emphasised=False)
    yield from _told("unlearned", model.plain_text(), emphasised=False)
    if model.reference:
        yield from _told("reference", "I never heard of that.", emphasised=False)
    yield from _measured("base", BASE, model, doubt)
    yield from _measured("unlearned", PLAIN, model, doubt)
    yield _compared(model, doubt)


def _compared(model: FakeModel, doubt: FakeDoubt) -> Compared:
    whole = model.contributions(1.0), model.contributions(UNLEARNED)
    base, unlearned = (measured(each) if doubt.screened else each for each in whole)
    keys, chances = model.key_tokens(base), ()
    if doubt.screened:
        chances = belongs(model.prompt, whole[0], keys.positions)
    shift = model.shift(base, unlearned)
    return Compared(shift, keys, model.key_tokens(unlearned), 0.12, exact=False, belongs=chances)
