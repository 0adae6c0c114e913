"""Hostile evaluation logs of every schema, with their numbers computed again and printed."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import cast

from fuzzing.attack import Format
from fuzzing.mutations import Json, json_bytes
from fuzzing.results import REFUSALS
from fuzzing.seeds import of_json

from unpact_tui.logs.report import report

ROWS = 3


@cache
def evaluation() -> Json:
    """Return a log of open-unlearning."""
    names = ("forget_Q_A_Prob", "forget_Q_A_PARA_Prob", "ra_Q_A_Prob", "wf_Q_A_PARA_Prob")
    one = {"avg_loss": 0.5, "prob": 0.6}
    many = {"avg_loss": [0.5, 0.7], "prob": [0.6, 0.5]}
    said = {"ground_truth": "In Oslo.", "generation": "In Oslo or so.", "rougeL_recall": 1.0}
    log: dict[str, Json] = {name: _metric(0.6, one) for name in names}
    log["forget_Q_A_PERT_Prob"] = log["ra_Q_A_PERT_Prob"] = _metric(0.5, many)
    log["forget_Q_A_ROUGE"] = log["forget_knowmem_ROUGE"] = _metric(0.9, said)
    log["forget_truth_ratio"] = log["retain_Truth_Ratio"] = _metric(0.7, {"score": 0.7})
    sides: dict[str, Json] = {side: _metric(None, {"score": 0.3}) for side in ("forget", "holdout")}
    log["mia_min_k"] = {"agg_value": 0.4, **sides}
    return {**log, "forget_quality": {"agg_value": 0.01}, "model_utility": {"agg_value": 0.6}}


def _metric(mean: float | None, row: Json) -> Json:
    return {"agg_value": mean, "value_by_index": {str(i): row for i in range(ROWS)}}


def summary() -> Json:
    """Return a summary beside it."""
    return {"forget_quality": 0.01, "model_utility": 0.6, "mia_min_k": 0.4, "x": None}


def choices() -> Json:
    """Return samples of lm-eval."""
    row: Json = {"filtered_resps": [[-1.0, False], ["-2.0", "True"], [-3.0, False]], "target": 1}
    return {"wmdp_bio": [row] * ROWS, "mmlu": {"mmlu_x": [row], "mmlu_y": [row] * 2}}


@cache
def sets() -> Json:
    """Return the aggregate of TOFU."""
    one: dict[str, Json] = {
        "avg_gt_loss": {str(i): 0.5 for i in range(ROWS)},
        "average_perturb_loss": {str(i): [0.9, 1.1] for i in range(ROWS)},
        "avg_paraphrased_loss": {str(i): 0.6 for i in range(ROWS)},
        "truth_ratio": {str(i): 0.7 for i in range(ROWS)},
        "rougeL_recall": {str(i): 0.8 for i in range(ROWS)},
        "normalized_gt_loss": {str(i): 0.2 for i in range(ROWS)},
        "generated_text": {str(i): ["Where?", "In Oslo.", "In Oslo."] for i in range(ROWS)},
    }
    names = ("eval_log", "eval_log_forget", "eval_real_author_wo_options")
    return {f"{name}.json": one for name in names}


def one_set() -> Json:
    """Return one of its files."""
    return cast("dict[str, Json]", sets())["eval_log_forget.json"]


def said() -> Json:
    """Return what MUSE writes of texts."""
    row = {"question": "Where?", "gt": "In Oslo.", "response": "In Oslo or so.", "rougeL": 0.8}
    return [row] * ROWS


def scores() -> Json:
    """Return its membership scores."""
    row = {"Min-40%": -1.5, "PPL": 3.0, "ppl": {"Min-20%": -2.0}}
    return {"forget": [row] * ROWS, "holdout": [row] * ROWS}


def areas() -> Json:
    """Return its areas."""
    return {"forget_holdout_Min-40%": 0.4, "forget_holdout": {"PPL": 0.5}, "other": 1}


def told(path: Path) -> object:
    """Have a log printed in both forms, against itself."""
    return report([path], None, json=False), report([path], path, json=True)


def beside(name: str, seed: Callable[[], Json]) -> Callable[[Path], None]:
    """Return what puts the good file there that publishes the numbers of a bad one.

    It also reads a good log: the first one has much imported, which is not what is timed.
    """

    def around(folder: Path) -> None:
        (folder / "log.json").write_bytes(json_bytes(said()))
        told(folder / "log.json")
        (folder / name).write_bytes(json_bytes(seed()))

    return around


FORMATS = tuple(
    Format(f"log, {name}", of_json(seed), told, file, REFUSALS, around)
    for name, seed, file, around in (
        ("open-unlearning", evaluation, "X_EVAL.json", beside("X_SUMMARY.json", summary)),
        ("its summary", summary, "X_SUMMARY.json", beside("other.json", summary)),
        ("lm-eval", choices, "LMEval_EVAL.json", beside("LMEval_SUMMARY.json", summary)),
        ("TOFU", sets, "eval_log_aggregated.json", beside("other.json", sets)),
        ("TOFU, one set", one_set, "eval_log_forget.json", beside("other.json", sets)),
        ("MUSE, texts", said, "log.json", beside("agg.json", lambda: {"mean_rougeL": 0.5})),
        ("MUSE, scores", scores, "log.json", beside("auc.json", areas)),
        ("MUSE, areas", areas, "auc.json", beside("other.json", areas)),
    )
)
