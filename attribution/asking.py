"""Whole answers to single questions, texts welcome: what `import attribution` offers.

What streams, and what the command line and the inspector are made of, is in the modules below.
Knows nothing of how a model is opened.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from attribution import compare, estimators, keytokens
from attribution.effort import DEFAULT_EFFORT, Effort
from attribution.errors import NothingToAblate
from attribution.removal import remove
from attribution.scorer import Scorer
from attribution.types import (
    Answer,
    Attribution,
    Granularity,
    KeyTokenRule,
    KeyTokens,
    Nats,
    Prompt,
    Shift,
)

DEFAULT_RULE = KeyTokenRule()


def measure(
    scorer: Scorer,
    prompt: Prompt | str,
    answer: Answer | str,
    estimator: str = "leave_one_out",
    granularity: Granularity = "token",
    effort: Effort = DEFAULT_EFFORT,
    *,
    seed: int = 0,
    also: frozenset[int] = frozenset(),
) -> Attribution:
    """Return what each prompt token contributes to the answer, by any estimator.

    The positions in `also` are measured whatever the estimator picks: those of one model's
    KeyTokens, say, to compare another with it. Raises `UnknownName` and what the scorer raises.
    """
    found = estimators.load(estimator)
    read = scorer.encode(prompt) if isinstance(prompt, str) else prompt
    said = scorer.answer(answer, after=read) if isinstance(answer, str) else answer
    steps = found(scorer, read, said, granularity, effort, seed=seed, also=also)
    return deque(steps, maxlen=1).pop()


def leave_one_out(
    scorer: Scorer,
    prompt: Prompt | str,
    answer: Answer | str,
    granularity: Granularity = "token",
) -> Attribution:
    """Return exact contributions: C(x_i, y) = LP(x, y) - LP(x without x_i, y), in nats.

    Raises `NothingToAblate` and what the scorer raises.
    """
    return measure(scorer, prompt, answer, "leave_one_out", granularity)


def leave_out(
    scorer: Scorer,
    prompt: Prompt | str,
    answer: Answer | str,
    sets: Iterable[Iterable[int]],
) -> tuple[Nats, ...]:
    """Return what the answer loses without each set of positions, in nats, in the order given.

    Any positions, next to each other or not, template included. Raises `NothingToAblate` for a set
    that leaves nothing of the prompt, and what the scorer raises.
    """
    read = scorer.encode(prompt) if isinstance(prompt, str) else prompt
    said = scorer.answer(answer, after=read) if isinstance(answer, str) else answer
    wanted = [tuple(sorted(set(positions))) for positions in sets]
    # In the order of what they share with the whole prompt, which is read once.
    found = sorted({unit for unit in wanted if unit})
    if any(len(unit) >= len(read.tokens) for unit in found):
        raise NothingToAblate("set of tokens")
    if not found:
        return (0.0,) * len(wanted)
    known = deque(remove(scorer, read, said, found), maxlen=1).pop()
    return tuple(known.contribution(unit) if unit else 0.0 for unit in wanted)


def key_tokens(attribution: Attribution, rule: KeyTokenRule = DEFAULT_RULE) -> KeyTokens:
    """Return the tokens that carry the answer, by the paper's two-branch rule.

    Raises `BadOption`.
    """
    return keytokens.key_tokens(attribution, rule)


def shift(base: Attribution, other: Attribution, rule: KeyTokenRule = DEFAULT_RULE) -> Shift:
    """Return how contributions moved from one model to another, for the same prompt and answer.

    Raises `PromptMismatch`, `BadOption`.
    """
    return compare.shift(base, other, key_tokens(base, rule), key_tokens(other, rule))
