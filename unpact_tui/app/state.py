"""What the inspector knows, as one frozen value, and what a person can do to it.

`apply` is pure, and so is its counterpart for the engine's side, `receive` in `replies.py`. Nothing
here knows a screen or a process: the screen draws the value and sends what it asks for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from attribution.types import Answer, Case, KeyTokens, Nats, Prompt, Recovery
from unpact_tui.app.actions import (
    Action,
    ChooseCase,
    ChooseStrategy,
    ChooseView,
    ClearEmphasis,
    EditCase,
    Move,
    ShowLane,
    TakeKeyTokens,
    ToggleWord,
    View,
)
from unpact_tui.worker.protocol import Compared, Edited, Judged, Ladder, Opened, Role, Tried

Task = Literal["analysis", "attempt", "recovery"]


@dataclass(frozen=True, slots=True)
class Side:
    """What is known of one model on the current prompt."""

    logprob: Nats | None = None
    values: tuple[Nats | None, ...] = ()
    complete: bool = False
    text: str | None = None
    """The plain answer so far; None before its first word."""
    done: bool = False
    emphasised: str | None = None
    """The answer with the emphasis on."""
    emphasised_done: bool = False


@dataclass(frozen=True, slots=True)
class Running:
    """The number of the request whose replies are awaited, per task; 0 when there is none."""

    analysis: int = 0
    attempt: int = 0
    recovery: int = 0

    def task(self, request: int) -> Task | None:
        """Return the task a reply belongs to; None when it is stale."""
        if request == 0:
            return None
        if request == self.analysis:
            return "analysis"
        if request == self.attempt:
            return "attempt"
        return "recovery" if request == self.recovery else None

    def without(self, task: Task) -> Running:
        """Return the same with `task` over."""
        match task:
            case "analysis":
                return replace(self, analysis=0)
            case "attempt":
                return replace(self, attempt=0)
            case "recovery":
                return replace(self, recovery=0)


@dataclass(frozen=True, slots=True)
class CompareState:
    """Everything the comparison screen draws."""

    cases: tuple[Case, ...]
    strategies: tuple[str, ...]
    index: int = 0
    strategy: str = ""
    view: View = "contribution"
    lane: bool = False
    opened: Opened | None = None

    prompt: Prompt | None = None
    answer: Answer | None = None
    words: tuple[tuple[int, ...], ...] = ()
    base: Side = Side()
    unlearned: Side = Side()
    reference: Side = Side()
    compared: Compared | None = None

    cursor: int = 0
    emphasis: frozenset[int] = frozenset()
    edited: Edited | None = None
    tried: Tried | None = None
    ladder: Ladder | None = None
    ladder_positions: tuple[int, ...] = ()
    """What the strategies run on; empty means the KeyTokens."""
    judged: Judged | None = None

    running: Running = Running()
    recover_asked: bool = False
    """The strategies were run on this case, or refused: they do not start by themselves again."""
    hint: str = ""
    """Why the last action did nothing."""
    trouble: str = ""
    """Why the emphasis that is on has no answer."""
    log: tuple[Action, ...] = ()

    @property
    def case(self) -> Case:
        """The current row of the prompt file."""
        return self.cases[self.index]

    @property
    def key_tokens(self) -> frozenset[int]:
        """Positions of the base's KeyTokens; empty until known."""
        return frozenset(self.compared.key_tokens.positions) if self.compared else frozenset()

    @property
    def recovery(self) -> Recovery | None:
        """All attempts so far."""
        return self.ladder.recovery if self.ladder else None

    @property
    def busy(self) -> bool:
        """Something is awaited from the engine."""
        return self.running != Running()

    def side(self, role: Role) -> Side:
        """Return one model's side."""
        return {"base": self.base, "unlearned": self.unlearned, "reference": self.reference}[role]


def start(cases: Sequence[Case], strategies: Sequence[str], index: int, lane: bool) -> CompareState:
    """Return the state before anything was read."""
    return CompareState(
        tuple(cases), tuple(strategies), index=index, strategy=strategies[0], lane=lane
    )


def word_at(state: CompareState, position: int) -> tuple[int, ...]:
    """Return the positions of the word at a token; empty when it is in none."""
    return next((word for word in state.words if position in word), ())


def word_from(state: CompareState, position: int, by: int) -> int:
    """Return the first token of the next or previous word; `position` itself when there is none."""
    starts = [word[0] for word in state.words]
    if by > 0:
        return next((start for start in starts if start > position), position)
    return next((start for start in reversed(starts) if start < position), position)


def words_with(state: CompareState, key: KeyTokens) -> frozenset[int]:
    """Return the positions of all words that hold a KeyToken."""
    chosen = set(key.positions)
    return frozenset(i for word in state.words if chosen.intersection(word) for i in word)


def painted(state: CompareState, role: Role) -> tuple[Nats | None, ...]:
    """Return the numbers that colour one model's tokens: in the shift view, the change."""
    if state.view == "shift" and role == "unlearned":
        return state.compared.shift.delta if state.compared else ()
    return state.side(role).values


def scale(state: CompareState) -> float:
    """Return the largest absolute number painted in either pane: one scale for both."""
    values = (*painted(state, "base"), *painted(state, "unlearned"))
    return max((abs(value) for value in values if value is not None), default=0.0)


# ---------------------------------------------------------------- what a person does


def apply(state: CompareState, action: Action) -> CompareState:
    """Return the state after `action`; the same, but for a hint, when it can do nothing."""
    before = replace(state, hint="")
    after = _act(before, action)
    if isinstance(action, Move) or after is before or after.hint:
        return after
    return replace(after, log=(*state.log, action))


def _act(state: CompareState, action: Action) -> CompareState:
    match action:
        case Move(position):
            last = len(state.prompt.tokens) - 1 if state.prompt else 0
            return replace(state, cursor=max(0, min(last, position)))
        case ToggleWord(position):
            return _toggle(state, position)
        case TakeKeyTokens():
            return _take(state)
        case ClearEmphasis():
            return _emphasise(state, frozenset())
        case ChooseStrategy(name):
            if name not in state.strategies or name == state.strategy:
                return state
            return _forget_attempt(replace(state, strategy=name))
        case ChooseView(view):
            return replace(state, view=view)
        case ShowLane(shown):
            return replace(state, lane=shown)
        case ChooseCase(index):
            if not 0 <= index < len(state.cases) or index == state.index:
                return replace(state, hint="There is no other prompt that way.")
            return _blank(replace(state, index=index))
        case EditCase(case):
            cases = (*state.cases[: state.index], case, *state.cases[state.index + 1 :])
            return _blank(replace(state, cases=cases))


def _toggle(state: CompareState, position: int) -> CompareState:
    word = frozenset(word_at(state, position))
    if not word:
        return replace(state, hint="This token is in no word: it cannot be emphasised.")
    on = state.emphasis
    return _emphasise(state, on - word if word <= on else on | word)


def _take(state: CompareState) -> CompareState:
    if state.compared is None:
        return replace(state, hint="The KeyTokens are not known yet.")
    words = words_with(state, state.compared.key_tokens)
    if not words:
        return replace(state, hint="No word of this prompt holds a KeyToken.")
    return _emphasise(state, words)


def _emphasise(state: CompareState, positions: frozenset[int]) -> CompareState:
    if positions == state.emphasis:
        return state
    return _forget_attempt(replace(state, emphasis=positions))


def _forget_attempt(state: CompareState) -> CompareState:
    """Drop what was said under the former emphasis, and whatever is still to be said."""
    return replace(
        state,
        base=replace(state.base, emphasised=None, emphasised_done=False),
        unlearned=replace(state.unlearned, emphasised=None, emphasised_done=False),
        reference=replace(state.reference, emphasised=None, emphasised_done=False),
        edited=None,
        tried=None,
        trouble="",
        running=state.running.without("attempt"),
    )


def _blank(state: CompareState) -> CompareState:
    """Keep what is chosen, forget what was measured."""
    return CompareState(
        state.cases,
        state.strategies,
        index=state.index,
        strategy=state.strategy,
        view=state.view,
        lane=state.lane,
        opened=state.opened,
        log=state.log,
    )
