"""Each schema of published logs is told by its fields, and its rows become readings."""

from __future__ import annotations

import json
from math import exp
from pathlib import Path

import pytest

from unpact_tui.errors import BadLog
from unpact_tui.logs.cautions import cautions
from unpact_tui.logs.log import Log
from unpact_tui.logs.reading import read_log
from unpact_tui.logs.recompute import recompute

ROWS = ("0", "1", "2")


def put(path: Path, value: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), "utf-8")
    return path


def entry(rows: object, published: float | None = None) -> dict[str, object]:
    return {"agg_value": published, "value_by_index": rows}


def evaluation() -> dict[str, object]:
    """Return a log of open-unlearning with the forget set alone."""
    losses = {"0": 0.5, "1": 1.0, "2": 2.0}
    return {
        "forget_Q_A_Prob": entry({key: {"avg_loss": loss} for key, loss in losses.items()}, 0.4),
        "forget_Q_A_PARA_Prob": entry({key: {"avg_loss": 1.0} for key in ROWS}),
        "forget_Q_A_PERT_Prob": entry({key: {"avg_loss": [1.0, 3.0]} for key in ROWS}),
        "forget_Q_A_ROUGE": entry(
            {key: {"ground_truth": "Mira Vale", "generation": "Mira"} for key in ROWS}, 0.5
        ),
        "forget_quality": {"agg_value": None},
        "exact_memorization": entry([{"score": 0.2}, {"score": None}, {"score": 0.6}], 0.4),
        "mia_min_k": {
            "forget": entry({"0": {"score": 1.0}, "1": {"score": 2.0}}),
            "holdout": entry({"0": {"score": 3.0}, "1": {"score": 1.5}}),
            "auc": 0.75,
            "agg_value": 0.75,
        },
        "privleak": {"agg_value": -50.0},
    }


def estimates(found: Log, reference: Log | None = None) -> dict[str, float]:
    again = recompute(found, reference).metrics
    return {name: interval.estimate for name, interval in again.items()}


def told(found: Log, reference: Log | None = None) -> str:
    return " | ".join(cautions(found, reference, recompute(found, reference)))


def test_an_evaluation_of_open_unlearning_is_computed_again(tmp_path: Path) -> None:
    found = read_log(put(tmp_path / "TOFU_EVAL.json", evaluation()))
    assert found.kind == "open-unlearning"
    numbers = estimates(found)
    assert numbers["forget_Q_A_Prob"] == pytest.approx((exp(-0.5) + exp(-1) + exp(-2)) / 3)
    assert numbers["forget_truth_ratio"] == pytest.approx(exp(-2) / (exp(-1) + 1e-10))
    assert numbers["forget_Q_A_ROUGE"] == 0.5
    assert numbers["exact_memorization"] == pytest.approx(0.4)
    assert numbers["mia_min_k"] == 0.75
    assert numbers["privleak"] == pytest.approx(-50)
    assert "forget_quality" not in numbers
    assert "model_utility" not in numbers


def test_it_is_said_what_has_no_number(tmp_path: Path) -> None:
    said = told(read_log(put(tmp_path / "TOFU_EVAL.json", evaluation())))
    assert "forget_quality has no number in the file" in said
    assert "1 of 3 rows of exact_memorization" in said
    assert "privleak is against an area of 0.5" in said
    assert "forget_Q_A_Prob is published as 0.4, and the rows give 0.36" in said


def test_a_reference_of_its_own_is_no_difference(tmp_path: Path) -> None:
    found = read_log(put(tmp_path / "TOFU_EVAL.json", evaluation()))
    numbers = estimates(found, found)
    assert numbers["forget_quality"] == 1
    assert numbers["privleak"] == 0


def test_a_reference_of_another_size_is_warned_of(tmp_path: Path) -> None:
    one = evaluation()
    for name in ("forget_Q_A_PARA_Prob", "forget_Q_A_PERT_Prob"):
        one[name] = entry([{"avg_loss": [1.0]}, {"avg_loss": [1.0]}])
    found = read_log(put(tmp_path / "TOFU_EVAL.json", evaluation()))
    other = read_log(put(tmp_path / "other" / "TOFU_EVAL.json", one))
    assert "forget quality is of 3 items against the reference's 2" in told(found, other)


def test_a_reference_that_sees_everything_makes_privleak_explode(tmp_path: Path) -> None:
    found = read_log(put(tmp_path / "TOFU_EVAL.json", evaluation()))
    sure = put(tmp_path / "RETAIN_SUMMARY.json", {"mia_min_k": 0.9999})
    numbers = estimates(found, read_log(sure))
    assert numbers["privleak"] > 2000
    assert numbers["privleak_auc"] == 0.25
    assert numbers["privleak_auc_reference"] == pytest.approx(1e-4)
    assert "privleak explodes" in told(found, read_log(sure))


def test_ratios_stand_in_where_a_log_has_no_losses(tmp_path: Path) -> None:
    value = {
        "forget_truth_ratio": entry({"0": {"score": 0.5}, "1": {"score": 2.0}}, 0.5),
        "wf_Truth_Ratio": entry([{"score": 0.25}, {"score": 3.0}], 0.375),
    }
    found = read_log(put(tmp_path / "TOFU_EVAL.json", value))
    assert estimates(found) == pytest.approx({"forget_truth_ratio": 0.5, "wf_Truth_Ratio": 0.375})
    assert estimates(found, found)["forget_quality"] == 1


def test_a_probability_stands_in_for_a_loss(tmp_path: Path) -> None:
    value = {"ra_Q_A_Prob": entry([{"prob": 0.25}, {"prob": 0.75}, None, {"prob": 0}])}
    found = read_log(put(tmp_path / "TOFU_EVAL.json", value))
    assert estimates(found)["ra_Q_A_Prob"] == pytest.approx(0.5)
    assert "2 of 4 rows of ra_Q_A_Prob" in told(found)


def test_a_summary_publishes_and_has_no_rows(tmp_path: Path) -> None:
    value = {"model_utility": 0.6, "forget_quality": None, "mia_min_k": 0.47}
    found = read_log(put(tmp_path / "TOFU_SUMMARY.json", value))
    assert found.published == {"model_utility": 0.6, "mia_min_k": 0.47}
    assert estimates(found) == pytest.approx({"privleak": 6.0}, abs=1e-6)
    assert "without its rows it has no interval" in told(found)


def test_the_summary_beside_an_evaluation_is_read_and_compared(tmp_path: Path) -> None:
    put(tmp_path / "TOFU_SUMMARY.json", {"model_utility": 0.6, "privleak": 8.0})
    found = read_log(put(tmp_path / "TOFU_EVAL.json", evaluation()))
    assert found.published["model_utility"] == 0.6
    assert found.published["privleak"] == -50
    assert "the summary beside it has another privleak: 8 and not -50" in told(found)


def columns(*, listed: bool = False, right: float = 1.0) -> dict[str, object]:
    """Return a set of a log of TOFU's own evaluation, keyed by index or in lists."""
    one = {
        "avg_gt_loss": [0.5, 1.5],
        "avg_paraphrased_loss": [right, right],
        "average_perturb_loss": [[2.0, 2.0], [1.0, 3.0]],
        "rougeL_recall": [0.5, 1.0],
        "truth_ratio": [exp(right - 2), exp(right - 2)],
        "normalized_gt_loss": [0.1, 0.2],
        "generated_text": [["Question: who", "Mira", "Mira Vale"], ["Q", "Vale", "Vale"]],
    }
    if listed:
        return dict(one)
    return {name: {str(n): row for n, row in enumerate(rows)} for name, rows in one.items()}


SETS = ("eval_log", "eval_log_forget", "eval_real_author_wo_options", "eval_real_world_wo_options")


@pytest.mark.parametrize("listed", [False, True])
def test_aggregates_of_tofu_are_computed_again(tmp_path: Path, listed: bool) -> None:
    value = {f"{name}.json": columns(listed=listed) for name in SETS}
    found = read_log(put(tmp_path / "eval_log_aggregated.json", value))
    assert found.kind == "TOFU"
    numbers = estimates(found, found)
    shared = found.published.keys() & numbers.keys()
    assert {
        "forget_Q_A_ROUGE",
        "retain_Q_A_ROUGE",
        "forget_truth_ratio",
        "wf_Truth_Ratio",
    } <= shared
    truths = {name for name in shared if "normalised" not in name}
    assert {name: numbers[name] for name in truths} == pytest.approx(
        {name: found.published[name] for name in truths}
    )
    assert numbers["forget_quality"] == 1
    assert 0 < numbers["model_utility"] < 1


def test_nothing_is_added_to_the_denominators_of_tofu(tmp_path: Path) -> None:
    found = read_log(put(tmp_path / "eval_log_forget.json", columns(right=60.0)))
    # P(right) = e^-60 is far below the 1e-10 that open-unlearning adds.
    assert estimates(found)["forget_truth_ratio"] == pytest.approx(exp(2 - 60), rel=1e-9)


def test_300_rows_are_the_cap_of_the_original(tmp_path: Path) -> None:
    rows = {"avg_paraphrased_loss": [1.0] * 300, "average_perturb_loss": [[1.0]] * 300}
    said = told(read_log(put(tmp_path / "eval_log_forget.json", rows)))
    assert "300 rows of the forget set" in said


def test_the_name_of_a_single_set_is_needed(tmp_path: Path) -> None:
    with pytest.raises(BadLog, match="does not say which set"):
        read_log(put(tmp_path / "mine.json", columns()))


def said(number: int) -> list[dict[str, object]]:
    return [
        {"prompt": "p", "question": "q", "gt": "Mira Vale", "response": "Mira", "rougeL": 2 / 3}
    ] * number


@pytest.mark.parametrize(
    ("path", "metric"),
    [
        ("out/news/npo/forget/history.json", "knowmem_f"),
        ("out/news/npo/retain/history.json", "knowmem_r"),
        ("temp/npo/knowmem_r/log.json", "knowmem_r"),
        ("temp/npo/knowmem_f/log.json", "knowmem_f"),
    ],
)
def test_what_muse_wrote_down_is_computed_again(tmp_path: Path, path: str, metric: str) -> None:
    found = read_log(put(tmp_path / path, said(3)))
    assert found.published == pytest.approx({metric: 200 / 3})
    assert estimates(found) == pytest.approx({metric: 200 / 3})


def test_continuations_of_muse_have_no_question(tmp_path: Path) -> None:
    rows = [{"prompt": "p", "gt": "a b c d", "response": "a b", "rougeL": 2 / 3}]
    put(tmp_path / "verbmem_f" / "agg.json", {"mean_rougeL": 0.7, "max_rougeL": 1})
    found = read_log(put(tmp_path / "verbmem_f" / "log.json", rows))
    assert found.published == pytest.approx({"verbmem_f": 70})
    assert estimates(found) == pytest.approx({"verbmem_f": 200 / 3})


def splits() -> dict[str, list[dict[str, object]]]:
    forget, holdout = (1.0, 2.0, 5.0), (3.0, 4.0)
    return {
        "forget": [{"text": "t", "PPL": one, "Min-40%": one} for one in forget],
        "retain": [{"text": "t", "PPL": 0.1, "Min-40%": 0.1}],
        "holdout": [{"text": "t", "PPL": one, "Min-40%": one} for one in holdout],
    }


AREA = 1 - 4 / 6


def test_scores_of_muse_give_the_area_that_the_holdout_looks_learned(tmp_path: Path) -> None:
    put(tmp_path / "auc.json", {"forget_holdout_Min-40%": AREA, "forget_forget_PPL": 0.5})
    found = read_log(put(tmp_path / "log.json", splits()))
    numbers = estimates(found)
    assert found.published == pytest.approx({"forget_holdout_Min-40%": AREA})
    assert numbers["forget_holdout_Min-40%"] == pytest.approx(AREA)
    assert numbers["forget_holdout_PPL"] == pytest.approx(AREA)
    assert numbers["privleak_auc"] == pytest.approx(AREA)
    assert numbers["privleak"] == pytest.approx((AREA - 0.5) / 0.5 * 100)


def test_the_first_version_of_muse_has_a_file_per_split(tmp_path: Path) -> None:
    for name, rows in splits().items():
        nested = [{"text": "t", "ppl": {"Min-40%": row["Min-40%"]}} for row in rows]
        put(tmp_path / f"{name}.json", nested)
    put(tmp_path / "auc.json", {"forget_holdout": {"Min-40%": AREA}})
    for name in ("forget", "holdout"):
        found = read_log(tmp_path / f"{name}.json")
        assert found.published == pytest.approx({"forget_holdout_Min-40%": AREA})
        assert estimates(found)["privleak_auc"] == pytest.approx(AREA)


def test_areas_of_muse_are_a_reference(tmp_path: Path) -> None:
    found = read_log(put(tmp_path / "a" / "log.json", splits()))
    reference = read_log(put(tmp_path / "b" / "auc.json", {"forget_holdout_Min-40%": 0.25}))
    assert estimates(found, reference)["privleak"] == pytest.approx((AREA - 0.25) / 0.25 * 100)
    assert estimates(reference) == pytest.approx({"privleak": -50})


def test_muse_of_open_unlearning_stems_words(tmp_path: Path) -> None:
    rows = {"0": {"ground_truth": "authors writing", "generation": "author writes"}}
    value = {"forget_knowmem_ROUGE": entry(rows, 1.0), "forget_verbmem_ROUGE": entry(rows, 1.0)}
    found = read_log(put(tmp_path / "MUSE_EVAL.json", value))
    assert estimates(found) == {"forget_knowmem_ROUGE": 1, "forget_verbmem_ROUGE": 1}


@pytest.mark.parametrize("text", [False, True])
def test_samples_of_lm_eval_are_questions_with_letters(tmp_path: Path, text: bool) -> None:
    def sample(target: int, *likely: float) -> dict[str, object]:
        shown = [[str(one), "False"] if text else [one, False] for one in likely]
        return {"doc": {}, "target": target, "filtered_resps": shown, "acc": 1.0}

    bio = [sample(0, -1.0, -2.0, -3.0, -4.0), sample(1, -1.0, -2.0, -3.0, -4.0)]
    group = {"mmlu_law": [sample(3, -9.0, -8.0, -7.0, -6.0)], "mmlu_virology": [{"target": 0}]}
    put(tmp_path / "LMEval_SUMMARY.json", {"wmdp_bio/acc": 0.5, "wmdp_bio/acc_stderr": 0.1})
    log = put(tmp_path / "LMEval_EVAL.json", {"wmdp_bio": {"wmdp_bio": bio}, "mmlu": group})
    found = read_log(log)
    numbers = estimates(found)
    assert found.published["wmdp_bio/acc"] == numbers["wmdp_bio/acc"] == 0.5
    assert numbers["mmlu/acc"] == 1
    assert numbers["choice_share_A"] == pytest.approx(2 / 3)
    assert "1 of 2 rows of mmlu/acc" in told(found)


def test_texts_that_numbers_do_not_show_are_warned_of(tmp_path: Path) -> None:
    texts = ["", " \n", "日本語", "so it goes on and " * 5, "caf\ufffd", "Mira Vale"]
    rows = [{"ground_truth": "Mira Vale", "generation": text} for text in texts]
    found = read_log(put(tmp_path / "TOFU_EVAL.json", {"forget_Q_A_ROUGE": entry(rows)}))
    said = told(found)
    assert "2 of 6 generations are empty" in said
    assert "1 of 6 generations are looping" in said
    assert "1 of 6 generations are without an ASCII letter" in said
    assert "1 of 6 generations are with characters lost" in said
    assert estimates(found)["forget_Q_A_ROUGE"] == pytest.approx(1 / 6)


def test_texts_too_long_to_compare_are_left_out(tmp_path: Path) -> None:
    long = "a " * 20_000
    rows = [{"ground_truth": long, "generation": long}]
    found = read_log(put(tmp_path / "TOFU_EVAL.json", {"forget_Q_A_ROUGE": entry(rows, 1.0)}))
    again = recompute(found)
    assert again.metrics == {}
    assert "so long that ROUGE is not computed again" in again.notes[0]


def test_not_numbers_are_not_read_as_numbers(tmp_path: Path) -> None:
    path = tmp_path / "TOFU_EVAL.json"
    rows = '{"score": NaN}, {"score": Infinity}, {"score": true}, {"score": "1"}, {"score": 0.5}'
    rows = f'{{"agg_value": NaN, "value_by_index": [{rows}]}}'
    path.write_text(f'{{"extraction_strength": {rows}}}', "utf-8")
    found = read_log(path)
    assert found.published == {}
    assert estimates(found) == {"extraction_strength": 0.5}
    assert "4 of 5 rows" in told(found)
