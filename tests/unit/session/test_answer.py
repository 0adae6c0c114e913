"""What was said is the same after it was folded, and takes a small part of the room."""

from __future__ import annotations

import gc
import tracemalloc

import pytest
from load_keys import prompts

from attribution.types import Case
from unpact_tui.session import answer as answer_module
from unpact_tui.session.answer import Answer
from unpact_tui.session.glance import Glance
from unpact_tui.session.memory import Memory
from unpact_tui.settings import Settings
from unpact_tui.worker.events import (
    Contributions,
    Event,
    Failed,
    Finished,
    Judged,
    Ladder,
    Written,
)
from unpact_tui.worker.fake import FakeEngine
from unpact_tui.worker.protocol import Analyse, Open, Question, Recover, Reply


def _said(orders: list[Question]) -> dict[Question, list[Event]]:
    engine, heard = FakeEngine(), list[Reply]()
    engine.listen(heard.append)
    engine.send(Open("base", "npo", None, Settings()))
    found: dict[Question, list[Event]] = {}
    for order in orders:
        heard.clear()
        engine.send(order)
        found[order] = [reply.event for reply in heard]
    return found


@pytest.fixture(scope="module")
def said() -> dict[Question, list[Event]]:
    return _said([kind(case) for case in prompts(12) for kind in (Analyse, Recover)])


def test_it_is_the_same_and_small(said: dict[Question, list[Event]]) -> None:
    def filled() -> tuple[Memory, int]:
        gc.collect()
        tracemalloc.start()
        memory = Memory()
        for order, events in said.items():
            for event in _decoded(events):
                memory.take(order, event)
        gc.collect()
        size = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        return memory, size

    plain, as_values = filled()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(answer_module, "_AT_HAND", 4)
        memory, folded = filled()
    assert folded < as_values / 2, "of 24 answers 4 are at hand"
    assert len(list(memory.orders())) == 24
    for order in said:
        assert memory.said(order) == plain.said(order)
        assert memory.said(order)
        assert memory.whole(order)


def _decoded(events: list[Event]) -> tuple[Event, ...]:
    """As they come from another process: nothing in them is shared."""
    return answer_module._decoder.decode(answer_module._encoder.encode(tuple(events)))


def test_more_may_be_said_of_what_is_folded() -> None:
    one = Answer([Written("base", "x", emphasised=False, done=True), Finished()], whole=True)
    one.fold()
    one.take(Failed("no more", "", 4))
    one.fold()
    assert [type(event) for event in one.said()] == [Written, Finished, Failed]
    assert one.failed == Failed("no more", "", 4)


def test_half_a_character_is_kept_as_it_is() -> None:
    torn = Written("base", "\ud800", emphasised=False, done=True)
    one = Answer([torn], whole=True)
    one.fold()
    assert list(one.said()) == [torn]
    assert one.size() > 10_000


def test_a_glance_is_what_a_whole_look_says(said: dict[Question, list[Event]]) -> None:
    memory = Memory()
    for order, events in said.items():
        memory.keep(order, events)
    for case in prompts(12):
        analyse, recover = Analyse(case), Recover(case)
        found = memory.glance(analyse, recover)
        events = (*memory.said(analyse), *memory.said(recover))
        (judged,) = (event for event in events if isinstance(event, Judged))
        (ladder,) = (event for event in events if isinstance(event, Ladder))
        assert ladder.recovery.best is not None
        assert found.evidence == judged.evidence
        assert (found.recovered, found.control) == (
            ladder.recovery.best.recovered,
            ladder.recovery.control,
        )
        assert found.logprobs == {
            event.role: event.logprob for event in events if isinstance(event, Contributions)
        }
        assert found.texts == {
            event.role: event.text for event in events if isinstance(event, Written) and event.done
        }
    assert memory.glance(Analyse(Case("x", "?"))) == Glance()


def test_a_glance_at_half_a_character() -> None:
    memory, order = Memory(), Analyse(Case("x", "?"))
    memory.take(order, Written("base", "\ud800", emphasised=False, done=True))
    assert memory.glance(order).texts == {"base": "\ud800"}
    memory.take(order, Written("base", "\ud800!", emphasised=False, done=False))
    assert memory.glance(order).texts == {}
