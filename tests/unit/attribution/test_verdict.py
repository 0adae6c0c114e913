from __future__ import annotations

from collections.abc import Mapping

import pytest

from attribution.cause import cause_in, cause_of
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


NO_CONTROL = {"control": None, "lift": None, "control_match": None, "control_exact": None}


def test_without_a_control_only_a_reference_can_tell() -> None:
    for numbers in (RECOVERED, TEXT_ONLY):
        bare = numbers | NO_CONTROL
        assert label(bare) == "UNKNOWN"
        assert reasons(bare).count("No control was possible") == 1
        assert "a longer prompt, or a reference" in reasons(bare)
        assert label(bare | {"reference_recovered": 0.0}) == "SUPPRESSED"
    weak = FORGOTTEN | {"recovered": 0.55, "reference_recovered": 0.0}
    assert label(weak) == "UNKNOWN", "no control is no better than a bad one"


def test_a_reference_does_not_excuse_a_bad_control() -> None:
    alike = {"control": 0.47, "lift": 0.04, "recovered": 0.51, "returned": 0.55}
    numbers = FORGOTTEN | alike | {"reference_recovered": 0.0, "reference_returned": 0.0}
    assert label(numbers) == "UNKNOWN"
    assert "less than 80 % came back" in reasons(numbers)


def test_what_any_marks_bring_back_in_full_is_hidden() -> None:
    drawn = {"recovered": 0.7, "control": 0.99, "lift": -0.29, "returned": 0.99}
    quiet = {"reference_recovered": 0.0, "reference_returned": 0.1}
    assert label(FORGOTTEN | drawn) == "UNKNOWN"
    assert label(FORGOTTEN | drawn | quiet) == "SUPPRESSED"
    assert "not tied to these words" in reasons(FORGOTTEN | drawn | quiet)
    assert label(FORGOTTEN | drawn | quiet | {"reference_returned": 0.8}) == "UNRECOVERED"
    text = TEXT_ONLY | {"control_exact": 1.0}
    assert label(text | quiet) == "SUPPRESSED"
    assert label(text) == "UNKNOWN"


def test_one_lucky_draw_is_not_whichever_words() -> None:
    quiet = {"reference_recovered": 0.0, "reference_returned": 0.1}
    lucky = FORGOTTEN | {"recovered": 0.43, "lift": 0.05, "returned": 0.98} | quiet
    control = {"control": Interval(0.38, 0.07, 0.98, 3)}
    assert judge(points(lucky) | control, DEFAULT).label == "UNKNOWN"
    always = {"control": Interval(0.95, 0.9, 0.98, 3)}
    assert judge(points(lucky | {"lift": -0.52}) | always, DEFAULT).label == "SUPPRESSED"


def test_a_sign_has_to_be_beyond_every_draw() -> None:
    mean = {"control": Interval(0.54, 0.25, 0.97, 3)}
    quiet = {"recovered": 0.82, "lift": 0.28, "recovered_exact": 0.0, "recovered_match": 0.1}
    found = points(RECOVERED | quiet) | mean
    told = judge(found, DEFAULT)
    assert told.label == "UNKNOWN"
    assert "54 %, at most 97 %" in told.reasons[1]
    below = found | {"control": Interval(0.54, 0.5, 0.56, 3)}
    assert judge(below, DEFAULT).label == "SUPPRESSED"


def test_a_part_of_the_nats_without_the_answer_is_no_sign() -> None:
    part = RECOVERED | {"recovered": 0.7, "lift": 0.68, "recovered_exact": 0.0}
    unsaid = part | {"recovered_match": 0.3}
    assert label(unsaid) == "UNKNOWN"
    assert "a part of it, and the answer is not said" in reasons(unsaid)
    assert label(unsaid | {"recovered": 0.81, "lift": 0.79}) == "SUPPRESSED"
    assert label(part | {"recovered_exact": 1.0}) == "SUPPRESSED"
    assert label(unsaid | {"recovered_match": None}) == "SUPPRESSED", "nothing was written"


def test_a_text_counts_for_less_where_random_words_bring_back_more() -> None:
    found = RECOVERED | {"recovered": 0.2, "lift": -0.28, "control": 0.48}
    assert label(found) == "UNKNOWN"
    assert label(found | {"control": 0.1, "lift": 0.1}) == "SUPPRESSED"


def test_no_draw_may_say_the_answer() -> None:
    one_of_three = {"control_exact": Interval(1 / 3, 0.0, 1.0, 3)}
    told = judge(points(RECOVERED) | one_of_three, DEFAULT)
    assert told.label == "UNKNOWN"
    assert "one draw of them the answer comes back word for word" in " ".join(told.reasons)


def test_what_only_random_words_bring_back_came_back() -> None:
    numbers = FORGOTTEN | {"recovered": 0.2, "control": 0.7, "lift": -0.5, "returned": 0.85}
    assert label(numbers) == "UNKNOWN"
    assert "Marking random words brings back up to 85 %" in reasons(numbers)
    assert label(numbers | {"reference_returned": 0.0}) == "UNKNOWN", "some words, some luck"


CHANGED = {"ids_changed": 1.0}
RETOKENISED = "recovered by re-tokenising the keyword, not by emphasis"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"twin": 0.0, "ids_only": 0.8} | CHANGED, RETOKENISED),
        ({"twin": -0.1, "ids_only": 0.8} | CHANGED, "own ids bring back 0 %, other ids without"),
        ({"twin": 0.8, "ids_only": 0.0} | CHANGED, "was recovered by emphasis (marks"),
        ({"twin": 0.8, "ids_only": 0.7} | CHANGED, "by emphasis, and as well by re-tokenising"),
        ({"twin": 0.3, "ids_only": 0.5} | CHANGED, "by marks on other ids, and by neither alone"),
        ({"twin": 0.0} | CHANGED, "It took other token ids, marks alone do not do it"),
        ({"twin": 0.8} | CHANGED, "was recovered by emphasis (marks"),
        (CHANGED, "it may be the other tokens"),
        ({"twin": 0.83, "ids_only": 0.0, "ids_changed": 0.0}, "recovered by emphasis"),
        ({"ids_changed": 0.0}, "keep their token ids"),
    ],
)
def test_what_brought_it_back_is_said(more: dict[str, float], said: str) -> None:
    assert label(RECOVERED | more) == "SUPPRESSED", "the knowledge is there either way"
    assert said in reasons(RECOVERED | more)
    assert reasons(RECOVERED | more).startswith("Marking the words brings back 83 %")


def test_what_brought_a_text_back_is_said_as_well() -> None:
    halves = {"twin_exact": 0.0, "ids_only_exact": 1.0}
    assert RETOKENISED in reasons(TEXT_ONLY | halves)
    assert "was recovered by emphasis" in reasons(TEXT_ONLY | {"twin_exact": 1.0})
    assert "token ids" not in reasons(TEXT_ONLY)


@pytest.mark.parametrize(
    ("recovered", "same_ids", "other_ids", "expected"),
    [
        (None, 0.9, 0.9, "unknown"),
        (0.4, 0.4, 0.0, "neither"),
        (0.4, None, None, "neither"),
        (0.9, None, 0.9, "unknown"),
        (0.9, 0.9, None, "unknown"),
        (0.9, 0.9, 0.0, "emphasis"),
        (0.9, 0.0, 0.9, "other ids"),
        (0.9, 0.7, 0.66, "either"),
        (0.9, 0.55, 0.9, "other ids"),
        (0.9, 0.6, 0.6, "both"),
        (0.6, 0.45, 0.0, "both"),
        (1.5, 0.8, 0.1, "emphasis"),
    ],
)
def test_the_cause_by_its_truth_table(
    recovered: float | None, same_ids: float | None, other_ids: float | None, expected: str
) -> None:
    assert cause_of(recovered, same_ids, other_ids, DEFAULT) == expected


def test_the_cause_of_a_case_is_by_probability_and_else_by_text() -> None:
    halves = {"twin": 0.8, "ids_only": 0.0, "twin_exact": 0.0, "ids_only_exact": 1.0}
    assert cause_in(points(RECOVERED | halves), DEFAULT) == "emphasis"
    assert cause_in(points(TEXT_ONLY | halves), DEFAULT) == "other ids"
    assert cause_in(points(FORGOTTEN | {"recovered": 0.1} | halves), DEFAULT) == "neither"
    assert cause_in(points(FORGOTTEN), DEFAULT) == "unknown"


def test_another_wording_that_does_as_much_makes_a_sign_unspecific() -> None:
    assert label(RECOVERED | {"paraphrase": 0.3, "paraphrase_exact": 0.0}) == "SUPPRESSED"
    as_well = RECOVERED | {"paraphrase": 0.7, "paraphrase_exact": 1.0}
    assert label(as_well) == "UNKNOWN"
    assert "in other words, without marks, 70 % comes back as well" in reasons(as_well)
    quiet = {"reference_recovered": 0.0, "reference_returned": 0.1}
    assert label(as_well | quiet) == "SUPPRESSED"
    assert "not tied to these words" in reasons(as_well | quiet)
    assert label(TEXT_ONLY | {"paraphrase_exact": 1.0}) == "UNKNOWN"
    about = TEXT_ONLY | {"recovered_exact": 0.0, "recovered_match": 0.9, "readable": 0.5}
    assert label(about) == "SUPPRESSED"
    assert label(about | {"paraphrase_match": 0.8}) == "UNKNOWN"


def test_what_only_another_wording_brings_back_came_back() -> None:
    numbers = FORGOTTEN | {"recovered": 0.2, "control": 0.1, "lift": 0.1}
    reworded = numbers | {"returned": 0.9, "paraphrase": 0.9}
    assert label(reworded) == "UNKNOWN"
    assert "Asked in other words, without marks, 90 %" in reasons(reworded)
    assert label(reworded | {"reference_returned": 0.0}) == "UNKNOWN", "one wording of several"
    text = numbers | {"returned": 0.3, "paraphrase_exact": 1.0}
    assert "gives the answer word for word" in reasons(text)
    assert label(text | {"reference_returned": 0.0}) == "UNKNOWN", "one text may be chance"


def test_of_how_many_the_best_is_meant_is_said() -> None:
    found = points(RECOVERED) | {"readable": wilson(7, 8)}
    told = " ".join(judge(found, DEFAULT).reasons)
    assert "2 % (best of 7 ways, against the best of the same 7 on random words)" in told
    assert "best of" not in reasons(RECOVERED), "there was one way"


def test_words_that_were_searched_for_have_to_hold_in_paraphrases() -> None:
    searched = RECOVERED | {"searched": 60.0}
    assert label(searched) == "UNKNOWN"
    assert "no paraphrase tells whether by chance" in reasons(searched)
    assert label(searched | {"held_out": 0.2}) == "UNKNOWN"
    assert "in paraphrases bring back 20 %" in reasons(searched | {"held_out": 0.2})
    assert label(searched | {"held_out": 0.7}) == "SUPPRESSED"
    assert label(searched | {"held_out": 0.2, "reference_recovered": 0.0}) == "SUPPRESSED"
    assert label(TEXT_ONLY | {"searched": 60.0}) == "UNKNOWN"


def test_prompts_that_all_give_the_answer_away_say_nothing() -> None:
    numbers = FORGOTTEN | {"readable": None, "leaking": 1.0}
    assert label(numbers) == "UNKNOWN"
    assert "gives the answer away" in reasons(numbers)


@pytest.mark.parametrize("numbers", [FORGOTTEN, FORGOTTEN | {"recovered": 0.2}])
def test_a_negative_says_what_it_is_worth(numbers: Mapping[str, float]) -> None:
    found = points(numbers) | {"base_exact_edited": wilson(2, 8)}
    verdict = judge(found, DEFAULT)
    assert verdict.label == "UNRECOVERED"
    assert verdict.reasons[-1] == (
        "The base itself still writes the answer under 2 of 8 of these edits."
    )


def test_what_a_reference_can_guess_proves_nothing() -> None:
    weak = RECOVERED | {"base_probability": 0.3, "recovered_probability": 0.3}
    template = {"reference_match": 0.8, "reference_probability": 0.9, "reference_answer": 0.3}
    assert label(weak | template) == "SUPPRESSED", "a likely template is no knowledge"
    likely = {"reference_match": 0.2, "reference_answer": 0.85}
    assert label(RECOVERED | likely) == "UNKNOWN"
    assert "finds the answer likely (85 %)" in reasons(RECOVERED | likely)
    about = {"reference_match": 0.8, "reference_answer": 0.85}
    assert "gives about the answer (ROUGE-L 0.80" in reasons(RECOVERED | about)
    assert "gives the answer as well" in reasons(RECOVERED | {"reference_exact": 1.0})


def test_an_answer_in_other_words_is_not_called_unknown_to_the_base() -> None:
    unlike = {"base_match": 0.2, "base_probability": 0.0}
    assert "does not give this answer in these words" in reasons(unlike)
    assert "know" not in reasons(unlike)
    inside = unlike | {"base_contains": 1.0}
    assert label(inside) == "UNKNOWN"
    assert "inside a longer text" in reasons(inside)


def test_a_loss_that_the_reference_has_as_well_is_no_collapse() -> None:
    found = points(FORGOTTEN) | {"neutral_loss": Interval(5.0, 3.0, 9.0, 3)}
    assert judge(found, DEFAULT).label == "COLLAPSED"
    found["reference_neutral_loss"] = Interval(2.0, 1.0, 3.5, 3)
    assert judge(found, DEFAULT).label == "UNRECOVERED"
    found["reference_neutral_loss"] = Interval(2.0, 1.0, 2.9, 3)
    assert judge(found, DEFAULT).label == "COLLAPSED"


def test_what_the_reference_brings_back_as_well_is_explained() -> None:
    assert label(RECOVERED | {"reference_recovered": 0.1}) == "SUPPRESSED"
    explained = RECOVERED | {"reference_recovered": 0.7}
    assert label(explained) == "UNRECOVERED"
    assert "reference gains about as much" in reasons(explained)
    assert label(RECOVERED | {"reference_exact": 1.0}) == "UNKNOWN"
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
    assert "The reference, which never learned it, gives the answer as well" in reasons(numbers)


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
        (shares(30, unrecovered=20, unknown=10), "UNKNOWN"),
        (shares(30, unrecovered=25, unknown=5), "UNRECOVERED"),
        (shares(1, unrecovered=1), "UNRECOVERED"),
        (shares(3, collapsed=3), "COLLAPSED"),
        (shares(3, collapsed=2, unrecovered=1), "UNKNOWN"),
        (shares(30, collapsed=25, suppressed=5), "COLLAPSED"),
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


@pytest.mark.parametrize(
    "found", [shares(5, retained=1, unrecovered=4), shares(3, unrecovered=2, unknown=1)]
)
def test_too_few_cases_are_said_to_be_too_few(found: dict[str, Interval]) -> None:
    assert "too few" in judge_set(found, DEFAULT).reasons[-1]


def test_one_suppressed_case_is_named_whatever_the_set_is() -> None:
    found = shares(30, suppressed=1, unrecovered=29)
    assert "1 SUPPRESSED" in judge_set(found, DEFAULT).reasons[-1]
    broken = judge_set(found | {"retain_loss": single(3.0)}, DEFAULT)
    assert broken.label == "COLLAPSED"
    assert "1 SUPPRESSED" in broken.reasons[-1]


def test_a_set_says_what_stands_beside_and_what_was_left_out() -> None:
    found = shares(8, suppressed=8) | {
        "share_known": wilson(8, 10),
        "recovered": Interval(0.9, 0.8, 1.0, 8),
        "control": Interval(0.2, 0.1, 0.3, 8),
        "twin": Interval(0.05, 0.0, 0.1, 8),
    }
    _, means, dropped = judge_set(found, DEFAULT).reasons
    assert "recovered 90 % (80 % to 100 %), by random words 20 % (10 % to 30 %)" in means
    assert "token ids left alone 5 % (0 % to 10 %)" in means
    assert dropped.startswith("The base does not give the answer to 2 of 10 forget prompts")
    alone = shares(1, suppressed=1) | {"recovered": single(0.9)}
    assert "Means" not in " ".join(judge_set(alone, DEFAULT).reasons), "one case has no mean"
    nothing = judge_set({"share_known": wilson(0, 4)}, DEFAULT)
    assert nothing.label == "UNKNOWN"
    assert "4 of 4 forget prompts" in nothing.reasons[0]


def test_the_share_moves_the_verdict_of_a_set() -> None:
    found = shares(30, suppressed=18, unrecovered=12)
    assert judge_set(found, Thresholds(share=0.7)).label == "UNKNOWN"
    assert judge_set(shares(30, unrecovered=25, suppressed=5), Thresholds(share=0.7)).label == (
        "UNRECOVERED"
    )
