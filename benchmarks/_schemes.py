"""Ways to compute the same contributions: ours, and what one would write by hand."""

# pyright: basic
# (what is measured brings annotations that do not stand strict mode)

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch

from attribution.effort import Effort
from attribution.estimators import Estimator, load, names
from attribution.estimators.leave_one_out import measure as leave_one_out
from attribution.hf import HFModel
from attribution.types import Attribution, Nats
from benchmarks._bench import Bench

Question = Literal["removed", "replaced", "magnitude", "estimated"]
"""What a scheme's numbers answer: a token removed, a token replaced by id 0, how large the effect
of a replaced embedding is, or a guess at the first."""

PLAIN_TOKENS = 2048, 16_384
"""Rows x length of a pass of the schemes written by hand, on a processor and on an accelerator: the
same as ours, read whole."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a scheme found, and how much of its work it did for it."""

    contributions: tuple[Nats | None, ...]
    """Per prompt token; None where it was not measured."""
    asked: Question = "removed"
    share: float = 1.0
    """Of the whole work: each evaluation costs the same, so seconds / share is the whole."""
    read: int | None = None
    """Ids that went through the model, filling left out, where the scheme says."""
    attribution: Attribution | None = None
    """All that ours says."""
    note: str = ""
    first: int = 0
    last: int | None = None
    """Answer tokens that `contributions` is a mean over; None is all from the first on."""


Scheme = Callable[[Bench], Outcome]


def ours(bench: Bench) -> Outcome:
    """Exact leave-one-out, rows sharing what they begin with."""
    return estimated(bench.door, leave_one_out, bench, Effort())


def ours_plain(bench: Bench) -> Outcome:
    """The same with every row read whole."""
    return estimated(bench.plain_door, leave_one_out, bench, Effort())


def estimated(door: HFModel, estimator: Estimator, bench: Bench, effort: Effort) -> Outcome:
    """Run one of our estimators to its end."""
    before = door.tokens_read
    *_, found = estimator(door, bench.prompt, bench.answer, "token", effort)
    exact = found.approximation is None
    return Outcome(
        found.contributions,
        "removed" if exact else "estimated",
        read=door.tokens_read - before,
        attribution=found,
        note=door.plain_because,
    )


def estimators(effort: Effort) -> dict[str, Scheme]:
    """Return all our other estimators, by name."""
    return {name: partial(_by_name, name, effort) for name in names() if name not in _NOT_ESTIMATES}


_NOT_ESTIMATES = ("leave_one_out", "replacement")
"""One is `ours`; the other asks something else, exactly."""


def _by_name(name: str, effort: Effort, bench: Bench) -> Outcome:
    return estimated(bench.door, load(name), bench, effort)


def loop_all(bench: Bench) -> Outcome:
    """A pass per removed token, logits at every position."""
    return _loop(bench, answer_only=False)


def loop_answer(bench: Bench) -> Outcome:
    """A pass per removed token, logits at the answer."""
    return _loop(bench, answer_only=True)


def batched(bench: Bench) -> Outcome:
    """Rows without one token each, all of one length, in batches; logits at the answer."""
    removed = bench.prompt.removable
    size = rows_of_a_pass(bench)
    whole = _scored(bench, [bench.prompt.ids])[0]
    found: list[float] = []
    for at in range(0, len(removed), size):
        rows = [bench.prompt.without(frozenset({i})) for i in removed[at : at + size]]
        found += _scored(bench, rows)
    return Outcome(_placed(bench, [whole - other for other in found]))


def rows_of_a_pass(bench: Bench) -> int:
    """Return how many whole rows go through the model at a time."""
    tokens = bench.batch_tokens or PLAIN_TOKENS[bench.device.type == "cuda"]
    return max(1, tokens // (len(bench.prompt.tokens) + len(bench.answer.ids)))


def _loop(bench: Bench, *, answer_only: bool) -> Outcome:
    removed = bench.prompt.removable[: bench.sampled]
    whole = _scored(bench, [bench.prompt.ids], answer_only=answer_only)[0]
    rows = (bench.prompt.without(frozenset({i})) for i in removed)
    found = [whole - _scored(bench, [row], answer_only=answer_only)[0] for row in rows]
    share = (len(removed) + 1) / (len(bench.prompt.removable) + 1)
    return Outcome(_placed(bench, found), share=share)


@torch.inference_mode()
def _scored(bench: Bench, rows: list[tuple[int, ...]], *, answer_only: bool = True) -> list[float]:
    """Return LP of the answer after each of some rows of one length."""
    count = len(bench.answer.ids)
    ids = torch.tensor([row + bench.answer.ids[:-1] for row in rows], device=bench.device)
    keep = count if answer_only else 0
    logits = bench.model(input_ids=ids, use_cache=False, logits_to_keep=keep).logits
    logits = logits[:, -count:].float()
    target = torch.tensor(bench.answer.ids, device=bench.device).expand(len(rows), -1)
    chosen = logits.gather(-1, target[..., None])[..., 0]
    lp: list[float] = (chosen - logits.logsumexp(-1)).mean(-1).tolist()
    return lp


def _placed(bench: Bench, found: list[float]) -> tuple[Nats | None, ...]:
    """Put contributions of the first removable tokens in their places."""
    placed: list[Nats | None] = [None] * len(bench.prompt.tokens)
    for i, contribution in zip(bench.prompt.removable, found, strict=False):
        placed[i] = contribution
    return tuple(placed)
