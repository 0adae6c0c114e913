"""Replacement: C(x_i, y) = LP(x, y) - LP(x with a stand-in at x_i, y).

As leave-one-out, but the place stays and what stood in it goes: the tokens of a unit give way to
`Effort.baseline`, and everything behind keeps its position. Exact for what it measures, which is
not the paper's removal: a stand-in is a token too, and the model reads it. The numbers are those of
captum's FeatureAblation with that token as the baseline. Ours.
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

    Every unit is measured, so `also` changes nothing. Raises `BadOption` for a baseline that is no
    token, `NothingToAblate` and what the scorer raises.
    """
    parts = units(prompt, granularity)
    stand_in = scorer.stand_in(effort.baseline)
    for read in remove(scorer, prompt, answer, parts, stand_in=stand_in):
        yield Attribution(
            prompt=prompt,
            answer=answer,
            logprob=read.logprob,
            contributions=read.contributions(),
            estimator="replacement",
            granularity=granularity,
            complete=read.complete,
            answer_logprobs=read.whole,
            by_answer_token=read.by_answer_token() if read.complete else (),
            noise=read.noise,
        )
