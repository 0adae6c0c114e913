"""Logs of the evaluation that came with TOFU: `eval_log_aggregated.json` and the files it is of.

Four sets, each with a column per reading, by the index of the item or in a list. The files publish
rows and no aggregates, so the means of their own results (`rougeL_recall`, `truth_ratio`,
`normalized_gt_loss`) stand for what is published.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import exp
from pathlib import PurePath
from statistics import fmean
from typing import cast

from unpact_tui.errors import BadLog
from unpact_tui.logs.fields import Fields, fields, known, lacking, loss, losses, number, rows, text
from unpact_tui.logs.log import Log
from unpact_tui.metrics._scored import Scored
from unpact_tui.metrics.truth_ratio import best, name

_SETS = {
    "eval_log": "retain",
    "eval_log_forget": "forget",
    "eval_real_author_wo_options": "ra",
    "eval_real_world_wo_options": "wf",
}
_PARTS = {"forget": "forget", "retain": "retain", "ra": "real_authors", "wf": "world_facts"}
_COLUMNS = ("avg_gt_loss", "average_perturb_loss", "avg_paraphrased_loss")
CAP = 300
"""The original evaluation stops at so many items of each set."""


def is_aggregate(value: object) -> bool:
    """Tell whether it looks like the four sets in one file."""
    return any(_start(key) is not None for key in fields(value))


def is_set(value: object) -> bool:
    """Tell whether it looks like one of the sets."""
    return any(column in fields(value) for column in _COLUMNS)


def aggregate(value: object, file: str) -> Log:
    """Return the log of several sets. Raises `BadLog`."""
    found = [(_start(key), fields(entry)) for key, entry in fields(value).items()]
    return _log([(start, columns) for start, columns in found if start is not None], file)


def one_set(value: object, file: str) -> Log:
    """Return the log of one set, which its file's name says. Raises `BadLog`."""
    start = _start(PurePath(file).name)
    if start is None:
        raise BadLog(file, f"its name does not say which set it is of: {', '.join(_SETS)}")
    return _log([(start, fields(value))], file)


def _start(key: str) -> str | None:
    return _SETS.get(key.removesuffix(".json"))


def _log(sets: list[tuple[str, Fields]], file: str) -> Log:
    scored: list[Scored] = []
    published: dict[str, float] = {}
    notes: list[str] = []
    for start, columns in sets:
        items = list(_items(start, columns, file))
        scored += items
        published |= _published(start, columns, file)
        whole = sum(item.logprob is not None and bool(item.wrong) for item in items)
        notes += lacking(f"the set {_PARTS[start]}", whole, len(items))
        if start == "forget" and len(items) == CAP:
            notes.append(
                f"it has {CAP} rows of the forget set, where the original evaluation stops: its "
                "p-values cannot be compared with those of other numbers of rows"
            )
    if not scored:
        raise BadLog(file, "its sets have no rows")
    return Log(file, "TOFU", published, tuple(scored), notes=tuple(notes))


def _items(start: str, columns: Fields, file: str) -> Iterator[Scored]:
    said, *read = (rows(columns.get(column), file) for column in ("generated_text", *_COLUMNS))
    own, wrong, reworded = read
    for index in {**own, **wrong, **reworded, **said}:
        answer, generation = _texts(said.get(index))
        yield Scored(
            f"{start}:{index}",
            _PARTS[start],
            "answer",
            start if start in ("forget", "retain") else "general",
            answer=answer,
            generation=generation,
            logprob=_negative(loss(own.get(index))),
            paraphrase=_negative(loss(reworded.get(index))),
            wrong=tuple(-one for one in losses(wrong.get(index))),
        )


def _texts(value: object) -> tuple[str | None, str | None]:
    """Return answer and generation of (prompt, generation, answer), as they are written."""
    if not isinstance(value, list) or len(cast("list[object]", value)) < 2:
        return None, None
    generation, answer = cast("list[object]", value)[-2:]
    return text(answer), text(generation)


def _negative(found: float | None) -> float | None:
    return None if found is None else -found


def _published(start: str, columns: Fields, file: str) -> dict[str, float]:
    """Return the means of the results that the file itself has."""
    of_rows: dict[str, tuple[str, Callable[[float], float]]] = {
        "rougeL_recall": (f"{start}_Q_A_ROUGE", float),
        "truth_ratio": (name(start), best(start, 0.0)),
    }
    if start in ("ra", "wf"):
        of_rows["normalized_gt_loss"] = (f"{start}_Q_A_Prob_normalised", lambda found: exp(-found))
    means: dict[str, float] = {}
    for column, (published, each) in of_rows.items():
        entries = rows(columns.get(column), file).values()
        values = known(number(entry, 0.0) for entry in entries)
        if values:
            means[published] = fmean(map(each, values))
    return means
