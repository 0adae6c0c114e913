"""Exact leave-one-out: C(x_i, y) = LP(x, y) - LP(x without x_i, y).

The paper's definition (arXiv 2509.24675): LP is the mean log-probability per answer token, teacher
forced. Costs about n^2/2 + nT token-forwards for n prompt and T answer tokens: behind what is
removed everything is read again.
"""

from __future__ import annotations

from collections.abc import Iterator

from attribution.effort import DEFAULT_EFFORT, Effort
from attribution.removal import remove, units
from attribution.scorer import Scorer
from attribution.types import Answer, Attribution, Granularity, Prompt

EXACT = True


def measure(
    scorer: Scorer,
    prompt: Prompt,
    answer: Answer,
    granularity: Granularity = "token",
    effort: Effort = DEFAULT_EFFORT,
    *,
    seed: int = 0,
    also: frozenset[int] = frozenset(),
) -> Iterator[Attribution]:
    """Yield one attribution per batch; tokens not yet measured, and fixed ones, are None.

    What each answer token gets alone comes from the same passes. Raises `NothingToAblate` and what
    the scorer raises.
    """
    for read in remove(scorer, prompt, answer, units(prompt, granularity)):
        yield Attribution(
            prompt=prompt,
            answer=answer,
            logprob=read.logprob,
            contributions=read.contributions(),
            estimator="leave_one_out",
            granularity=granularity,
            complete=read.complete,
            answer_logprobs=read.whole,
            # With every batch anew it would cost the square of the prompt's length.
            by_answer_token=read.by_answer_token() if read.complete else (),
            noise=read.noise,
        )
