"""A comparison without a screen: an engine whose replies come one by one, and a stage."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import replace

from attribution.types import Case
from unpact_tui.app.comparison import Comparison
from unpact_tui.app.state import CompareState, start
from unpact_tui.session.actions import Action, Emphasise
from unpact_tui.session.choices import Timeline
from unpact_tui.session.file import Recorder
from unpact_tui.session.memory import Memory
from unpact_tui.settings import Settings
from unpact_tui.worker.events import Failed, Opened
from unpact_tui.worker.fake import STRATEGIES, FakeEngine
from unpact_tui.worker.protocol import Cancel, Open, Order, Reply

OPEN = Open("b", "u", None, Settings())
CASES = (
    Case("one", "Where was Basil Mahfouz Al-Kuwaiti born?", "Kuwait City"),
    Case("two", "Who wrote the Towers of Lisbon?", "Ana Prado", "retain"),
    Case("three", "What does Nikolai Abilov write?", "African American"),
)


class Waiting:
    """Something that happens when the test says so."""

    def __init__(self, what: Callable[[], None]) -> None:
        self.what: Callable[[], None] | None = what

    def stop(self) -> None:
        self.what = None

    def ring(self) -> None:
        if self.what is not None:
            self.what()


class Room:
    """A stage without a screen, and an engine whose replies come one by one."""

    def __init__(
        self,
        cases: tuple[Case, ...] = CASES,
        engine: FakeEngine | None = None,
        memory: Memory | None = None,
        recorder: Recorder | None = None,
        timeline: Timeline | None = None,
    ) -> None:
        self.drawn: list[CompareState] = []
        self.warnings: list[Failed] = []
        self.alarms: list[Waiting] = []
        self.weighed_times = 0
        self.replies: deque[Reply] = deque()
        self.engine = self.connected(engine or FakeEngine(manual=True))
        opened = next(r.event for r in self.replies if isinstance(r.event, Opened))
        self.replies.clear()
        state = replace(start(cases, STRATEGIES, 0, lane=False), opened=opened)
        state = replace(state, timeline=timeline or state.timeline)
        self.opened = opened
        self.comparison = Comparison(self.engine, state, self, memory or Memory(), recorder)

    def connected(self, engine: FakeEngine) -> FakeEngine:
        engine.listen(self.replies.append)
        engine.send(OPEN)
        engine.pump()
        engine.orders.clear()
        # Replies carry the place of an order in this list.
        engine.orders.append(Cancel())
        return engine

    # what a comparison needs around it

    def draw(self, state: CompareState) -> None:
        self.drawn.append(state)

    def later(self, seconds: float, what: Callable[[], None]) -> Waiting:
        self.alarms.append(Waiting(what))
        return self.alarms[-1]

    def warn(self, failed: Failed) -> None:
        self.warnings.append(failed)

    def weighed(self) -> None:
        self.weighed_times += 1

    # what a test does

    @property
    def state(self) -> CompareState:
        return self.comparison.state

    @property
    def asked(self) -> list[Order]:
        return self.engine.orders[1:]

    def forget_asked(self) -> None:
        """Look only at what is asked from here on, in another list of the same length."""
        self._seen = len(self.engine.orders)

    @property
    def news(self) -> list[Order]:
        return self.engine.orders[self._seen :]

    def hear(self, count: int | None = None) -> None:
        """Hand over `count` replies; all there are, and all that follow, by default."""
        given = 0
        while count is None or given < count:
            if not self.replies and not self.engine.pump(1):
                return
            self.comparison.hear(self.replies.popleft())
            given += 1

    def settle(self) -> None:
        """Let the last alarm ring."""
        if self.alarms:
            self.alarms[-1].ring()

    def do(self, *actions: Action) -> None:
        for action in actions:
            self.comparison.do(action)

    def tried(self) -> None:
        self.settle()
        self.hear()


def read(
    cases: tuple[Case, ...] = CASES,
    engine: FakeEngine | None = None,
    recorder: Recorder | None = None,
) -> Room:
    """Return a room where the first prompt is read, recovered and judged."""
    room = Room(cases, engine, recorder=recorder)
    room.comparison.begin()
    room.hear()
    assert room.state.page.judged is not None
    room.forget_asked()
    return room


def keys(room: Room) -> Emphasise:
    """Return what emphasises the KeyTokens."""
    return Emphasise(tuple(sorted(room.state.key_tokens)))
