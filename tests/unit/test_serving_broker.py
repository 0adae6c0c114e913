"""One engine for many tabs: who hears what, and what a tab cannot do to another."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from attribution.types import Case
from unpact_tui.errors import BadUsage
from unpact_tui.serving.broker import LINE, Broker
from unpact_tui.serving.welcome import Shown, Welcome, decode_welcome
from unpact_tui.settings import Settings
from unpact_tui.worker.events import Cancelled, Event, Failed, Finished, Loading, Opened, Written
from unpact_tui.worker.protocol import (
    Analyse,
    Cancel,
    Open,
    Order,
    Reply,
    Request,
    decode_reply,
    encode,
)

OPEN = Open("base", "unlearned", None, Settings())
CASES = (Case("1", "Who?", "He."), Case("2", "What?", None))
WELCOME = Welcome(OPEN, CASES, Shown(ascii=True, keymap={"quit": "q,Q"}))
ANALYSE = Analyse(CASES[0])
OPENED = Opened((), chat=False, warnings=())
DEATH = Failed("It was killed.", "See its log.", 4, fatal=True)


@dataclass
class Engine:
    """Says what the test wants said."""

    orders: list[tuple[Order, int]] = field(default_factory=list)
    callback: Callable[[Reply], None] | None = None
    alive: bool = True

    def send(self, order: Order, client: int = 0) -> int:
        self.orders.append((order, client))
        return len(self.orders)

    def listen(self, callback: Callable[[Reply], None]) -> None:
        self.callback = callback

    def close(self, timeout: float = 1.0) -> None:
        self.alive = False

    def say(self, number: int, *events: Event) -> None:
        assert self.callback is not None
        for event in events:
            self.callback(Reply(number, event))


@dataclass
class Tab:
    """One connection, as bytes."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    welcome: Welcome
    next: int = 100

    def ask(self, order: Order) -> int:
        self.next += 1
        self.writer.write(encode(Request(self.next, order)))
        return self.next

    async def hear(self) -> Reply:
        line = await asyncio.wait_for(self.reader.readline(), 5.0)
        assert line, "hung up"
        return decode_reply(line)

    async def ended(self) -> bool:
        try:
            return not await asyncio.wait_for(self.reader.read(), 5.0)
        except ConnectionError:
            return True

    async def close(self) -> None:
        self.writer.close()
        await asyncio.sleep(0)


@dataclass
class Shared:
    broker: Broker
    path: Path
    engines: list[Engine]
    failures: list[tuple[Failed, bool]]
    tabs: list[Tab] = field(default_factory=list)

    @property
    def engine(self) -> Engine:
        return self.engines[-1]

    async def tab(self) -> Tab:
        reader, writer = await asyncio.open_unix_connection(self.path)
        tab = Tab(reader, writer, decode_welcome(await reader.readline()))
        self.tabs.append(tab)
        return tab

    async def ordered(self, count: int) -> list[tuple[Order, int]]:
        """Wait until the engine was asked so often."""
        async with asyncio.timeout(5.0):
            while len(self.engine.orders) < count:
                await asyncio.sleep(0.005)
        return self.engine.orders


@pytest.fixture
async def shared() -> AsyncIterator[Shared]:
    engines: list[Engine] = []
    failures: list[tuple[Failed, bool]] = []

    def start() -> Engine:
        engines.append(Engine())
        return engines[-1]

    def failed(failure: Failed, served: bool) -> None:
        failures.append((failure, served))

    broker = Broker(start, WELCOME, failed)
    found = Shared(broker, await broker.open(), engines, failures)
    yield found
    for tab in found.tabs:
        tab.writer.close()
    await broker.close()
    assert not found.path.parent.exists()


async def test_a_tab_is_told_what_to_show(shared: Shared) -> None:
    assert (await shared.tab()).welcome == WELCOME


async def test_the_socket_is_in_a_folder_of_ours_alone(shared: Shared) -> None:
    assert stat.S_IMODE(shared.path.parent.stat().st_mode) == 0o700
    assert shared.path.parent.stat().st_uid == os.getuid()


async def test_the_checkpoints_are_loaded_once_for_all(shared: Shared) -> None:
    first = await shared.tab()
    number = first.ask(OPEN)
    begun = Loading("base", "base", "reading weights", 1, 10, 1, 1)
    further = Loading("base", "base", "reading weights", 9, 10, 1, 1)
    shared.engine.say(1, begun)
    assert await first.hear() == Reply(number, begun)
    shared.engine.say(1, further, OPENED)
    assert [await first.hear() for _ in range(2)] == [
        Reply(number, further),
        Reply(number, OPENED),
    ]
    second = await shared.tab()
    later = second.ask(OPEN)
    heard = [await second.hear() for _ in range(2)]
    assert heard == [Reply(later, further), Reply(later, OPENED)], "without the older progress"
    shared.engine.say(1, Finished())
    assert await second.hear() == Reply(later, Finished())
    assert await first.hear() == Reply(number, Finished())
    assert shared.engine.orders == [(OPEN, 0)]


async def test_no_tab_may_load_something_else(shared: Shared) -> None:
    tab = await shared.tab()
    number = tab.ask(Open("base", "another", None, Settings()))
    reply = await tab.hear()
    assert reply.id == number
    assert isinstance(reply.event, Failed)
    assert not reply.event.fatal
    assert "shared" in reply.event.message
    assert shared.engine.orders == [(OPEN, 0)]


async def test_each_hears_its_own_answer_by_its_own_number(shared: Shared) -> None:
    first, second = await shared.tab(), await shared.tab()
    mine, theirs = first.ask(ANALYSE), second.ask(Analyse(CASES[1]))
    assert mine == theirs, "which is what makes it interesting"
    orders = await shared.ordered(3)
    clients = {client for _, client in orders[1:]}
    assert len(clients) == 2
    assert 0 not in clients
    numbers = {client: number for number, (_, client) in enumerate(orders, 1)}
    written = Written("base", "He", emphasised=False, done=False)
    shared.engine.say(numbers[1], written, Finished())
    shared.engine.say(numbers[2], Cancelled())
    assert [await first.hear(), await first.hear()] == [
        Reply(mine, written),
        Reply(mine, Finished()),
    ]
    assert await second.hear() == Reply(theirs, Cancelled())


async def test_what_a_closed_tab_asked_is_stopped_for_it_alone(shared: Shared) -> None:
    first, second = await shared.tab(), await shared.tab()
    first.ask(ANALYSE)
    await shared.ordered(2)
    kept = second.ask(ANALYSE)
    await shared.ordered(3)
    await first.close()
    orders = await shared.ordered(5)
    asked = orders[1][1]
    assert orders[3:] == [(Cancel(), asked), (Cancel(background=True), asked)]
    shared.engine.say(2, Cancelled())
    shared.engine.say(3, Finished())
    assert await second.hear() == Reply(kept, Finished())
    assert shared.broker.tabs == 1


async def test_a_tab_that_asked_nothing_leaves_without_a_word(shared: Shared) -> None:
    first, second = await shared.tab(), await shared.tab()
    await first.close()
    second.ask(ANALYSE)
    assert [order for order, _ in await shared.ordered(2)] == [OPEN, ANALYSE]


@pytest.mark.parametrize(
    "line",
    [
        b"garbage\n",
        b"\xff\xfe\n",
        b'{"id": 1, "order": {"type": "Explode"}}\n',
        b'{"id": 1, "x": ' + b"[" * 100_000 + b"\n",
        b"x" * (LINE + 1) + b"\n",
    ],
    ids=["garbage", "no UTF-8", "no order", "deep", "too long"],
)
async def test_a_tab_that_talks_nonsense_is_shown_out_alone(shared: Shared, line: bytes) -> None:
    good, bad = await shared.tab(), await shared.tab()
    bad.writer.write(line)
    assert await bad.ended()
    number = good.ask(ANALYSE)
    await shared.ordered(2)
    shared.engine.say(2, Finished())
    assert await good.hear() == Reply(number, Finished())


async def test_all_hear_of_a_death_and_the_next_to_ask_starts_another(shared: Shared) -> None:
    first, second = await shared.tab(), await shared.tab()
    first.ask(OPEN)
    shared.engine.say(1, OPENED, Finished())
    assert [(await first.hear()).event for _ in range(2)] == [OPENED, Finished()]
    second.ask(ANALYSE)
    await shared.ordered(2)
    dead = shared.engine
    dead.say(0, DEATH)
    assert await first.hear() == Reply(0, DEATH)
    assert await second.hear() == Reply(0, DEATH)
    assert shared.failures == [(DEATH, True)]
    late = second.ask(ANALYSE)
    assert await second.hear() == Reply(late, DEATH)
    again, joined = first.ask(OPEN), second.ask(OPEN)
    async with asyncio.timeout(5.0):
        while len(shared.engines) < 2:
            await asyncio.sleep(0.005)
    dead.say(1, Failed("A ghost.", "", 4))
    shared.engine.say(1, OPENED, Finished())
    assert [await first.hear(), await first.hear()] == [
        Reply(again, OPENED),
        Reply(again, Finished()),
    ]
    assert await second.hear() == Reply(joined, OPENED)
    assert len(shared.engines) == 2


async def test_what_could_not_be_loaded_is_said_and_tried_again(shared: Shared) -> None:
    refused = Failed("There is no folder base.", "", 3, fatal=True)
    shared.engine.say(1, refused)
    tab = await shared.tab()
    assert shared.failures == [(refused, False)]
    number = tab.ask(OPEN)
    assert [order for order, _ in await shared.ordered(2)] == [OPEN, OPEN]
    shared.engine.say(2, refused)
    assert await tab.hear() == Reply(number, refused)


async def test_closing_hangs_up_on_everybody(shared: Shared) -> None:
    tab = await shared.tab()
    await shared.broker.close()
    assert await tab.ended()
    assert not shared.engine.alive


async def test_a_long_temporary_folder_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("x" * 120)
    deep.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    broker = Broker(Engine, Welcome(OPEN, ()), lambda failed, served: None)
    path = await broker.open()
    assert path.is_socket()
    await broker.close()
    assert list(deep.iterdir()) == []


async def test_nowhere_to_put_a_socket_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/proc/nowhere")
    broker = Broker(Engine, Welcome(OPEN, ()), lambda failed, served: None)
    with pytest.raises(BadUsage, match="no place for a socket"):
        await broker.open()
    await broker.close()
