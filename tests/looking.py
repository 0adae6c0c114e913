"""A sitting in which much was done, kept in a file; and everything that a screen makes of one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from room import OPEN, Room, keys

from attribution.types import Case
from unpact_tui.app import painting, takeaway
from unpact_tui.app.all_prompts import AllPrompts
from unpact_tui.app.evidence import attempt_lines
from unpact_tui.app.glyphs import UNICODE
from unpact_tui.app.ladder import ladder_lines
from unpact_tui.app.overview import Overview, summary_of_prompt
from unpact_tui.app.widgets import status_line
from unpact_tui.session import file
from unpact_tui.session.actions import (
    VIEWS,
    AddCase,
    ChooseAnswerToken,
    ChooseCase,
    ChooseStrategy,
    ChooseView,
    Move,
    MoveThresholds,
    Undo,
)
from unpact_tui.session.file import Recorded
from unpact_tui.session.keeping import Keeping
from unpact_tui.session.remembered import as_document


def sat(path: Path) -> Room:
    """Return a sitting in which much was done, kept in a file."""
    room = Room()
    keeping = Keeping(path)
    room.comparison.wire.recorder = keeping.begin(OPEN, room.opened, room.state.timeline)
    room.comparison.begin()
    room.hear()
    room.do(keys(room), Move(3), Move(4), ChooseStrategy("quote"))
    room.tried()
    room.do(Undo())
    room.tried()
    room.do(ChooseCase(1), AddCase(Case("new", "Who is Ana Prado?", "A writer")))
    room.hear()
    room.do(ChooseCase(0), MoveThresholds(replace(room.state.thresholds, recovered=0.4)), Move(2))
    keeping.close()
    return room


def looked_through(path: Path) -> Recorded:
    """Read a file, and look at every prompt of it, as the inspector would."""
    found = file.read(path)
    room = Room(memory=found.memory, timeline=found.timeline)
    room.comparison.begin()
    for index in range(len(room.state.cases)):
        room.do(ChooseCase(index))
        for view in VIEWS:
            room.do(ChooseView(view))
            looked_at(room)
    taken_away(room)
    return found


def looked_at(room: Room) -> None:
    """Make the words and numbers of every page."""
    state = room.state
    status_line.title_line(state, UNICODE)
    status_line.tested_line(state, UNICODE)
    for at in (0, 10**6):
        room.do(ChooseAnswerToken(at) if state.view == "answer" else Move(at))
        status_line.status_line(room.state, UNICODE)
    for role in painting.PANES:
        painting.painted(state, role)
        assert painting.scale(state, role) < 1e10
    painting.matrix_scale(state)
    painting.probabilities(state)
    painting.marked(state)
    painting.hits(state, "a")
    attempt_lines(state, UNICODE, 60)
    ladder_lines(state, UNICODE, 60)


def taken_away(room: Room) -> None:
    """Make what is said of all prompts, and every form of it."""
    state, memory = room.state, room.comparison.memory
    Overview(memory, lambda _: False).rows(state.now)
    summary_of_prompt(state, state.thresholds)
    AllPrompts(state, memory, 0).judge_now(state.thresholds)
    whole = as_document(room.opened, OPEN.settings, state.now, memory)
    takeaway.choices(state, whole)
    if whole is not None:
        takeaway.written(whole, "md")
        takeaway.written(whole, "html")
