"""Numbers of published logs, computed again from their rows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from unpact_tui.logs.log import Log
from unpact_tui.logs.reading import read_log
from unpact_tui.logs.recompute import Recomputed, recompute

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "eval-logs"
FULL = DATA / "tofu_Llama-3.2-1B-Instruct_full" / "evals_forget01" / "TOFU_EVAL.json"
RETAIN = DATA / "tofu_Llama-3.2-1B-Instruct_retain99" / "TOFU_EVAL.json"

pytestmark = pytest.mark.skipif(not FULL.is_file(), reason="the published logs are not here")

EXACT = 1e-12
"""Rows that are results already, and formulas of 64-bit numbers."""
ROUNDED = 1e-8
"""Where the log averages 32-bit probabilities and its losses are rounded too."""


def silent(log: Log) -> Log:
    """Return the log without what was generated, so that no words are stemmed."""
    return replace(log, scored=tuple(replace(item, generation=None) for item in log.scored))


@pytest.fixture(scope="module")
def logs() -> tuple[Log, Log]:
    return read_log(FULL), read_log(RETAIN)


def agree(log: Log, found: Recomputed) -> set[str]:
    """Compare every number that both have, and return their names."""
    both = log.published.keys() & found.metrics.keys()
    for name in both:
        tolerance = ROUNDED if "_Prob" in name or name == "model_utility" else EXACT
        expected = pytest.approx(log.published[name], rel=0, abs=tolerance)
        assert found.metrics[name].estimate == expected, name
    return both


READ = {
    *("forget_quality", "privleak", "forget_truth_ratio", "retain_Truth_Ratio", "ra_Truth_Ratio"),
    *("wf_Truth_Ratio", "forget_Q_A_Prob", "retain_Q_A_Prob", "ra_Q_A_Prob_normalised"),
    *("wf_Q_A_Prob_normalised", "exact_memorization", "extraction_strength", "mia_min_k"),
    *("mia_min_k_plus_plus", "mia_loss", "mia_zlib", "mia_gradnorm", "mia_reference"),
}


def test_the_numbers_of_the_full_model(logs: tuple[Log, Log]) -> None:
    full, retain = logs
    found = recompute(silent(full), silent(retain))
    assert agree(full, found) >= READ
    assert found.metrics["forget_quality"].estimate == pytest.approx(
        0.006760732303569208, abs=1e-15
    )
    assert found.metrics["privleak"].estimate == pytest.approx(-99.9999999811098, abs=1e-11)
    assert found.metrics["privleak_auc_reference"].estimate == pytest.approx(1 - 0.470625)
    assert (
        found.metrics["forget_quality"].lower < 1e-4 < 0.1 < found.metrics["forget_quality"].upper
    )


def test_the_numbers_of_the_retain_model(logs: tuple[Log, Log]) -> None:
    retain = logs[1]
    found = recompute(silent(retain))
    assert agree(retain, found) >= READ - {"forget_quality", "mia_reference"}
    assert found.metrics["privleak"].estimate == pytest.approx(5.8749999988250075, abs=1e-11)
    assert "reference" in found.absent["forget_quality"]
    assert retain.notes == ("forget_quality has no number in the file",)


@pytest.mark.slow
def test_rouge_and_model_utility_of_both(logs: tuple[Log, Log]) -> None:
    utilities, references = (0.5991534707368931, 0.5986022374345417), (logs[1], None)
    for log, reference, utility in zip(logs, references, utilities, strict=True):
        found = recompute(log, reference)
        both = agree(log, found)
        assert {f"{start}_Q_A_ROUGE" for start in ("forget", "retain", "ra", "wf")} <= both
        assert found.metrics["model_utility"].estimate == pytest.approx(utility, abs=1e-9)


def test_the_summary_says_the_same(logs: tuple[Log, Log]) -> None:
    for log, file in zip(logs, (FULL, RETAIN), strict=True):
        summary = read_log(file.with_name("TOFU_SUMMARY.json"))
        assert summary.published.items() <= log.published.items()
