"""How likely a model finds the answers: the geometric mean probability of a token.

Real authors and world facts are also given as a share among the right answer and the wrong ones.

TOFU (arXiv 2401.06121).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import exp
from statistics import fmean

from attribution.types import Nats
from unpact_tui.metrics._items import PREFIXES, asked, means
from unpact_tui.metrics._scored import Metric, Scored, Sides

EPSILON = 1e-10
"""Added to a denominator by open-unlearning; the evaluation that came with TOFU adds nothing."""

NAMES = {
    f"{start}_Q_A_{which}": f"{said} Mean over the {where} questions."
    for start, where in zip(
        PREFIXES, ("forget", "retain", "real author", "world fact"), strict=True
    )
    for which, said in (
        ("Prob", "Probability of the answer per token."),
        ("PARA_Prob", "Probability of the answer in other words, per token."),
        ("PERT_Prob", "Probability of the answers that are wrong, per token."),
        ("Prob_normalised", "Share of the answer in the probability of it and of the wrong ones."),
    )
    if not (which == "Prob_normalised" and start in ("forget", "retain"))
    if not (which == "PARA_Prob" and start in ("ra", "wf"))
}
NEEDS = "such questions with the log-probability of what it is the probability of"


def probability(logprob: Nats) -> float:
    """Return the probability per token; a log-probability above 0 is a rounding error."""
    return exp(min(logprob, 0.0))


def normalised(logprob: Nats, wrong: Sequence[Nats], epsilon: float = EPSILON) -> float:
    """Return the share of the right answer among it and the wrong ones.

    Without an epsilon it is taken relative to the likeliest, so that none is too unlikely.
    """
    top = max(logprob, *wrong) if epsilon == 0 else 0.0
    right = probability(logprob - top)
    return right / (right + sum(probability(other - top) for other in wrong) + epsilon)


def share(item: Scored, epsilon: float = EPSILON) -> float | None:
    """Return `normalised` of an item, if it has wrong answers."""
    if item.logprob is None or not item.wrong:
        return None
    return normalised(item.logprob, item.wrong, epsilon)


def metrics(items: Sequence[Scored], seed: int, epsilon: float = EPSILON) -> Iterator[Metric]:
    """Yield those that these items allow."""
    yield from means(_values(items, epsilon), seed)


def compute(sides: Sides, seed: int) -> Iterator[Metric]:
    """Yield the metrics of the unlearned model."""
    yield from metrics(sides.unlearned, seed)


def _values(items: Sequence[Scored], epsilon: float) -> Iterator[tuple[str, list[float]]]:
    for start in PREFIXES:
        of_set = asked(items, start)
        yield (
            f"{start}_Q_A_Prob",
            [probability(item.logprob) for item in of_set if item.logprob is not None],
        )
        yield (
            f"{start}_Q_A_PERT_Prob",
            [fmean(map(probability, item.wrong)) for item in of_set if item.wrong],
        )
        if start in ("ra", "wf"):
            shares = (share(item, epsilon) for item in of_set)
            yield f"{start}_Q_A_Prob_normalised", [found for found in shares if found is not None]
        else:
            yield (
                f"{start}_Q_A_PARA_Prob",
                [probability(item.paraphrase) for item in of_set if item.paraphrase is not None],
            )
