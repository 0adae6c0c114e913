"""A session file of very many actions, and what it takes to open it again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from time import process_time

from load_keys import prompts
from room import OPEN, Room
from vital_signs import of_process

from unpact_tui.session.actions import Action, ChooseCase, ChooseView, Emphasise, Move, Redo, Undo
from unpact_tui.session.choices import Timeline, act
from unpact_tui.session.file import Heard, read
from unpact_tui.session.keeping import Keeping
from unpact_tui.worker.events import Event
from unpact_tui.worker.protocol import Analyse, Try

_EACH = 10
"""Actions to one that is answered: most of what a person does asks nothing new."""


@dataclass(frozen=True, slots=True)
class Reopened:
    """A session that was written, and opened again."""

    actions: int
    size: int
    """Bytes of the file."""
    writing: float
    reading: float
    """Seconds of the processor."""
    growth: int
    """Bytes that the process took more after reading it."""
    answers: int
    same: bool
    """Where one was, and what can be undone, is what it was."""


def _drawn(draw: Random) -> Action:
    place = draw.randrange(12)
    acts: tuple[Callable[[], Action], ...] = (
        lambda: Move(place),
        lambda: Emphasise((place,)),
        lambda: Emphasise((place, place + 1)),
        lambda: ChooseCase(draw.randrange(12)),
        lambda: ChooseView(draw.choice(("contribution", "shift"))),
        Undo,
        Redo,
    )
    return draw.choice(acts)()


def _said(room: Room) -> tuple[Event, ...]:
    """Return what a model says to an emphasis, once."""
    room.comparison.begin()
    room.hear()
    room.do(Emphasise((3,)))
    room.tried()
    found = [events for order, events in room.comparison.memory if isinstance(order, Try)]
    return found[-1]


def reopen(folder: Path, count: int, seed: int) -> Reopened:
    """Write so many actions, every tenth of them answered, and open the file again."""
    draw, cases = Random(seed), prompts(12)
    room = Room(cases)
    said, timeline = _said(room), Timeline(room.state.timeline.now)
    path, started = folder / "session.jsonl", process_time()
    keeping = Keeping(path)
    recorder = keeping.begin(OPEN, room.opened, timeline)
    for number in range(count):
        action = _drawn(draw)
        recorder.did(action)
        timeline = act(timeline, action)
        if number % _EACH == 0:
            order = Try(cases[number % 12], "bold", (number % 9,), float(number))
            recorder.write(Heard(order, said))
    keeping.close()
    writing, before = process_time() - started, of_process().memory
    started = process_time()
    found = read(path)
    reading = process_time() - started
    return Reopened(
        count,
        path.stat().st_size,
        writing,
        reading,
        of_process().memory - before,
        sum(1 for order, _ in found.memory if not isinstance(order, Analyse)),
        found.timeline.now == timeline.now and found.timeline.past == timeline.past,
    )
