"""Metrics of readings: what is there is given, what is not is absent with the reason."""

from __future__ import annotations

from dataclasses import replace
from math import exp

import pytest

from attribution.types import Odds, Split
from unpact_tui import metrics
from unpact_tui.metrics import membership
from unpact_tui.metrics._items import members, prefix
from unpact_tui.metrics._scored import Ask, Scored, Sides


def question(part: str, split: Split, place: int = 0, ask: Ask = "answer") -> Scored:
    """Return a question of which everything was read."""
    first = (True, place % 2 == 0, True)
    return Scored(
        f"{part}:{place}",
        part,
        ask,
        split,
        answer="Mira Vale of Porto",
        generation="it was Mira Vale",
        logprob=-0.5 - place / 10,
        odds=tuple(Odds(-0.5 - place / 7, one, -1.0, 0.8) for one in first),
        paraphrase=-0.7 - place / 9,
        wrong=(-2.0, -1.5 - place / 8),
    )


def several(part: str, split: Split, ask: Ask = "answer") -> tuple[Scored, ...]:
    return tuple(question(part, split, place, ask) for place in range(4))


TOFU = (
    *several("forget01", "forget"),
    *several("retain_perturbed", "retain"),
    *several("real_authors", "general"),
    *several("world_facts", "general"),
    *several("holdout01", "general"),
)


def test_tofu_has_every_metric_of_open_unlearning() -> None:
    taken = metrics.take(Sides(TOFU, reference=TOFU))
    expected = {
        "forget_Q_A_Prob": exp(-0.5),
        "forget_Q_A_ROUGE": 0.5,
        "exact_memorization": 1.0,
        "extraction_strength_floor": 1 / 3,
        "forget_quality": 1.0,
        "forget_quality_log10": 0.0,
        "mia_min_k": 0.5,
        "privleak": 0.0,
    }
    assert expected.keys() <= taken.metrics.keys()
    one = metrics.take(Sides(TOFU[::4], reference=TOFU[::4])).metrics
    assert {name: one[name].estimate for name in expected} == pytest.approx(expected)
    assert taken.metrics["model_utility"].n == 12
    assert taken.metrics["mia_loss"].n == 8
    assert taken.metrics["extraction_strength"].estimate == pytest.approx((1 + 1 / 3) / 2)
    for found in taken.metrics.values():
        assert found.lower <= found.estimate <= found.upper


def test_the_order_of_items_changes_nothing_but_rounding() -> None:
    forth, back = (
        metrics.take(Sides(items, reference=TOFU)).metrics for items in (TOFU, TOFU[::-1])
    )
    assert {name: found.estimate for name, found in forth.items()} == pytest.approx(
        {name: found.estimate for name, found in back.items()}
    )


def test_nothing_read_is_nothing_taken() -> None:
    taken = metrics.take(Sides(()))
    assert taken.metrics == {}
    assert taken.absent.keys() == metrics.sentences().keys()
    blank = tuple(Scored(item.id, item.part, item.ask, item.split) for item in TOFU)
    assert metrics.take(Sides(blank)).metrics == {}


def test_without_a_reference_forget_quality_is_absent_and_not_zero() -> None:
    taken = metrics.take(Sides(TOFU))
    assert "forget_quality" not in taken.metrics
    assert "reference" in taken.absent["forget_quality"]
    assert taken.absent["privleak_auc_reference"] == "it needs a reference"


def test_model_utility_says_which_part_is_missing() -> None:
    items = [
        replace(item, generation=None) if item.part == "world_facts" else item for item in TOFU
    ]
    taken = metrics.take(Sides(tuple(items)))
    assert taken.absent["model_utility"] == "it needs wf_Q_A_ROUGE"
    assert "retain_Q_A_ROUGE" in taken.metrics


def test_muse_is_in_percent_and_not_among_questions_and_answers() -> None:
    items = (
        *several("knowmem_forget", "forget"),
        *several("knowmem_retain", "retain"),
        *several("verbmem", "forget", "continue"),
    )
    taken = metrics.take(Sides(items)).metrics
    assert taken["knowmem_f"].estimate == taken["knowmem_r"].estimate == pytest.approx(50)
    assert taken["verbmem_f"].estimate == pytest.approx(50)
    assert taken["forget_knowmem_ROUGE"].estimate == pytest.approx(0.5)
    assert "forget_Q_A_ROUGE" not in taken
    # What is recited may be memorised; the knowledge of it is no text of the forget set.
    assert taken["exact_memorization"].n == 4


def test_texts_come_before_answers_where_membership_is_asked() -> None:
    texts = (
        *several("privleak_forget", "forget", "member"),
        *several("privleak_holdout", "general", "member"),
        *several("mia_forget", "forget", "member"),
    )
    texts = tuple(replace(item, answer=None, logprob=None, compressed=90) for item in texts)
    forget, holdout = members((*TOFU, *texts))
    assert {item.part for item in (*forget, *holdout)} == {"privleak_forget", "privleak_holdout"}
    taken = metrics.take(Sides((*TOFU, *texts))).metrics
    assert taken["mia_zlib"].estimate == taken["mia_loss"].estimate == 0.5
    assert membership.loss_per_byte(texts[0]) == pytest.approx(0.5 / 90)


def test_choice_tells_accuracy_and_collapse_to_one_letter() -> None:
    letters = ((-0.1, -3.0, -3.0, -3.0),) * 3 + ((-3.0, -3.0, -0.1, -3.0),)
    items = tuple(
        Scored(f"wmdp:{place}", part, "choose", "forget", letters=one, correct=0)
        for place, (one, part) in enumerate(
            zip(letters, ("bio", "bio", "cyber", "bio"), strict=True)
        )
    )
    taken = metrics.take(Sides(items))
    found = {name: interval.estimate for name, interval in taken.metrics.items()}
    assert found["wmdp/acc"] == 0.75
    assert found["wmdp_bio/acc"] == pytest.approx(2 / 3)
    assert found["wmdp_cyber/acc"] == 1
    assert "wmdp_chem/acc" in taken.absent
    assert [found[f"choice_share_{letter}"] for letter in "ABCD"] == [0.75, 0, 0.25, 0]
    assert found["choice_entropy"] == pytest.approx(0.8112781)
    assert taken.metrics["choice_entropy"].lower == 0
    assert 0 < found["choice_doubt"] < 2


def test_rwku_is_also_given_by_level() -> None:
    items = (*several("forget_level2", "forget"), *several("neighbor_level1", "retain"))
    taken = metrics.take(Sides(items))
    assert taken.metrics["forget_level2_ROUGE"].estimate == 0.5
    assert taken.metrics["neighbor_level1_ROUGE"].n == 4
    assert "forget_level1_ROUGE" in taken.absent


@pytest.mark.parametrize(
    ("part", "split", "ask", "expected"),
    [
        ("forget05", "forget", "answer", "forget"),
        ("retain99", "retain", "answer", "retain"),
        ("real_authors_perturbed", "general", "answer", "ra"),
        ("world_facts", "general", "answer", "wf"),
        ("holdout05", "general", "answer", None),
        ("full", "general", "answer", None),
        ("knowmem_forget", "forget", "answer", None),
        ("verbmem", "forget", "continue", None),
    ],
)
def test_sets_have_the_names_that_are_published(
    part: str, split: Split, ask: Ask, expected: str | None
) -> None:
    assert prefix(question(part, split, ask=ask)) == expected
