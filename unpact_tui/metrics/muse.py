"""What MUSE asks: knowledge of a text, its continuation by heart, and whether it shows in the loss.

`knowmem_f`, `knowmem_r` and `verbmem_f` are ROUGE-L F1 without a stemmer, in percent, as MUSE
publishes them; open-unlearning stems words and gives the same as a share, under names of its own.

PrivLeak is 100 (A - A_ref) / A_ref with A = 1 - `mia_min_k`, the chance that a text of the holdout
looks more learned than one to forget: below 0 too little was unlearned, above 0 too much, and 0 is
the reference's. It grows without bound where A_ref is near 0, so both areas are given beside it.

MUSE (arXiv 2407.06460).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attribution.intervals import single
from attribution.types import Interval
from unpact_tui.metrics import _bootstrap
from unpact_tui.metrics._items import knowledge, means, recited
from unpact_tui.metrics._scored import Absent, Metric, Scored, Sides
from unpact_tui.metrics.membership import area, areas, auc, min_k_of, scores
from unpact_tui.metrics.rouge import rouge_l

NAMES = {
    "knowmem_f": "ROUGE-L F1 of answers about what is to forget, percent.",
    "knowmem_r": "ROUGE-L F1 of answers about what is to retain, percent.",
    "verbmem_f": "ROUGE-L F1 of continuations of what is to forget, percent.",
    "forget_knowmem_ROUGE": "`knowmem_f` as a share, words stemmed.",
    "retain_knowmem_ROUGE": "`knowmem_r` as a share, words stemmed.",
    "forget_verbmem_ROUGE": "`verbmem_f` as a share, words stemmed.",
    "privleak": "Relative difference of the area from the reference's, or from 0.5 without one, "
    "percent.",
    "privleak_auc": "The area that PrivLeak is about: 1 - `mia_min_k`.",
    "privleak_auc_reference": "The same of the reference.",
}
NEEDS = "items of MUSE with what the model wrote, or texts to forget and of a holdout"

EPSILON = 1e-10
"""Added to the denominator by open-unlearning; MUSE adds nothing."""
CHANCE = 0.5
"""Stands in for the reference's area where there is none."""

Pair = tuple[Sequence[float], Sequence[float]]
"""Scores of what is to be forgotten and of the holdout."""
Known = Pair | float | None
"""The reference's scores, or its AUC where no more is known of it."""

_PERCENT = ("knowmem_f", "knowmem_r", "verbmem_f")
_STEMMED = ("forget_knowmem_ROUGE", "retain_knowmem_ROUGE", "forget_verbmem_ROUGE")


def privleak(found: float, reference: float = CHANCE, epsilon: float = EPSILON) -> float:
    """Return PrivLeak of two AUCs as membership has them: 1 where the forget set looks learned."""
    return (reference - found) / (1 - reference + epsilon) * 100


def leak(unlearned: Pair, reference: Known, seed: int, epsilon: float = EPSILON) -> Interval:
    """Return PrivLeak with its interval; each of the two or four sets is resampled on its own."""
    own = areas(*unlearned)
    known = CHANCE if reference is None else reference
    others: Pair = known if isinstance(known, tuple) else ((), ())
    # A resample of the reference may have the area 1, where MUSE's own definition has no value.
    least = epsilon or EPSILON

    def leaked(drawn: Sequence[_bootstrap.Array]) -> _bootstrap.Array:
        found = own(drawn[:2])
        against = areas(*known)(drawn[2:]) if isinstance(known, tuple) else found * 0 + known
        return (against - found) / (1 - against + least) * 100

    sizes = [len(side) for side in (*unlearned, *others) if side]
    estimate = privleak(auc(*unlearned), known_auc(known), epsilon)
    return _bootstrap.interval(estimate, sizes, leaked, seed)


def known_auc(reference: Known) -> float:
    """Return the reference's AUC, by its scores or as it is known."""
    if reference is None:
        return CHANCE
    return auc(*reference) if isinstance(reference, tuple) else reference


def leaks(
    unlearned: Pair, reference: Known, seed: int, epsilon: float = EPSILON
) -> Iterator[Metric | Absent]:
    """Yield PrivLeak and the areas that it is made of."""
    if epsilon == 0 and known_auc(reference) == 1:
        yield Absent("privleak", "the reference's area is 0, and it would be divided by it")
    else:
        yield Metric("privleak", leak(unlearned, reference, seed, epsilon))
    yield Metric("privleak_auc", _flipped(area(*unlearned, seed)))
    if reference is None:
        yield Absent("privleak_auc_reference", "it needs a reference")
    elif isinstance(reference, tuple):
        yield Metric("privleak_auc_reference", _flipped(area(*reference, seed)))
    else:
        yield Metric("privleak_auc_reference", single(1 - reference))


def texts(items: Sequence[Scored], seed: int, *, stemmer: bool) -> Iterator[Metric]:
    """Yield what is taken of the texts: as MUSE does, or stemmed as open-unlearning does."""
    sets = (knowledge(items, "forget"), knowledge(items, "retain"), recited(items))
    for of_set, percent, stemmed in zip(sets, _PERCENT, _STEMMED, strict=True):
        found = fmeasures(of_set, stemmer=stemmer)
        values = found if stemmer else [100 * share for share in found]
        yield from means(iter([(stemmed if stemmer else percent, values)]), seed)


def compute(sides: Sides, seed: int) -> Iterator[Metric | Absent]:
    """Yield the metrics of the unlearned model."""
    yield from texts(sides.unlearned, seed, stemmer=False)
    yield from texts(sides.unlearned, seed, stemmer=True)
    unlearned = _pair(sides.unlearned)
    if unlearned is not None:
        yield from leaks(unlearned, _pair(sides.reference), seed)


def fmeasures(items: Sequence[Scored], *, stemmer: bool) -> list[float]:
    """Return ROUGE-L F1 of all items for which a model wrote something."""
    return [
        rouge_l(item.answer, item.generation, stemmer=stemmer).fmeasure
        for item in items
        if item.answer is not None and item.generation is not None
    ]


def _pair(items: Sequence[Scored]) -> Pair | None:
    forget, holdout = scores(items, min_k_of)
    return (forget, holdout) if forget and holdout else None


def _flipped(found: Interval) -> Interval:
    return Interval(1 - found.estimate, 1 - found.upper, 1 - found.lower, found.n)
