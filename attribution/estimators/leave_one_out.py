"""Exact leave-one-out: C(x_i, y) = LP(x, y) - LP(x without x_i, y).

The paper's definition (arXiv 2509.24675): LP is the mean log-probability per answer token, teacher
forced. Removal works on token ids, so the neighbours of what is removed keep their tokenisation.
Costs one pass per unit and one for the whole prompt.
"""

from __future__ import annotations

from collections.abc import Iterator

from attribution.errors import NothingToAblate
from attribution.scorer import Scorer, mean
from attribution.types import Answer, Attribution, Granularity, Prompt
from attribution.words import words


def units(prompt: Prompt, granularity: Granularity) -> tuple[tuple[int, ...], ...]:
    """Return what is removed together: single tokens, or words with the tokens in no word alone.

    A unit whose removal would leave no token at all is left out: nothing would predict the answer.
    """
    found = words(prompt) if granularity == "word" else ()
    inside = {i for unit in found for i in unit}
    alone = tuple((i,) for i in prompt.removable if i not in inside)
    return tuple(unit for unit in sorted(found + alone) if len(unit) < len(prompt.tokens))


def measure(
    scorer: Scorer, prompt: Prompt, answer: Answer, granularity: Granularity = "token"
) -> Iterator[Attribution]:
    """Yield one attribution per batch; tokens not yet measured, and fixed ones, are None.

    Raises `NothingToAblate` and what the scorer raises.
    """
    removed = units(prompt, granularity)
    if not removed:
        raise NothingToAblate
    rows = [prompt.ids, *(prompt.without(frozenset(unit)) for unit in removed)]
    contributions: list[float | None] = [None] * len(prompt.tokens)
    whole = 0.0
    done = 0
    for batch in scorer.score(rows, answer):
        for logprobs in batch:
            if done == 0:
                whole = mean(logprobs)
            else:
                for i in removed[done - 1]:
                    contributions[i] = whole - mean(logprobs)
            done += 1
        yield Attribution(
            prompt=prompt,
            answer=answer,
            logprob=whole,
            contributions=tuple(contributions),
            estimator="leave_one_out",
            granularity=granularity,
            complete=done == len(rows),
        )
