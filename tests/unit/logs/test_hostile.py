"""Whatever is in a file: it is a log, or it is refused in one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from unpact_tui.errors import BadLog
from unpact_tui.logs.reading import understood
from unpact_tui.logs.report import report, table, told

NAMES = (
    *("forget_Q_A_Prob", "forget_Q_A_PARA_Prob", "forget_Q_A_PERT_Prob", "forget_Q_A_ROUGE"),
    *("ra_Q_A_Prob", "wf_Truth_Ratio", "forget_truth_ratio", "forget_quality", "mia_min_k"),
    *("forget_knowmem_ROUGE", "privleak", "eval_log.json", "eval_log_forget.json", "avg_gt_loss"),
    *("average_perturb_loss", "avg_paraphrased_loss", "truth_ratio", "generated_text", "gt"),
    *("response", "question", "rougeL", "PPL", "ppl", "Min-40%", "mean_rougeL"),
    *("forget_holdout_Min-40%", "forget_holdout", "forget", "holdout", "agg_value"),
    *("wmdp_bio", "filtered_resps", "target"),
    *("value_by_index", "score", "prob", "avg_loss", "ground_truth", "generation", "0", "1"),
)
numbers = st.one_of(
    st.floats(), st.integers(), st.sampled_from([10**400, -1, 0, 1e308, 5e-324, 0.5, -0.0])
)
leaves = st.one_of(st.none(), st.booleans(), numbers, st.text(max_size=6))
keys = st.one_of(st.sampled_from(NAMES), st.text(max_size=3))
values = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(keys, inner, max_size=4)),
    max_leaves=14,
)
rows = st.one_of(
    st.lists(st.dictionaries(st.sampled_from(NAMES), leaves, max_size=3), max_size=3), values
)
metrics = st.dictionaries(
    st.sampled_from(NAMES),
    st.one_of(
        st.fixed_dictionaries({"agg_value": leaves, "value_by_index": rows}),
        st.fixed_dictionaries(
            {"forget": st.fixed_dictionaries({"value_by_index": rows}), "agg_value": leaves},
            optional={"holdout": st.fixed_dictionaries({"value_by_index": rows})},
        ),
        rows,
    ),
    max_size=4,
)


def survives(value: object, name: str) -> None:
    path = Path("nowhere") / name
    try:
        log = understood(value, path)
    except BadLog:
        return
    found = told(log, log)
    json.dumps(found.found.absent)
    assert table(found).isprintable() or "\n" in table(found)
    for name, interval in found.found.metrics.items():
        assert interval.lower <= interval.estimate <= interval.upper, name


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.one_of(metrics, values, rows), st.sampled_from(["x_EVAL.json", "eval_log_forget.json"]))
def test_any_json_is_a_log_or_refused(value: object, name: str) -> None:
    survives(value, name)


@pytest.mark.soak
@settings(max_examples=3000, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.one_of(metrics, values, rows), st.sampled_from(["x_EVAL.json", "eval_log_forget.json"]))
def test_much_json_is_a_log_or_refused(value: object, name: str) -> None:
    survives(value, name)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "it is not JSON"),
        (b"\xff\xfe\x00", "it is not JSON"),
        (b"[" * 100_000, "it is not JSON"),
        (b"1" * 5000, "it is not JSON"),
        (b"{}", "the fields of none that is known"),
        (b"[1, 2]", "the fields of none that is known"),
        (b'{"a": "b"}', "the fields of none that is known"),
        (b'{"eval_log.json": {}}', "its sets have no rows"),
    ],
    ids=["empty", "bytes", "deep", "long", "nothing", "list", "other", "rowless"],
)
def test_a_file_that_is_no_log_is_refused(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "x_EVAL.json"
    path.write_bytes(content)
    with pytest.raises(BadLog, match=why):
        report([path], None, json=False)


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.json", Path("/dev/null")):
        with pytest.raises(BadLog):
            report([path], None, json=False)


def test_more_rows_or_metrics_than_any_benchmark_are_refused() -> None:
    many = {"exact_memorization": {"agg_value": 1, "value_by_index": [0] * 30_001}}
    with pytest.raises(BadLog, match="30001 rows"):
        understood(many, Path("x_EVAL.json"))
    with pytest.raises(BadLog, match="201 metrics"):
        understood({str(place): 0.5 for place in range(201)}, Path("x_SUMMARY.json"))


def test_a_name_cannot_reach_the_terminal_raw() -> None:
    log = understood({"\x1b[31mred": 0.5, "\ud800": 1.0}, Path("x_SUMMARY.json"))
    assert "\x1b" not in table(told(log, None))
    table(told(log, None)).encode()
