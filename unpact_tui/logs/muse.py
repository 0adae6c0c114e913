"""Logs of MUSE: what was said and how it scored, membership scores, areas and their summary.

The first version writes `history.json` and `out.json` per set and a file of scores per split; the
next one `log.json` with `agg.json` or `auc.json` in a folder per metric. Which metric a file is of
is in the name of its folder.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import PurePath
from statistics import fmean
from typing import cast

from attribution.types import Split
from unpact_tui.errors import BadLog
from unpact_tui.logs.fields import Fields, fields, known, lacking, number, rows, text
from unpact_tui.logs.log import Log, Pair
from unpact_tui.metrics._scored import Ask, Scored

AREA = "mia_min_k"
"""What the product calls the AUC that PrivLeak is made of."""
PAIR = "forget_holdout"
"""How its name begins in MUSE, where it is the chance that the holdout looks more learned."""
_CHOSEN = f"{PAIR}_Min-40%"
_SPLITS = {"forget": "forget", "holdout": "holdout"}


def is_texts(value: object) -> bool:
    """Tell whether it looks like a list of what was said."""
    return any("gt" in row and "response" in row for row in _list(value))


def is_scores(value: object) -> bool:
    """Tell whether it looks like membership scores of both splits."""
    return all(any(map(_of_text, _list(fields(value).get(side)))) for side in _SPLITS)


def is_areas(value: object) -> bool:
    """Tell whether it looks like areas under ROC curves."""
    return any(key.startswith(PAIR) for key in fields(value))


def is_means(value: object) -> bool:
    """Tell whether it looks like the means of a metric of texts."""
    return "mean_rougeL" in fields(value)


def texts(value: object, file: str, beside: object = None) -> Log:
    """Return the log of one metric of texts; `beside` is what publishes it. Raises `BadLog`."""
    entries = rows(value, file)
    questions = any("question" in fields(row) for row in entries.values())
    metric, part, ask, split = _metric(file, questions=questions)
    scored: list[Scored] = []
    own: list[float | None] = []
    for index, row in entries.items():
        one = fields(row)
        said = text(one.get("gt")), text(one.get("response"))
        scored.append(Scored(f"{part}:{index}", part, ask, split, *said))
        own.append(number(one.get("rougeL"), 0, 1))
    there = sum(None not in (item.answer, item.generation) for item in scored)
    published = _means(metric, fields(beside))
    if not published and known(own):
        published = {metric: 100 * fmean(known(own))}
    notes = lacking(metric, there, len(scored))
    return Log(file, "MUSE", published, tuple(scored), notes=notes)


def scores(value: object, file: str, beside: object = None) -> Log:
    """Return the log of membership scores; `beside` holds the areas. Raises `BadLog`."""
    splits = fields(value)
    sides = [[_flat(row) for row in rows(splits[side], file).values()] for side in _SPLITS]
    names = sorted({name for side in sides for row in side for name in row})
    pairs: dict[str, Pair] = {}
    notes: list[str] = []
    for name in names:
        forget, holdout = (known(number(row.get(name)) for row in side) for side in sides)
        if forget and holdout:
            metric = f"{PAIR}_{name}"
            notes += lacking(metric, len(forget) + len(holdout), sum(map(len, sides)))
            pairs[metric] = (forget, holdout)
    if not pairs:
        raise BadLog(file, "no score in it is there for both splits")
    published = dict(_areas(fields(beside)))
    if _CHOSEN in pairs:
        pairs[AREA] = pairs[_CHOSEN]
    return Log(file, "MUSE", published, pairs=pairs, notes=tuple(notes))


def areas(value: object, file: str) -> Log:
    """Return the log of areas without the scores that they are of."""
    published = dict(_areas(fields(value)))
    chosen = published.get(_CHOSEN)
    known_areas = {} if chosen is None else {AREA: 1 - chosen}
    return Log(file, "MUSE", published, areas=known_areas)


def means(value: object, file: str) -> Log:
    """Return the log of the mean of one metric, without what was said."""
    entries = fields(value)
    metric = _metric(file, questions="knowmem" in file)[0]
    published = _means(metric, entries)
    return Log(file, "summary", published)


def _metric(file: str, *, questions: bool) -> tuple[str, str, Ask, Split]:
    """Return the published name, part, ask and split of the metric that a folder is of."""
    folders = PurePath(file).parts[-6:-1]
    retain = bool(folders) and (folders[-1].endswith("_r") or "retain" in folders[-1])
    if not questions:
        return "verbmem_f", "forget_verbmem", "continue", "forget"
    if retain:
        return "knowmem_r", "retain_knowmem", "answer", "retain"
    return "knowmem_f", "forget_knowmem", "answer", "forget"


def _means(metric: str, entries: Fields) -> dict[str, float]:
    found = number(entries.get("mean_rougeL"), 0, 1)
    return {} if found is None else {metric: 100 * found}


def _areas(entries: Fields) -> Iterator[tuple[str, float]]:
    """Yield the areas under flat names; the first version has one object per pair of splits."""
    for name, entry in entries.items():
        within = {f"{name}_{key}": one for key, one in fields(entry).items()}
        nested: Mapping[str, object] = within or {name: entry}
        for flat, one in nested.items():
            found = number(one, 0, 1)
            if flat.startswith(PAIR) and found is not None:
                yield flat, found


def _flat(row: object) -> Fields:
    """Return the scores of a text, which the first version keeps under "ppl"."""
    found = fields(row)
    return {
        name: value
        for name, value in {**found, **fields(found.get("ppl"))}.items()
        if number(value) is not None
    }


def _of_text(row: Fields) -> bool:
    return any(name.startswith(("Min-", "PPL")) for name in _flat(row))


def _list(value: object) -> list[Fields]:
    several = cast("list[object]", value) if isinstance(value, list) else []
    return [fields(row) for row in several[:1]]
