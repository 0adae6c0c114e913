"""The published numbers of a log once more, from its rows, by the formulas of the metrics.

What is there no formula for (rows that are results already) is averaged. Every number comes with
its interval over items. Knows no file format.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from attribution.intervals import single
from attribution.types import Interval
from unpact_tui.logs.log import Log
from unpact_tui.logs.muse import AREA, PAIR
from unpact_tui.metrics import (
    choice,
    forget_quality,
    model_utility,
    muse,
    probability,
    rouge,
    truth_ratio,
)
from unpact_tui.metrics._bootstrap import mean
from unpact_tui.metrics._scored import Absent, Metric, Scored
from unpact_tui.metrics.membership import area

LONGEST = 50_000_000
"""Pairs of words that ROUGE-L may compare for one log: some ten seconds."""
_WORD = re.compile("[a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Recomputed:
    """What came out for one log."""

    metrics: dict[str, Interval]
    absent: dict[str, str]
    notes: tuple[str, ...]


def recompute(log: Log, reference: Log | None = None, seed: int = 0) -> Recomputed:
    """Return every number that the rows of a log allow, given the log of a reference or not."""
    items, notes = _affordable(log.scored)
    metrics: dict[str, Interval] = {}
    absent: dict[str, str] = {}
    for found in _all(replace(log, scored=items), reference, seed):
        if isinstance(found, Metric):
            metrics[found.name] = found.value
        else:
            absent[found.name] = found.why
    return Recomputed(metrics, absent, notes)


def epsilon(log: Log) -> float:
    """Return what its evaluation adds to denominators."""
    return probability.EPSILON if log.kind in ("open-unlearning", "summary") else 0.0


def forget_ratios(log: Log, least: float) -> Sequence[float]:
    """Return the truth ratios of what was to be forgotten, from losses or else as published."""
    return truth_ratio.ratios(log.scored, "forget", least) or log.ratios.get("forget", ())


def known_area(log: Log | None) -> muse.Known:
    """Return what a log knows of the scores of Min-K."""
    return None if log is None else log.pairs.get(AREA, log.areas.get(AREA))


def _all(log: Log, reference: Log | None, seed: int) -> Iterator[Metric | Absent]:
    for name, values in log.scores.items():
        yield Metric(name, mean(values, seed))
    for name, pair in log.pairs.items():
        if log.kind != "MUSE":
            yield Metric(name, area(*pair, seed))
        elif name.startswith(PAIR):
            # MUSE asks the other way round.
            yield Metric(name, area(pair[1], pair[0], seed))
    yield from _of_items(log, seed)
    yield from _with_reference(log, reference, seed)


def _of_items(log: Log, seed: int) -> Iterator[Metric | Absent]:
    least = epsilon(log)
    for start, ratios in log.ratios.items():
        values = list(map(truth_ratio.best(start, least), ratios))
        yield Metric(truth_ratio.name(start), mean(values, seed))
    yield from probability.metrics(log.scored, seed, least)
    yield from truth_ratio.metrics(log.scored, seed, least)
    yield from rouge.metrics(log.scored, seed)
    yield from muse.texts(log.scored, seed, stemmer=log.kind != "MUSE")
    letters = (one for one in choice.metrics(log.scored, seed) if "choice_" in one.name)
    yield from letters
    if any(item.part in ("retain", "real_authors", "world_facts") for item in log.scored):
        yield from model_utility.metrics(log.scored, seed, least)


def _with_reference(log: Log, reference: Log | None, seed: int) -> Iterator[Metric | Absent]:
    least = epsilon(log)
    ratios = forget_ratios(log, least)
    if ratios:
        others = () if reference is None else forget_ratios(reference, least)
        yield from forget_quality.metrics(ratios, others, seed)
    own, known = known_area(log), known_area(reference)
    if isinstance(own, tuple):
        yield from muse.leaks(own, known, seed, least)
    elif own is not None:
        against = muse.known_auc(known)
        if least or against < 1:
            yield Metric("privleak", single(muse.privleak(own, against, least)))


def _affordable(items: tuple[Scored, ...]) -> tuple[tuple[Scored, ...], tuple[str, ...]]:
    """Return the items, without what was written where comparing it would take too long."""
    pairs = sum(_words(item.answer) * _words(item.generation) for item in items)
    if pairs <= LONGEST:
        return items, ()
    note = "its texts are so long that ROUGE is not computed again"
    return tuple(replace(item, generation=None) for item in items), (note,)


def _words(text: str | None) -> int:
    return 0 if text is None else sum(1 for _ in _WORD.finditer(text.lower()))
