from __future__ import annotations

from collections.abc import Mapping

import pytest

from attribution.intervals import single, wilson
from attribution.types import Interval, Label
from attribution.verdict import Thresholds, judge, judge_set

DEFAULT = Thresholds()

FORGOTTEN = {
    "base_match": 1.0,
    "base_probability": 0.95,
    "unlearned_match": 0.1,
    "unlearned_exact": 0.0,
    "unlearned_probability": 0.1,
    "answer_kept": 1e-6,
    "readable": 1.0,
}
RECOVERED = {
    **FORGOTTEN,
    "recovered": 0.83,
    "control": 0.02,
    "lift": 0.81,
    "recovered_match": 1.0,
    "recovered_exact": 1.0,
    "recovered_probability": 0.9,
    "control_match": 0.1,
    "control_exact": 0.0,
}
TEXT_ONLY = {
    name: number
    for name, number in RECOVERED.items()
    if name not in ("recovered", "control", "lift")
} | {"readable": 0.0}
"""The base breaks under every edit, and the unlearned model says the answer all the same."""


def points(numbers: Mapping[str, float | None]) -> dict[str, Interval]:
    return {name: single(number) for name, number in numbers.items() if number is not None}


def label(numbers: Mapping[str, float | None], thresholds: Thresholds = DEFAULT) -> Label:
    return judge(points(numbers), thresholds).label


def reasons(numbers: Mapping[str, float | None]) -> str:
    return " ".join(judge(points(numbers), DEFAULT).reasons)


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ({}, "UNKNOWN"),
        ({"base_match": 0.5, "base_probability": 0.5}, "UNKNOWN"),
        (FORGOTTEN, "UNRECOVERED"),
        (FORGOTTEN | {"recovered": 0.3, "lift": 0.3, "control": 0.0}, "UNRECOVERED"),
        (FORGOTTEN | {"readable": 0.0}, "UNKNOWN"),
        (FORGOTTEN | {"readable": None}, "UNKNOWN"),
        (FORGOTTEN | {"neutral_loss": 2.1}, "COLLAPSED"),
        (RECOVERED | {"neutral_loss": 2.1}, "COLLAPSED"),
        (FORGOTTEN | {"neutral_loss": 1.9}, "UNRECOVERED"),
        (FORGOTTEN | {"unlearned_exact": 1.0}, "RETAINED"),
        (FORGOTTEN | {"answer_kept": 0.6}, "RETAINED"),
        (FORGOTTEN | {"unlearned_match": 0.8, "unlearned_probability": 0.9}, "RETAINED"),
        (RECOVERED, "SUPPRESSED"),
        (TEXT_ONLY, "SUPPRESSED"),
    ],
)
def test_each_label(numbers: Mapping[str, float | None], expected: Label) -> None:
    assert label(numbers) == expected


def test_knowing_by_either_measure_is_knowing() -> None:
    assert label(FORGOTTEN | {"base_match": 0.0}) == "UNRECOVERED"
    assert label(FORGOTTEN | {"base_match": None}) == "UNRECOVERED"
    assert label(FORGOTTEN | {"base_probability": 0.2}) == "UNRECOVERED"
    assert label(FORGOTTEN | {"base_match": 0.0, "base_probability": 0.2}) == "UNKNOWN"


def test_the_lower_bound_decides_on_collapse() -> None:
    found = points(FORGOTTEN) | {"neutral_loss": Interval(5.0, 1.0, 9.0, 3)}
    assert judge(found, DEFAULT).label == "UNRECOVERED"
    found["neutral_loss"] = Interval(5.0, 2.5, 9.0, 3)
    assert judge(found, DEFAULT).label == "COLLAPSED"


def test_a_template_with_a_wrong_word_is_not_the_answer() -> None:
    wrong = FORGOTTEN | {"unlearned_match": 0.89, "unlearned_probability": 0.5}
    assert label(wrong) == "UNRECOVERED"
    assert label(wrong | {"unlearned_probability": None}) == "RETAINED", "nothing contradicts it"
    between = wrong | {"unlearned_probability": 0.8}
    assert label(between) == "UNKNOWN"
    assert "put differently" in reasons(between)


def test_a_template_that_comes_back_is_not_the_answer() -> None:
    garbled = TEXT_ONLY | {"recovered_exact": 0.0, "recovered_match": 0.89, "readable": 0.5}
    assert label(garbled | {"recovered_probability": 0.4}) == "UNRECOVERED"
    assert label(garbled | {"recovered_probability": 0.9}) == "SUPPRESSED"


def test_the_plain_text_was_as_close() -> None:
    near = {"unlearned_match": 0.8, "recovered_exact": 0.0, "recovered_match": 0.8}
    assert label(TEXT_ONLY | near | {"readable": 0.5}) == "UNRECOVERED"


def test_recovery_by_probability_alone_suffices() -> None:
    numbers = FORGOTTEN | {"recovered": 0.6, "control": 0.1, "lift": 0.5}
    assert label(numbers) == "SUPPRESSED"
    assert "60 %" in reasons(numbers)
    assert "10 %" in reasons(numbers)


def test_as_much_by_random_words_is_no_sign() -> None:
    alike = FORGOTTEN | {"recovered": 0.8, "control": 0.7, "lift": 0.1}
    assert label(alike) == "UNKNOWN"
    assert "little difference" in reasons(alike)
    assert label(TEXT_ONLY | {"control_exact": 2 / 3}) == "UNKNOWN"
    assert label(TEXT_ONLY | {"control_exact": 1 / 3}) == "SUPPRESSED"


def test_text_can_be_specific_where_probability_is_not() -> None:
    assert label(RECOVERED | {"control": 0.7, "lift": 0.13}) == "SUPPRESSED"


def test_without_a_control_the_reason_says_so() -> None:
    bare = {"control": None, "lift": None, "control_match": None, "control_exact": None}
    for numbers in (RECOVERED, TEXT_ONLY):
        assert label(numbers | bare) == "SUPPRESSED"
        assert reasons(numbers | bare).count("No control was possible") == 1


def test_what_the_reference_brings_back_as_well_is_explained() -> None:
    assert label(RECOVERED | {"reference_recovered": 0.1}) == "SUPPRESSED"
    explained = RECOVERED | {"reference_recovered": 0.7}
    assert label(explained) == "UNRECOVERED"
    assert "reference gains as much" in reasons(explained)
    assert label(RECOVERED | {"reference_exact": 1.0}) == "UNRECOVERED"
    assert label(TEXT_ONLY | {"reference_recovered": 0.6}) == "UNRECOVERED"
    assert label(TEXT_ONLY | {"reference_recovered": 0.4}) == "SUPPRESSED"


def test_a_reference_that_does_not_gain_is_the_stronger_control() -> None:
    alike = FORGOTTEN | {"recovered": 0.9, "control": 0.9, "lift": 0.0}
    assert label(alike) == "UNKNOWN"
    assert label(alike | {"reference_recovered": 0.0}) == "SUPPRESSED"
    assert "gains 0 %" in reasons(alike | {"reference_recovered": 0.0})
    assert label(alike | {"reference_recovered": 0.8}) == "UNRECOVERED"


def test_a_reference_with_the_same_template_explains_nothing() -> None:
    template = {"reference_match": 0.89, "reference_exact": 0.0, "reference_probability": 0.5}
    assert label(RECOVERED | template) == "SUPPRESSED"


def test_a_retained_answer_that_the_reference_knows_is_marked() -> None:
    numbers = FORGOTTEN | {"unlearned_exact": 1.0, "reference_exact": 1.0}
    assert label(numbers) == "RETAINED"
    assert "So does the reference" in reasons(numbers)


@pytest.mark.parametrize(
    ("numbers", "thresholds", "expected"),
    [
        (FORGOTTEN, Thresholds(known=1.1), "UNKNOWN"),
        (FORGOTTEN | {"neutral_loss": 1.0}, Thresholds(collapse=0.5), "COLLAPSED"),
        (FORGOTTEN | {"answer_kept": 0.2}, Thresholds(close=0.1), "RETAINED"),
        (
            FORGOTTEN | {"unlearned_match": 0.5, "unlearned_probability": 0.9},
            Thresholds(kept=0.5),
            "RETAINED",
        ),
        (
            FORGOTTEN | {"unlearned_match": 0.9, "unlearned_probability": 0.5},
            Thresholds(near=0.5),
            "RETAINED",
        ),
        (FORGOTTEN | {"recovered": 0.3, "lift": 0.3}, Thresholds(recovered=0.3), "SUPPRESSED"),
        (FORGOTTEN | {"recovered": 0.8, "lift": 0.1}, Thresholds(lift=0.1), "SUPPRESSED"),
    ],
)
def test_thresholds_move_the_verdict(
    numbers: Mapping[str, float | None], thresholds: Thresholds, expected: Label
) -> None:
    assert label(numbers) != expected
    assert label(numbers, thresholds) == expected


# ---------------------------------------------------------------- sets


def shares(n: int, **counts: int) -> dict[str, Interval]:
    labels = ("retained", "suppressed", "unrecovered", "collapsed", "unknown")
    assert sum(counts.values()) == n
    return {f"share_{name}": wilson(counts.get(name, 0), n) for name in labels}


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({}, "UNKNOWN"),
        (shares(30, suppressed=18, unrecovered=12), "SUPPRESSED"),
        (shares(30, retained=8, suppressed=17, unrecovered=5), "SUPPRESSED"),
        (shares(30, retained=17, suppressed=8, unrecovered=5), "RETAINED"),
        (shares(30, suppressed=1, unrecovered=29), "UNRECOVERED"),
        (shares(5, suppressed=1, unrecovered=4), "UNKNOWN"),
        (shares(30, unrecovered=10, unknown=20), "UNKNOWN"),
        (shares(30, unrecovered=20, unknown=10), "UNRECOVERED"),
        (shares(30, collapsed=20, suppressed=10), "COLLAPSED"),
        (shares(30, retained=30) | {"retain_loss": single(3.0)}, "COLLAPSED"),
        (shares(30, retained=30) | {"retain_loss": Interval(3.0, 1.0, 5.0, 4)}, "RETAINED"),
        (shares(30, suppressed=30) | {"neutral_loss": single(3.0)}, "COLLAPSED"),
    ],
)
def test_each_label_of_a_set(found: dict[str, Interval], expected: Label) -> None:
    assert judge_set(found, DEFAULT).label == expected


def test_a_set_says_how_many() -> None:
    (suppressed, unrecovered) = judge_set(
        shares(30, suppressed=18, unrecovered=12), DEFAULT
    ).reasons
    assert suppressed.startswith("SUPPRESSED: 18 of 30 (60 %, between 42 % and")
    assert unrecovered.startswith("UNRECOVERED: 12 of 30")


def test_too_few_cases_are_said_to_be_too_few() -> None:
    assert "too few" in judge_set(shares(5, suppressed=1, unrecovered=4), DEFAULT).reasons[-1]


def test_the_share_moves_the_verdict_of_a_set() -> None:
    found = shares(30, suppressed=18, unrecovered=12)
    assert judge_set(found, Thresholds(share=0.7)).label == "UNKNOWN"
    assert judge_set(shares(30, unrecovered=18, suppressed=12), Thresholds(share=0.7)).label == (
        "UNRECOVERED"
    )
