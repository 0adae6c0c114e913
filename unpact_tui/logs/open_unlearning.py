"""Logs of open-unlearning: `*_EVAL.json`, with rows of every metric, and `*_SUMMARY.json`.

An entry is a metric: `agg_value` is the published number and `value_by_index` its rows, by the
index of the item; a membership attack has such rows of "forget" and of "holdout".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import log

from attribution.types import Split
from unpact_tui.errors import BadLog
from unpact_tui.logs.fields import (
    Fields,
    fields,
    known,
    lacking,
    loss,
    losses,
    number,
    rows,
    text,
)
from unpact_tui.logs.log import Log, Pair
from unpact_tui.metrics._items import PREFIXES
from unpact_tui.metrics._scored import Ask, Scored

_QUESTIONS = re.compile(r"(forget|retain|ra|wf)_Q_A_(Prob|PARA_Prob|PERT_Prob|ROUGE)")
_PARTS = {"forget": "forget", "retain": "retain", "ra": "real_authors", "wf": "world_facts"}
_TEXTS: dict[str, tuple[str, Ask, Split]] = {
    "forget_knowmem_ROUGE": ("forget_knowmem", "answer", "forget"),
    "retain_knowmem_ROUGE": ("retain_knowmem", "answer", "retain"),
    "forget_verbmem_ROUGE": ("forget_verbmem", "continue", "forget"),
}
_RATIOS = {
    "forget_truth_ratio": "forget",
    "forget_Truth_Ratio": "forget",
    **{f"{start}_Truth_Ratio": start for start in PREFIXES[1:]},
}
_DERIVED = ("forget_quality", "model_utility", "privleak")
"""Metrics without rows of their own."""
_SCORES = ("score", "prob", "rougeL_recall")
"""Where the value of a row is, first found first taken."""
_MOST = 200
"""Metrics of a log; the largest has some forty."""


@dataclass(slots=True)
class _Reading:
    """What was found so far, by set and index."""

    file: str
    answers: dict[str, dict[str, tuple[str | None, str | None]]] = field(
        default_factory=dict[str, dict[str, tuple[str | None, str | None]]]
    )
    losses: dict[str, dict[str, tuple[float, ...]]] = field(
        default_factory=dict[str, dict[str, tuple[float, ...]]]
    )
    scores: dict[str, tuple[float, ...]] = field(default_factory=dict[str, tuple[float, ...]])
    ratios: dict[str, tuple[float, ...]] = field(default_factory=dict[str, tuple[float, ...]])
    pairs: dict[str, Pair] = field(default_factory=dict[str, Pair])
    areas: dict[str, float] = field(default_factory=dict[str, float])
    notes: list[str] = field(default_factory=list[str])


def is_evaluation(value: object) -> bool:
    """Tell whether it looks like a log with rows."""
    return any("agg_value" in fields(entry) for entry in fields(value).values())


def is_summary(value: object) -> bool:
    """Tell whether it looks like nothing but numbers under names."""
    entries = fields(value).values()
    plain = all(entry is None or isinstance(entry, (int, float)) for entry in entries)
    return plain and any(number(entry) is not None for entry in entries)


def summary(value: object, file: str) -> Log:
    """Return the published numbers of a summary. Raises `BadLog`."""
    _limit(value, file)
    found = {name: number(entry) for name, entry in fields(value).items()}
    published = {name: entry for name, entry in found.items() if entry is not None}
    empty = tuple(f"{name} has no number in the file" for name in found if name not in published)
    areas = {name: entry for name, entry in published.items() if name.startswith("mia_")}
    return Log(file, "summary", published, areas=areas, notes=empty)


def evaluation(value: object, file: str) -> Log:
    """Return a log with its rows. Raises `BadLog`."""
    _limit(value, file)
    reading = _Reading(file)
    published: dict[str, float] = {}
    for name, entry in fields(value).items():
        metric = fields(entry)
        found = number(metric.get("agg_value"))
        if found is not None:
            published[name] = found
        elif "agg_value" in metric:
            reading.notes.append(f"{name} has no number in the file")
        _read(name, metric, reading)
    for name, found in published.items():
        if name.startswith("mia_") and name not in reading.pairs:
            reading.areas[name] = found
    return Log(
        file,
        "open-unlearning",
        published,
        tuple(_items(reading)),
        reading.scores,
        reading.ratios,
        reading.pairs,
        reading.areas,
        tuple(reading.notes),
    )


def _limit(value: object, file: str) -> None:
    if len(fields(value)) > _MOST:
        raise BadLog(file, f"it has {len(fields(value))} metrics, far more than any evaluation")


def _read(name: str, metric: Fields, reading: _Reading) -> None:
    if "forget" in metric and "holdout" in metric:
        _read_pair(name, metric, reading)
        return
    entries = rows(metric.get("value_by_index"), reading.file)
    question = _QUESTIONS.fullmatch(name)
    if not entries or name in _DERIVED:
        return
    if name in _TEXTS or (question and question[2] == "ROUGE"):
        found = {index: _texts(fields(row)) for index, row in entries.items()}
        there = sum(None not in pair for pair in found.values())
        reading.answers[name] = found
    elif question:
        read = {index: _losses(fields(row)) for index, row in entries.items()}
        there = sum(map(bool, read.values()))
        reading.losses[name] = read
    else:
        values = known(map(_score, entries.values()))
        there = len(values)
        if values:
            kept = reading.ratios if name in _RATIOS else reading.scores
            kept[_RATIOS.get(name, name)] = values
    reading.notes += lacking(name, there, len(entries))


def _read_pair(name: str, metric: Fields, reading: _Reading) -> None:
    sides: list[tuple[float, ...]] = []
    for side in ("forget", "holdout"):
        entries = rows(fields(metric[side]).get("value_by_index"), reading.file)
        values = known(map(_score, entries.values()))
        reading.notes += lacking(f"{name} ({side})", len(values), len(entries))
        sides.append(values)
    if sides[0] and sides[1]:
        reading.pairs[name] = (sides[0], sides[1])


def _score(row: object) -> float | None:
    entries = fields(row)
    return next((number(entries[name]) for name in _SCORES if name in entries), number(row))


def _texts(row: Fields) -> tuple[str | None, str | None]:
    return text(row.get("ground_truth")), text(row.get("generation"))


def _losses(row: Fields) -> tuple[float, ...]:
    found = losses(row.get("avg_loss"))
    if found or "avg_loss" in row:
        return found
    probability = number(row.get("prob"), 0, 1)
    least = loss(-log(probability)) if probability else None
    return () if least is None else (least,)


def _items(reading: _Reading) -> Iterator[Scored]:
    for start in PREFIXES:
        own = reading.losses.get(f"{start}_Q_A_Prob", {})
        reworded = reading.losses.get(f"{start}_Q_A_PARA_Prob", {})
        wrong = reading.losses.get(f"{start}_Q_A_PERT_Prob", {})
        said = reading.answers.get(f"{start}_Q_A_ROUGE", {})
        for index in {**own, **reworded, **wrong, **said}:
            answer, generation = said.get(index, (None, None))
            yield Scored(
                f"{start}:{index}",
                _PARTS[start],
                "answer",
                start if start in ("forget", "retain") else "general",
                answer=answer,
                generation=generation,
                logprob=_first(own.get(index)),
                paraphrase=_first(reworded.get(index)),
                wrong=tuple(-one for one in wrong.get(index, ())),
            )
    for name, (part, ask, split) in _TEXTS.items():
        for index, (answer, generation) in reading.answers.get(name, {}).items():
            yield Scored(f"{part}:{index}", part, ask, split, answer, generation)


def _first(found: tuple[float, ...] | None) -> float | None:
    return -found[0] if found else None
