"""Whether what a session file says can be true: it may have been written by hand.

What contradicts itself would only be found while it is drawn. Each function returns why something
cannot be, or nothing. Knows no file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields

from attribution.thresholds import Thresholds
from attribution.types import Nats, Prompt
from unpact_tui.plausible import implausible
from unpact_tui.session.actions import (
    Action,
    ChooseStrategy,
    ChooseStrength,
    Emphasise,
    MoveThresholds,
    TryAll,
)
from unpact_tui.session.choices import LEAST_GAMMA, MOST_GAMMA, Choices
from unpact_tui.worker.events import (
    ByToken,
    Compared,
    Contributions,
    Edited,
    Encoded,
    Event,
    Failed,
    Finished,
    Judged,
    Ladder,
    Opened,
    Tried,
    Weighed,
    Written,
)
from unpact_tui.worker.protocol import Analyse, Question, Recover, Try, Weigh

_MOST = 1e9
"""No measured number is larger."""

_LONGEST = 10_000_000
"""Tokens of a prompt."""

_STRONGEST = 1000.0

_SAID: dict[type[Question], tuple[type[Event], ...]] = {
    Analyse: (Encoded, Written, Contributions, ByToken, Compared),
    Try: (Edited, Written, Tried),
    Recover: (Ladder, Judged),
    Weigh: (Weighed,),
}

_NEEDED: dict[type[Question], tuple[type[Event], ...]] = {
    Analyse: (Encoded, Compared),
    Try: (Edited, Tried),
    Recover: (Ladder, Judged),
    Weigh: (Weighed,),
}


def of_opened(opened: Opened) -> str:
    """Say what is wrong with what was opened."""
    roles = [loaded.role for loaded in opened.checkpoints]
    if roles[:2] != ["base", "unlearned"] or len(set(roles)) < len(roles):
        return "it does not say which two models were compared"
    return _numbers(opened)


def of_choices(choices: Choices, strategies: Sequence[str]) -> str:
    """Say what is wrong with what was chosen, where these strategies could be."""
    positions = [p for here in choices.here for p in (*here.emphasis, *here.tried_on)]
    rules = {
        "its choices do not fit its prompts": (
            len(choices.cases) == len(choices.here) and 0 <= choices.index < len(choices.cases)
        ),
        f"there is no strategy {choices.strategy!r} in it": choices.strategy in strategies,
        "a strength is out of range": 0 < choices.strength <= _STRONGEST,
        "its scale is out of range": (
            0 <= choices.threshold <= 1 and LEAST_GAMMA <= choices.gamma <= MOST_GAMMA
        ),
        "a threshold is out of range": _drawn(choices.thresholds),
        "a position is out of range": _places(positions),
    }
    return next((why for why, holds in rules.items() if not holds), "")


def of_action(action: Action, strategies: Sequence[str]) -> str:
    """Say what is wrong with an action."""
    match action:
        case ChooseStrategy(name) if name not in strategies:
            return f"there is no strategy {name!r} in it"
        case ChooseStrength(strength) if not 0 < strength <= _STRONGEST:
            return "a strength is out of range"
        case MoveThresholds(thresholds) if not _drawn(thresholds):
            return "a threshold is out of range"
        case Emphasise(positions) | TryAll(positions) if not _places(positions):
            return "a position is out of range"
        case _:
            return ""


def of_answer(order: Question, events: Sequence[Event]) -> str:
    """Say what is wrong with an answer."""
    kinds = {type(event) for event in events} - {Finished}
    if Failed not in kinds and not kinds.issuperset(_NEEDED[type(order)]):
        return "an answer is not whole"
    if not kinds <= {*_SAID[type(order)], Failed}:
        return "an answer is to another question"
    if why := _numbers(events):
        return why
    return next((why for why in _parts(events) if why), "")


def _drawn(thresholds: Thresholds) -> bool:
    numbers: list[float] = [getattr(thresholds, field.name) for field in fields(thresholds)]
    return all(0 <= number <= _MOST for number in numbers)


def _places(positions: Iterable[int]) -> bool:
    return all(0 <= position < _LONGEST for position in positions)


def _numbers(value: object) -> str:
    return implausible(value, most=_MOST)


def _parts(events: Sequence[Event]) -> Iterator[str]:
    """Compare the parts of an answer with the prompt that it is about."""
    # Of several the last is remembered.
    encoded = next((event for event in reversed(events) if isinstance(event, Encoded)), None)
    length = len(encoded.prompt.tokens) if encoded else 0
    said = len(encoded.answer_tokens) if encoded else 0
    for event in events:
        match event:
            case Encoded(prompt, _, words):
                yield _prompt(prompt)
                yield _inside(sum(words, ()), length)
                yield "" if all(words) else "a word is empty"
            case Contributions(_, logprob, values, _, logprobs, _, known):
                yield _long(values, length)
                yield "" if known is None else _long(known.estimates, length)
                yield "" if len(logprobs) in (0, said) else "an answer has another length"
                yield _likely((logprob, *logprobs))
            case ByToken(_, rows):
                yield "" if len(rows) in (0, said) else "an answer has another length"
                yield from (_long(row, length) for row in rows)
            case Compared(shift, keys, theirs, belongs=belongs):
                yield _long(shift.delta, length)
                yield _long(belongs, length) if belongs else ""
                yield _inside((*keys.positions, *theirs.positions), length)
            case Edited(_, prompt, moved):
                yield _prompt(prompt)
                yield _inside(moved, len(prompt.tokens))
            case _:
                pass


def _prompt(prompt: Prompt) -> str:
    """Tokens lie one behind the other, within the text."""
    at, end = 0, len(prompt.text)
    for token in prompt.tokens:
        if not at <= token.start <= token.end <= end:
            return "tokens do not lie in their text"
        at = token.end
    content = prompt.content
    return "" if 0 <= content.start <= content.end <= end else "a prompt does not lie in its text"


def _long(values: Sequence[Nats | None], length: int) -> str:
    return "" if len(values) == length else "there is not a number for each token"


def _inside(positions: Iterable[int], length: int) -> str:
    return "" if all(0 <= p < length for p in positions) else "a position is not in the prompt"


def _likely(logprobs: Iterable[Nats]) -> str:
    """Rounding may put a certain token a little above 0."""
    return "" if all(number <= 1 for number in logprobs) else "a probability is above 1"
