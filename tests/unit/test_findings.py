"""What is said of many models is computed: when the numbers turn, the sentences turn."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import msgspec
import pytest
from findings_fixture import Behaviour, record

from attribution.thresholds import DEFAULT_THRESHOLDS
from attribution.types import Interval
from unpact_tui.findings import plots
from unpact_tui.findings.estimate import correlation_of, difference_of, mean_of, ratio_of
from unpact_tui.findings.figures import Findings, compute
from unpact_tui.findings.page import Pictures, page
from unpact_tui.findings.record import Record

GOOD = Behaviour()


def found(*records: Record) -> Findings:
    return compute(records, DEFAULT_THRESHOLDS, "unpact-tui bench --findings", draws=3)


def seeds(member: str, *each: Behaviour) -> list[Record]:
    return [record(member, seed, how) for seed, how in enumerate(each)]


def apart(*seeds: list[float]) -> list[dict[tuple[str, str], float]]:
    """Seeds with prompts of their own."""
    return [{(f"{n}", f"{i}"): one for i, one in enumerate(s)} for n, s in enumerate(seeds)]


def shared(*seeds: list[float]) -> list[dict[tuple[str, str], float]]:
    """Seeds with the same prompts."""
    return [{("same", f"{i}"): one for i, one in enumerate(values)} for values in seeds]


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
    within = mean_of(apart([0.0, 1.0] * 20, [0.0, 1.0] * 20))
    between = mean_of(apart([0.0] * 40, [1.0] * 40))
    assert within is not None
    assert between is not None
    assert within.estimate == between.estimate == 0.5
    assert (between.lower, between.upper) == (0.0, 1.0)
    assert 0.3 < within.lower < within.upper < 0.7
    assert between.seeds == (0.0, 1.0)


def test_a_seed_counts_as_much_as_another_whatever_its_prompts() -> None:
    estimate = mean_of(apart([0.0] * 90, [1.0] * 10))
    assert estimate is not None
    assert estimate.estimate == 0.5
    assert mean_of([{}, {}]) is None


A, B = ("0", "a"), ("0", "b")


def test_prompts_that_seeds_share_are_drawn_for_all_at_once() -> None:
    """Repeating the unlearning on the same prompts says nothing more of other prompts."""
    numbers = [float(i % 2) for i in range(40)]
    one = mean_of(shared(numbers))
    five = mean_of(shared(*[numbers] * 5))
    own = mean_of(apart(*[numbers] * 5))
    assert one is not None
    assert five is not None
    assert own is not None
    assert five.estimate == own.estimate == 0.5
    assert five.upper - five.lower == pytest.approx(one.upper - one.lower, abs=0.03)
    assert own.upper - own.lower < 0.7 * (five.upper - five.lower)


def test_seeds_that_share_prompts_are_still_what_is_repeated() -> None:
    estimate = mean_of(shared([0.0] * 40, [1.0] * 40))
    assert estimate is not None
    assert (estimate.estimate, estimate.lower, estimate.upper) == (0.5, 0.0, 1.0)


def test_a_prompt_that_one_seed_lacks_is_no_nought() -> None:
    estimate = mean_of([{A: 1.0, B: 1.0}, {A: 1.0}])
    assert estimate is not None
    assert (estimate.lower, estimate.upper) == (1.0, 1.0)
    ratio = ratio_of([{A: (1.0, 2.0), B: (3.0, 6.0)}, {B: (2.0, 4.0)}], 0.1)
    assert ratio is not None
    assert (ratio.lower, ratio.upper) == (0.5, 0.5)


def test_a_ratio_of_next_to_nothing_is_not_taken() -> None:
    assert ratio_of([{A: (1.0, 0.01)}], 0.1) is None
    ratio = ratio_of([{A: (1.0, 2.0), B: (3.0, 6.0)}], 0.1)
    assert ratio is not None
    assert (ratio.estimate, ratio.lower, ratio.upper) == (0.5, 0.5, 0.5)


def test_a_difference_needs_both_sides_of_a_seed() -> None:
    assert difference_of([{A: 1.0}], [{}]) is None
    apart = difference_of([{A: 1.0, B: 1.0}], [{A: 0.0}])
    assert apart is not None
    assert (apart.estimate, apart.n) == (1.0, 3)


def test_a_correlation_needs_methods() -> None:
    points = {f"m{i}": [(0, float(i), float(-i))] for i in range(5)}
    rho = correlation_of(points)
    assert rho is not None
    assert rho.estimate == pytest.approx(-1.0)
    del points["m0"]
    assert correlation_of(points) is None


# ---------------------------------------------------------------- the same prompts in every seed


def same_world(*records: Record) -> list[Record]:
    return [msgspec.structs.replace(one, world="tofu") for one in records]


def test_prompts_lost_in_every_seed_are_no_more_prompts() -> None:
    few = [record("rmu", seed, GOOD, prompts=6) for seed in range(3)]
    own, same = found(*few), found(*same_world(*few))
    assert (own.recovered[0].lost, own.recovered[0].distinct) == (18, 18)
    assert (same.recovered[0].lost, same.recovered[0].distinct) == (18, 6)
    assert not own.shared
    assert same.shared
    assert sentence(same.recovered_says, "Fewer than 10 prompts were lost with rmu")


def test_a_strategy_is_not_chosen_on_the_prompts_it_is_read_on() -> None:
    back = found(*same_world(*seeds("rmu", GOOD, GOOD)))
    assert back.recovered[0].chosen == ("bold", "bold")
    text = page(back, Pictures("findings", ()))
    assert "chosen for each half of the prompts by its lift on the other half" in text
    assert "Seeds share" in text
    own = page(found(*seeds("rmu", GOOD, GOOD)), Pictures("findings", ()))
    assert "chosen for each seed by its lift in the other seeds" in own


def test_what_did_not_reproduce_is_said() -> None:
    nothing = replace(GOOD, fall=0.0, random=0.9)
    numbers = found(*seeds("rmu", GOOD, GOOD), *seeds("npo", nothing, nothing))
    assert numbers.failed_says[0] == ("Focus: KeyTokens do not surely contribute less with npo.")
    assert sentence(numbers.failed_says, "Recovery: emphasis brings back no more").endswith("npo.")
    assert "## What did not reproduce" in page(numbers, Pictures("findings", ()))


# ---------------------------------------------------------------- the benchmark's own metrics


def measured(one: Record, value: float) -> Record:
    def interval(estimate: float) -> Interval:
        return Interval(estimate, estimate - 0.1, estimate + 0.1, 20)

    metrics = {
        "base": {"forget_Q_A_Prob": interval(0.9)},
        "unlearned": {"forget_Q_A_Prob": interval(value)},
    }
    return msgspec.structs.replace(one, metrics=metrics, absent={"privleak": "it needs texts"})


def test_metrics_stand_beside_those_of_the_base() -> None:
    one, two = seeds("rmu", GOOD, GOOD)
    numbers = found(measured(one, 0.2), measured(two, 0.4))
    base, row = numbers.metrics
    assert (base.member, row.member) == ("(base)", "rmu")
    estimate = row.metrics["forget_Q_A_Prob"]
    assert (estimate.estimate, estimate.lower, estimate.upper) == pytest.approx((0.3, 0.2, 0.4))
    text = page(numbers, Pictures("findings", ()))
    assert "| forget\\_Q\\_A\\_Prob | 0.90 [0.80, 1.00] | 0.30 [0.20, 0.40; 0.20 to 0.40] |" in text
    assert "- it needs texts: privleak" in text


def test_without_a_benchmark_there_are_no_metrics() -> None:
    numbers = found(*seeds("rmu", GOOD, GOOD))
    assert numbers.metrics == ()
    assert "own metrics" not in page(numbers, Pictures("findings", ()))


# ---------------------------------------------------------------- the page


def test_the_page_has_the_command_the_sentences_and_what_is_missing() -> None:
    broken = Record(1, 1, "ga", "GA", "digest", error="There is no | folder.")
    text = page(found(*seeds("rmu", GOOD, GOOD), broken), Pictures("findings", ()))
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
    assert "](findings/focus.svg)" in page(numbers, Pictures("findings", pictures))
