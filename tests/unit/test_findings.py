"""What is said of many models is computed: when the numbers turn, the sentences turn."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import msgspec
import pytest
from findings_fixture import Behaviour, record

from attribution.thresholds import DEFAULT_THRESHOLDS
from unpact_tui.findings import plots
from unpact_tui.findings.estimate import correlation_of, difference_of, mean_of, ratio_of
from unpact_tui.findings.figures import Findings, compute
from unpact_tui.findings.page import page
from unpact_tui.findings.record import Record

GOOD = Behaviour()


def found(*records: Record) -> Findings:
    return compute(records, DEFAULT_THRESHOLDS, "unpact-tui bench --findings", draws=3)


def seeds(member: str, *each: Behaviour) -> list[Record]:
    return [record(member, seed, how) for seed, how in enumerate(each)]


def sentence(says: tuple[str, ...], begins: str) -> str:
    (one,) = [said for said in says if said.startswith(begins)]
    return one


# ---------------------------------------------------------------- focus


def test_focus_that_falls_in_every_seed_is_said_to() -> None:
    says = found(*seeds("rmu", GOOD, GOOD)).focus_says
    falls = sentence(says, "On prompts to forget")
    assert falls.endswith("for 1 of 1 method, in every seed for rmu.")
    assert "for 1 of 1 method" in sentence(says, "They fall further")
    assert sentence(says, "With rmu their mean")  # 1 - 2 is below zero
    assert sentence(says, "On prompts to retain").endswith("for none of 1 method.")


@pytest.mark.parametrize("fall", [0.0, -2.0, 0.02])
def test_focus_that_does_not_fall_is_said_not_to(fall: float) -> None:
    says = found(*seeds("rmu", *[replace(GOOD, fall=fall)] * 2)).focus_says
    assert sentence(says, "On prompts to forget").endswith("for none of 1 method.")
    assert not [said for said in says if said.startswith("With rmu their mean")]


def test_focus_that_falls_everywhere_is_no_deeper_where_it_should() -> None:
    says = found(*seeds("ga", *[replace(GOOD, fall_retain=2.0, others=1.0)] * 2)).focus_says
    assert sentence(says, "They fall further").endswith("for none of 1 method.")
    assert "in every seed for ga" in sentence(says, "On prompts to retain")
    assert sentence(says, "The other words").endswith("too with ga.")


def test_methods_are_told_apart() -> None:
    all_of_it = [*seeds("rmu", GOOD, GOOD), *seeds("npo", *[replace(GOOD, fall=0.0)] * 2)]
    falls = sentence(found(*all_of_it).focus_says, "On prompts to forget")
    assert falls.endswith("for 1 of 2 methods, in every seed for rmu; not for npo.")


# ---------------------------------------------------------------- recovery


def test_recovery_holds_beyond_both_controls() -> None:
    back = found(*seeds("rmu", GOOD, GOOD))
    assert "in every seed for rmu" in sentence(back.recovered_says, "Emphasis on KeyTokens")
    assert "in every seed for rmu" in sentence(back.recovered_says, "It brings answers back")
    (one,) = back.recovered
    assert (one.lost, one.known, one.chosen) == (24, 24, ("bold", "bold"))
    assert one.held_out is not None
    assert one.held_out.recovered is not None
    assert one.held_out.recovered.estimate == pytest.approx(0.91)


@pytest.mark.parametrize(
    "how",
    [
        replace(GOOD, random=0.9),
        replace(GOOD, reference=0.9),
        replace(GOOD, recovered=0.02, exact=False),
    ],
)
def test_what_a_control_does_as_well_is_no_recovery(how: Behaviour) -> None:
    says = found(*seeds("rmu", how, how)).recovered_says
    assert sentence(says, "Emphasis on KeyTokens").endswith("for none of 1 method.")


@pytest.mark.parametrize(
    ("same", "other", "words"),
    [
        (0.0, 0.9, "re-tokenisation of the keyword, not emphasis"),
        (0.9, 0.0, "emphasis: the marks do it"),
        (0.9, 0.9, "either half alone"),
        (0.0, 0.0, "marks and other ids together"),
    ],
)
def test_what_brings_it_back_is_said_by_the_halves(same: float, other: float, words: str) -> None:
    how = replace(GOOD, same_ids=same, other_ids=other)
    says = found(*seeds("rmu", how, how)).recovered_says
    assert sentence(says, "What brings it back with rmu").startswith(
        f"What brings it back with rmu is {words}"
    )


def test_of_a_few_lost_prompts_nothing_is_said() -> None:
    says = found(record("rmu", 0, GOOD, prompts=5)).recovered_says
    assert "not measured for any method" in sentence(says, "Emphasis on KeyTokens")
    assert sentence(says, "Fewer than 10 prompts were lost with rmu")


# ---------------------------------------------------------------- penalty


def test_a_penalty_on_keywords_alone_is_told_from_one_on_everything() -> None:
    narrow, wide = GOOD, replace(GOOD, common=4.0)
    says = found(*seeds("rmu", narrow, narrow), *seeds("ga", wide, wide)).penalised_says
    assert sentence(says, "Keywords lose more than twice").endswith("with rmu.")
    assert sentence(says, "Common words lose more than half").endswith("with ga.")


def test_another_beginning_is_not_taken_for_a_penalty_on_all_words() -> None:
    how = replace(GOOD, first=20.0)
    says = found(*seeds("idk", how, how)).penalised_says
    assert sentence(says, "Common words lose more than half").endswith("with idk.")
    assert sentence(says, "With idk most of what common words lose is the first token")


def test_collapse_is_related_to_the_penalty_and_exceptions_are_named() -> None:
    records: list[Record] = []
    for number in range(6):
        common, broken = float(number), number > 3
        how = replace(
            GOOD,
            common=common,
            elsewhere=common,
            retained=not broken,
            verdict="COLLAPSED" if broken else "SUPPRESSED",
        )
        records += seeds(f"m{number}", how, how)
    says = found(*records).penalised_says
    assert "goes together with neutral loss (Spearman's rho 1.00" in sentence(
        says, "Over models, indiscriminateness goes together"
    )
    assert sentence(says, "In more than half of the seeds collapsed").endswith(": m4 and m5.")
    assert sentence(says, "Not collapsed although").endswith("not spared: m2 and m3.")


def test_of_few_methods_nothing_is_related() -> None:
    says = found(*seeds("rmu", GOOD, GOOD)).penalised_says
    assert sentence(says, "Fewer than 5 methods")


# ---------------------------------------------------------------- estimates


def test_seeds_are_what_is_repeated() -> None:
    within = mean_of([[0.0, 1.0] * 20, [0.0, 1.0] * 20])
    between = mean_of([[0.0] * 40, [1.0] * 40])
    assert within is not None
    assert between is not None
    assert within.estimate == between.estimate == 0.5
    assert (between.lower, between.upper) == (0.0, 1.0)
    assert 0.3 < within.lower < within.upper < 0.7
    assert between.seeds == (0.0, 1.0)


def test_a_seed_counts_as_much_as_another_whatever_its_prompts() -> None:
    estimate = mean_of([[0.0] * 90, [1.0] * 10])
    assert estimate is not None
    assert estimate.estimate == 0.5
    assert mean_of([[], []]) is None


def test_a_ratio_of_next_to_nothing_is_not_taken() -> None:
    assert ratio_of([[(1.0, 0.01)]], 0.1) is None
    ratio = ratio_of([[(1.0, 2.0), (3.0, 6.0)]], 0.1)
    assert ratio is not None
    assert (ratio.estimate, ratio.lower, ratio.upper) == (0.5, 0.5, 0.5)


def test_a_difference_needs_both_sides_of_a_seed() -> None:
    assert difference_of([[1.0]], [[]]) is None
    apart = difference_of([[1.0, 1.0]], [[0.0]])
    assert apart is not None
    assert (apart.estimate, apart.n) == (1.0, 3)


def test_a_correlation_needs_methods() -> None:
    points = {f"m{i}": [(0, float(i), float(-i))] for i in range(5)}
    rho = correlation_of(points)
    assert rho is not None
    assert rho.estimate == pytest.approx(-1.0)
    del points["m0"]
    assert correlation_of(points) is None


# ---------------------------------------------------------------- the page


def test_the_page_has_the_command_the_sentences_and_what_is_missing() -> None:
    broken = Record(1, 1, "ga", "GA", "digest", error="There is no | folder.")
    text = page(found(*seeds("rmu", GOOD, GOOD), broken), ())
    assert "    unpact-tui bench --findings\n" in text
    assert "2 unlearned models: 1 method, 2 seeds (0, 1)" in text
    assert "re-tokenisation of the keyword, not emphasis" in text
    assert "- seed 1, ga: There is no \\| folder." in text
    assert "pip install 'unpact-tui[plots]'" in text
    assert "![" not in text
    widths = {line.count(" | ") for line in text.splitlines() if line.startswith("| rmu | key")}
    assert widths == {7}


def test_findings_can_be_read_back() -> None:
    before = found(*seeds("rmu", GOOD, GOOD))
    assert msgspec.json.decode(msgspec.json.encode(before), type=Findings) == before


@pytest.mark.slow
def test_pictures_are_well_formed_and_always_the_same() -> None:
    pytest.importorskip("matplotlib")
    numbers = found(*seeds("rmu", GOOD, GOOD), *seeds("ga", *[replace(GOOD, recovered=0.0)] * 2))
    pictures = plots.draw(numbers)
    assert pictures["focus.svg"] == plots.draw(numbers, ("focus.svg",))["focus.svg"]
    assert set(pictures) == {
        f"{name}.svg" for name in ("focus", "recovery", "strategies", "penalty", "collapse")
    }
    for name, picture in pictures.items():
        assert ElementTree.fromstring(picture).tag.endswith("svg"), name
    assert ">rmu<" in pictures["focus.svg"]
    assert "dc:date" not in pictures["focus.svg"]
    assert "](findings/focus.svg)" in page(numbers, pictures)
