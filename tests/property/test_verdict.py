from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from attribution.evidence import CaseEvidence, of_set
from attribution.intervals import single, wilson
from attribution.types import Interval
from attribution.verdict import LABELS, Thresholds, judge, judge_set

SHARES = st.floats(0, 1)
NUMBERS = st.dictionaries(
    st.sampled_from(
        [
            "base_match", "base_probability", "unlearned_match", "unlearned_exact",
            "unlearned_probability", "answer_kept", "recovered_match", "recovered_exact",
            "recovered_probability", "readable", "control_match", "control_exact",
            "reference_match", "reference_exact", "reference_probability", "reference_recovered",
            "focus_kept", "overlap", "neutral_loss", "reference_neutral_loss", "base_contains",
            "twin", "twin_exact", "ids_changed", "base_exact_edited", "returned",
            "reference_returned", "ids_only", "ids_only_exact", "paraphrase", "paraphrase_match",
            "paraphrase_exact", "searched", "held_out", "leaking",
        ]
    ),
    SHARES | st.floats(-50, 50),
)  # fmt: skip
KNOWN = NUMBERS.map(lambda numbers: {**numbers, "base_match": 1.0})


def points(numbers: dict[str, float]) -> dict[str, Interval]:
    return {name: single(number) for name, number in numbers.items()}


def with_recovery(numbers: dict[str, float], recovered: float, control: float | None):
    more = {"recovered": recovered}
    # What any marks bring back is at least what these do; so it is on the reference.
    if "returned" in numbers:
        more["returned"] = max(numbers["returned"], recovered)
    if {"reference_recovered", "reference_returned"} <= set(numbers):
        more["reference_returned"] = max(
            numbers["reference_returned"], numbers["reference_recovered"]
        )
    if control is not None:
        more |= {"control": control, "lift": recovered - control}
    return points(numbers | more)


@given(NUMBERS, st.floats(-5, 5), st.none() | st.floats(-5, 5))
def test_a_verdict_always_has_a_reason_and_never_says_erased(
    numbers: dict[str, float], recovered: float, control: float | None
) -> None:
    found = judge(with_recovery(numbers, recovered, control), Thresholds())
    assert found.label in LABELS
    assert found.reasons
    assert all(reason and "eras" not in reason.lower() for reason in found.reasons)


@given(KNOWN, st.floats(-5, 5), st.floats(0, 5), st.none() | st.floats(-5, 5))
def test_more_recovery_never_takes_suppressed_back(
    numbers: dict[str, float], recovered: float, more: float, control: float | None
) -> None:
    before = judge(with_recovery(numbers, recovered, control), Thresholds()).label
    after = judge(with_recovery(numbers, recovered + more, control), Thresholds()).label
    if before == "SUPPRESSED":
        assert after == "SUPPRESSED"
    if after in ("RETAINED", "COLLAPSED"):
        assert before == after, "recovery has no say in these"


@given(KNOWN, st.floats(-5, 5), st.floats(-5, 5), st.floats(0, 5))
def test_a_stronger_control_never_makes_it_suppressed(
    numbers: dict[str, float], recovered: float, control: float, more: float
) -> None:
    # With a reference to compare with, what comes back on whichever words is a sign of its own.
    numbers = {name: n for name, n in numbers.items() if not name.startswith("reference")}
    weak = judge(with_recovery(numbers, recovered, control), Thresholds()).label
    strong = judge(with_recovery(numbers, recovered, control + more), Thresholds()).label
    if strong == "SUPPRESSED":
        assert weak == "SUPPRESSED"


@given(NUMBERS, st.floats(0.0, 1.0))
def test_what_the_base_does_not_know_is_unknown(
    numbers: dict[str, float], recovered: float
) -> None:
    unknown = numbers | {"base_match": 0.0, "base_probability": 0.0, "recovered": recovered}
    assert judge(points(unknown), Thresholds()).label == "UNKNOWN"


@given(KNOWN, st.floats(0, 1))
def test_a_set_of_one_says_what_its_case_says(numbers: dict[str, float], recovered: float) -> None:
    found = points(numbers | {"recovered": recovered})
    case = judge(found, Thresholds())
    of_one = of_set([CaseEvidence("forget", found, case.label)], Thresholds())
    assert judge_set(of_one, Thresholds()).label == case.label


@given(st.lists(st.sampled_from(LABELS), min_size=1, max_size=40))
def test_shares_of_a_set_add_up(labels: list[str]) -> None:
    found = {f"share_{label.lower()}": wilson(labels.count(label), len(labels)) for label in LABELS}
    assert abs(sum(share.estimate for share in found.values()) - 1) < 1e-9
    assert judge_set(found, Thresholds()).label in LABELS
