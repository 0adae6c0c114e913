"""What a person has chosen, as one frozen value, with everything it was before.

Pure, and independent of what the models say: a log of actions gives the same choices wherever it is
applied. What is chosen can be taken back; where the cursor stands cannot, and is not in here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from attribution.thresholds import Thresholds
from attribution.types import Case, Granularity
from unpact_tui.session.actions import (
    Action,
    AddCase,
    Choice,
    ChooseAnswerToken,
    ChooseCase,
    ChooseGranularity,
    ChooseScale,
    ChooseStrategy,
    ChooseStrength,
    ChooseView,
    EditCase,
    Emphasise,
    Move,
    MoveThresholds,
    Redo,
    ShowLane,
    TryAll,
    Undo,
    View,
)

LEAST_GAMMA, MOST_GAMMA = 0.2, 3.0

MOST_UNDOABLE, FEWEST_UNDOABLE = 1000, 50
"""Choices that undo goes back over; the fewest where there are very many prompts. Ours."""
_ROOM = 1_000_000
"""Of all choices that are kept, how many entries of single prompts they may have together."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What is chosen for one prompt; stays with it while others are looked at."""

    emphasis: tuple[int, ...] = ()
    """Positions, in order."""
    tried_on: tuple[int, ...] = ()
    """What every strategy was run on by hand; empty means the KeyTokens."""
    answer_token: int = 0


@dataclass(frozen=True, slots=True)
class Choices:
    """Everything that undo goes back over."""

    cases: tuple[Case, ...]
    here: tuple[Chosen, ...]
    """One per case."""
    index: int = 0
    strategy: str = ""
    strength: float = 1.0
    view: View = "contribution"
    granularity: Granularity = "token"
    joint: bool = True
    threshold: float = 0.0
    gamma: float = 1.0
    lane: bool = False
    thresholds: Thresholds = field(default_factory=Thresholds)

    @property
    def case(self) -> Case:
        """The current prompt."""
        return self.cases[self.index]

    @property
    def chosen(self) -> Chosen:
        """What is chosen for it."""
        return self.here[self.index]


@dataclass(frozen=True, slots=True)
class Timeline:
    """The choices now, before and after, and the log they come from.

    Before and after are bounded, and so is the log: a sitting may be long. How far back they go
    follows from the number of prompts alone, so a log means the same to whoever replays it.
    """

    now: Choices
    past: tuple[Choices, ...] = ()
    future: tuple[Choices, ...] = ()
    cursor: int | None = None
    """The token the cursor was put on; None until it was moved on this prompt."""
    log: tuple[Action, ...] = ()
    """The last actions, as many as can be undone; a session file has all of them."""


def begin(cases: Sequence[Case]) -> tuple[Chosen, ...]:
    """Return nothing chosen, for each case."""
    return (Chosen(),) * len(cases)


def replay(timeline: Timeline, actions: Iterable[Action]) -> Timeline:
    """Return what a log makes of it."""
    for action in actions:
        timeline = act(timeline, action)
    return timeline


def act(timeline: Timeline, action: Action) -> Timeline:
    """Return the timeline after `action`; itself when that changes nothing.

    Only the last of several moves of the cursor is kept in the log.
    """
    most = undoable(timeline.now)
    log = (*timeline.log[1 - most :], action)
    match action:
        case Move(position):
            moved = timeline.log and isinstance(timeline.log[-1], Move)
            log = (*timeline.log[:-1], action) if moved else log
            return replace(timeline, cursor=position, log=log)
        case Undo():
            if not timeline.past:
                return timeline
            future = (timeline.now, *timeline.future)
            return _at(timeline, timeline.past[-1], timeline.past[:-1], future, log)
        case Redo():
            if not timeline.future:
                return timeline
            past = (*timeline.past[1 - most :], timeline.now)
            return _at(timeline, timeline.future[0], past, timeline.future[1:], log)
        case _:
            now = choose(timeline.now, action)
            if now == timeline.now:
                return timeline
            return _at(timeline, now, (*timeline.past[1 - most :], timeline.now), (), log)


def undoable(choices: Choices) -> int:
    """Return how many choices can be taken back: each one holds an entry for every prompt."""
    most = _ROOM // max(1, len(choices.cases))
    return max(FEWEST_UNDOABLE, min(MOST_UNDOABLE, most))


def _at(
    timeline: Timeline,
    now: Choices,
    past: tuple[Choices, ...],
    future: tuple[Choices, ...],
    log: tuple[Action, ...],
) -> Timeline:
    stays = now.case == timeline.now.case
    return Timeline(now, past, future, timeline.cursor if stays else None, log)


def choose(choices: Choices, action: Choice) -> Choices:
    """Return the choices with one made; the same where there is nothing such to choose."""
    match action:
        case Emphasise() | TryAll() | ChooseAnswerToken():
            return _here(choices, _chosen(choices.chosen, action))
        case ChooseStrategy(name):
            # Strengths of different strategies have nothing to do with each other.
            same = name == choices.strategy
            return choices if same else replace(choices, strategy=name, strength=1.0)
        case ChooseStrength(strength):
            return replace(choices, strength=strength)
        case ChooseView(view):
            return replace(choices, view=view)
        case ChooseGranularity(granularity):
            return replace(choices, granularity=granularity)
        case ChooseScale(joint, threshold, gamma):
            threshold = min(1.0, max(0.0, threshold))
            gamma = min(MOST_GAMMA, max(LEAST_GAMMA, gamma))
            return replace(choices, joint=joint, threshold=threshold, gamma=gamma)
        case ShowLane(shown):
            return replace(choices, lane=shown)
        case MoveThresholds(thresholds):
            return replace(choices, thresholds=thresholds)
        case ChooseCase(index):
            return replace(choices, index=index) if 0 <= index < len(choices.cases) else choices
        case EditCase(case):
            return _edited(choices, case)
        case AddCase(case):
            cases, here = (*choices.cases, case), (*choices.here, Chosen())
            return replace(choices, cases=cases, here=here, index=len(cases) - 1)


def _chosen(chosen: Chosen, action: Emphasise | TryAll | ChooseAnswerToken) -> Chosen:
    match action:
        case Emphasise(positions):
            return replace(chosen, emphasis=tuple(sorted(set(positions))))
        case TryAll(positions):
            return replace(chosen, tried_on=tuple(sorted(set(positions))))
        case ChooseAnswerToken(index):
            return replace(chosen, answer_token=max(0, index))


def _edited(choices: Choices, case: Case) -> Choices:
    """Put a case in the place of the current one; what was chosen for that is of other tokens."""
    if case == choices.case:
        return choices
    cases = list(choices.cases)
    cases[choices.index] = case
    return _here(replace(choices, cases=tuple(cases)), Chosen())


def _here(choices: Choices, chosen: Chosen) -> Choices:
    here = list(choices.here)
    here[choices.index] = chosen
    return replace(choices, here=tuple(here))
