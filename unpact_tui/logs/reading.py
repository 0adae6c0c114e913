"""Finds out what a log is and reads it, with the file beside it that publishes its numbers.

Knows which schemas there are and none of them.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from unpact_tui.errors import BadLog
from unpact_tui.logs import lm_eval, muse, open_unlearning, tofu
from unpact_tui.logs.fields import read
from unpact_tui.logs.log import Log
from unpact_tui.regular_files import is_file

_EVALUATION, _SUMMARY = "_EVAL.json", "_SUMMARY.json"
_AGREE = 1e-6


def read_log(path: Path) -> Log:
    """Return a log. Raises `BadLog` for what is none."""
    return understood(read(path), path)


def understood(value: object, path: Path) -> Log:
    """Return the log that a JSON value is. Raises `BadLog` for what is none."""
    file = str(path)
    if muse.is_texts(value):
        return muse.texts(value, file, _beside(path, "agg.json", "out.json"))
    if muse.is_scores(value):
        return muse.scores(value, file, _beside(path, "auc.json"))
    if tofu.is_aggregate(value):
        return tofu.aggregate(value, file)
    if tofu.is_set(value):
        return tofu.one_set(value, file)
    if open_unlearning.is_evaluation(value):
        return _with_summary(open_unlearning.evaluation(value, file), path)
    if lm_eval.is_samples(value):
        return _with_summary(lm_eval.samples(value, file), path)
    if muse.is_areas(value):
        return muse.areas(value, file)
    if muse.is_means(value):
        return muse.means(value, file)
    if open_unlearning.is_summary(value):
        return open_unlearning.summary(value, file)
    split = _first_version(value, path)
    if split is not None:
        return split
    raise BadLog(file, "it has the fields of none that is known")


def _first_version(value: object, path: Path) -> Log | None:
    """Return the scores of two splits that are in two files, if this is one of them."""
    splits: dict[str, object] = {}
    for side in ("forget", "holdout"):
        own = path.name == f"{side}.json"
        splits[side] = value if own else _beside(path, f"{side}.json")
    named = path.name in ("forget.json", "holdout.json")
    if not named or not muse.is_scores(splits):
        return None
    return muse.scores(splits, str(path), _beside(path, "auc.json"))


def _with_summary(log: Log, path: Path) -> Log:
    """Return the log with what the summary beside it publishes besides."""
    if not path.name.endswith(_EVALUATION):
        return log
    value = _beside(path, path.name.removesuffix(_EVALUATION) + _SUMMARY)
    if not open_unlearning.is_summary(value):
        return log
    said = open_unlearning.summary(value, str(path)).published
    notes = tuple(
        f"the summary beside it has another {name}: {said[name]:.6g} and not {found:.6g}"
        for name, found in log.published.items()
        if name in said and abs(said[name] - found) > _AGREE * max(1.0, abs(found))
    )
    return replace(log, published={**said, **log.published}, notes=(*log.notes, *notes))


def _beside(path: Path, *names: str) -> object:
    """Return the first of these files that is there and is JSON; None without any."""
    for name in names:
        other = path.with_name(name)
        if other != path and is_file(other):
            try:
                return read(other)
            except BadLog:
                continue
    return None
