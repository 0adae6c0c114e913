"""Exact leave-one-out: C(x_i, y) = LP(x, y) - LP(x without x_i, y).

The paper's definition (arXiv 2509.24675): LP is the mean log-probability per answer token, teacher
forced. Removal works on token ids, so the neighbours of what is removed keep their tokenisation.
Costs one pass per unit and one for the whole prompt.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attribution.errors import NothingToAblate
from attribution.scorer import Scorer, TokenLogprobs, mean
from attribution.types import Answer, Attribution, Granularity, Nats, Prompt
from attribution.units import Unit, groups


def units(prompt: Prompt, granularity: Granularity) -> tuple[Unit, ...]:
    """Return what is removed together: single tokens, or words, or sentences; tokens in none alone.

    A unit whose removal would leave no token at all is left out: nothing would predict the answer.
    """
    found = groups(prompt, granularity)
    inside = {i for unit in found for i in unit}
    alone = tuple((i,) for i in prompt.removable if i not in inside)
    return tuple(unit for unit in sorted(found + alone) if len(unit) < len(prompt.tokens))


def measure(
    scorer: Scorer, prompt: Prompt, answer: Answer, granularity: Granularity = "token"
) -> Iterator[Attribution]:
    """Yield one attribution per batch; tokens not yet measured, and fixed ones, are None.

    What each answer token gets alone comes from the same passes. Raises `NothingToAblate` and what
    the scorer raises.
    """
    removed = units(prompt, granularity)
    if not removed:
        raise NothingToAblate(granularity)
    rows = [prompt.ids, *(prompt.without(frozenset(unit)) for unit in removed)]
    contributions: list[float | None] = [None] * len(prompt.tokens)
    scored: list[TokenLogprobs] = []
    whole = 0.0
    for batch in scorer.score(rows, answer):
        for logprobs in batch:
            if not scored:
                whole = mean(logprobs)
            else:
                for i in removed[len(scored) - 1]:
                    contributions[i] = whole - mean(logprobs)
            scored.append(logprobs)
        complete = len(scored) == len(rows)
        yield Attribution(
            prompt=prompt,
            answer=answer,
            logprob=whole,
            contributions=tuple(contributions),
            estimator="leave_one_out",
            granularity=granularity,
            complete=complete,
            answer_logprobs=scored[0],
            # With every batch anew it would cost the square of the prompt's length.
            by_answer_token=_by_answer_token(prompt, removed, scored) if complete else (),
        )


def _by_answer_token(
    prompt: Prompt, removed: Sequence[Unit], scored: Sequence[TokenLogprobs]
) -> tuple[tuple[Nats | None, ...], ...]:
    """Return a row of contributions per answer token; `scored` has the whole prompt first."""
    whole, *without = scored
    rows: list[list[Nats | None]] = [[None] * len(prompt.tokens) for _ in whole]
    for unit, logprobs in zip(removed, without, strict=True):
        for row, before, after in zip(rows, whole, logprobs, strict=True):
            for i in unit:
                row[i] = before - after
    return tuple(map(tuple, rows))
