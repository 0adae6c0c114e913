"""Multiple choice in the logs of open-unlearning: `LMEval_EVAL.json`, samples of lm-eval by task.

A task, or a group of tasks, has its samples, each with the log-likelihood of every choice and the
index of the right one. The file publishes no means; the summary beside it does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

from unpact_tui.errors import BadLog
from unpact_tui.logs.fields import MOST_ROWS, Fields, fields, known, lacking, number
from unpact_tui.logs.log import Log
from unpact_tui.metrics._scored import Scored
from unpact_tui.metrics.choice import taken

_CHOICES = "filtered_resps"
_MOST = 200
"""Tasks of a log; MMLU has some sixty."""


def is_samples(value: object) -> bool:
    """Tell whether it looks like the samples of tasks."""
    return any(_CHOICES in row for _, rows in _groups(value) for row in rows[:1])


def samples(value: object, file: str) -> Log:
    """Return the log of all groups. Raises `BadLog`."""
    groups = [(name, rows) for name, rows in _groups(value) if rows]
    if len(groups) > _MOST or sum(len(rows) for _, rows in groups) > MOST_ROWS:
        raise BadLog(file, "it has more tasks or samples than any evaluation")
    scored: list[Scored] = []
    scores: dict[str, tuple[float, ...]] = {}
    notes: list[str] = []
    for name, rows in groups:
        items = [item for item in map(_item, _numbered(name, rows)) if item is not None]
        notes += lacking(f"{name}/acc", len(items), len(rows))
        right = (float(taken(item.letters) == item.correct) for item in items)
        if items:
            scores[f"{name}/acc"] = tuple(right)
        scored += items
    return Log(file, "open-unlearning", {}, tuple(scored), scores, notes=tuple(notes))


def _groups(value: object) -> Iterator[tuple[str, list[Fields]]]:
    """Yield the samples of a task, or of all tasks of a group together."""
    for name, entry in fields(value).items():
        tasks = list(fields(entry).values()) or [entry]
        yield name, [fields(row) for task in tasks for row in _list(task)]


def _list(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []


def _numbered(name: str, rows: list[Fields]) -> Iterator[tuple[str, str, Fields]]:
    for place, row in enumerate(rows):
        yield name, f"{name}:{place}", row


def _item(named: tuple[str, str, Fields]) -> Scored | None:
    """Return a sample as a question, if all of its choices have a log-likelihood."""
    name, id, row = named
    choices = _list(row.get(_CHOICES))
    letters = known(_likelihood(choice) for choice in choices)
    correct = number(row.get("target"), 0, len(choices) - 1)
    if not letters or len(letters) < len(choices) or correct is None:
        return None
    return Scored(id, name, "choose", "general", letters=letters, correct=int(correct))


def _likelihood(choice: object) -> float | None:
    """Return the first of (log-likelihood, whether greedy), which some versions write as text."""
    first = next(iter(_list(choice)), None)
    if isinstance(first, str) and len(first) < 40:
        try:
            return number(float(first))
        except ValueError:
            return None
    return number(first)
