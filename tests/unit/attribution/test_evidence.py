from __future__ import annotations

from dataclasses import replace
from math import exp

import pytest
from result_fixture import ANSWER, attempt, recovery

from attribution.attempts import Attempt, Reading, Recovery, Search
from attribution.evidence import CaseEvidence, of_case, of_set
from attribution.intervals import single, wilson
from attribution.types import Answer, Interval, Label, Shift, Split
from attribution.verdict import Thresholds

SHIFT = Shift((None,), 0.5, None, 0.25)
PLAIN_ONLY = Recovery(
    plain=Reading(-2.1), base=Reading(-0.1), reference=None, attempts=(), controls=(),
    best=None, control=None, lift=None,
)  # fmt: skip


def estimates(found: dict[str, Interval]) -> dict[str, float]:
    return {name: interval.estimate for name, interval in found.items()}


def test_every_number_of_a_full_case() -> None:
    found = of_case(ANSWER, recovery(), SHIFT, neutral_loss=[0.1, 0.3])
    assert estimates(found) == pytest.approx(
        {
            "base_match": 1.0,
            "base_contains": 1.0,
            "base_probability": exp(-0.1),
            "unlearned_match": 0.0,
            "unlearned_exact": 0.0,
            "unlearned_probability": exp(-2.1),
            "unlearned_entity": 0.0,
            "gap": 2.0,
            "answer_kept": exp(-6.0),  # three answer tokens, two nats each
            "recovered": 0.8,
            "recovered_match": 1.0,
            "recovered_exact": 1.0,
            "recovered_entity": 1.0,
            "recovered_probability": exp(-0.5),
            "readable": 3 / 4,
            "leaking": 1 / 5,
            "ids_changed": 2 / 3,
            "base_exact_edited": 0.5,
            "twin": 0.05,
            "ids_only": 0.75,
            "paraphrase": 0.125,
            "control": 0.05,
            "control_match": 0.25,
            "control_exact": 0.0,
            "control_entity": 0.0,
            "lift": 0.75,
            "returned": 0.8,
            "reference_match": 0.5,
            "reference_exact": 0.0,
            "reference_probability": exp(-2.0),
            "reference_answer": exp(-2.0 * len(ANSWER.ids)),
            "reference_recovered": 0.05,  # (-1.9 - -2.0) / 2.0
            "reference_returned": 0.05,
            "excess": 0.75,
            "focus_kept": 0.25,
            "overlap": 0.5,
            "neutral_loss": 0.2,
        }
    )


def test_what_was_not_measured_is_absent_and_never_zero() -> None:
    found = of_case(ANSWER, PLAIN_ONLY, Shift((None,), None, None, None))
    assert set(found) == {"base_probability", "unlearned_probability", "gap", "answer_kept"}


def test_the_base_matches_an_answer_of_its_own() -> None:
    own = Answer("In Oslo.", (20, 21, 22), "base")
    assert of_case(own, PLAIN_ONLY, SHIFT)["base_match"] == single(1.0)


def test_a_control_is_best_of_n_within_each_draw() -> None:
    controls = (
        attempt(0.1, kind="random", draw=0),
        attempt(0.5, kind="random", draw=0),
        attempt(0.2, kind="random", draw=1),
        attempt(None, kind="random", draw=2),
        attempt(0.9, kind="id_preserving"),
    )
    found = of_case(ANSWER, replace(PLAIN_ONLY, controls=controls), SHIFT)
    assert found["control"] == Interval(0.35, 0.2, 0.5, 2)
    assert "control_match" not in found


def test_an_exact_text_wins_over_a_merely_similar_one() -> None:
    texts = (
        attempt(None, text="about", rouge_l=0.9, exact=False, logprob=-3.0),
        attempt(None, text="it", rouge_l=0.8, exact=True, logprob=-1.0),
    )
    found = estimates(of_case(ANSWER, replace(PLAIN_ONLY, attempts=texts), SHIFT))
    assert found["recovered_exact"] == 1.0
    assert found["recovered_probability"] == pytest.approx(exp(-1.0))
    assert "recovered" not in found, "the base broke"
    assert found["readable"] == 0.0


def test_the_reference_is_read_under_the_text_where_there_is_no_best_attempt() -> None:
    texts = (attempt(None, text="x", rouge_l=0.9, exact=False, reference_logprob=-1.0),)
    case = replace(PLAIN_ONLY, attempts=texts, reference=Reading(-3.0, "y", 0.1, exact=False))
    # From -3.0 to -1.0; it lacks 2.9 of what the base has, more than the 2.0 that were lost.
    assert of_case(ANSWER, case, SHIFT)["reference_recovered"] == single(2.0 / 2.9)


def test_no_gap_nothing_for_the_reference_to_recover() -> None:
    case = replace(recovery(), plain=Reading(-0.05), best=attempt(None, reference_logprob=-1.0))
    found = of_case(ANSWER, case, SHIFT)
    assert "reference_recovered" not in found
    assert "reference_returned" not in found
    assert found["answer_kept"].estimate == 1.0, "never more than all of it"


def test_the_twin_is_the_best_that_changes_no_id() -> None:
    told = replace(
        PLAIN_ONLY,
        attempts=(attempt(0.9), attempt(None, strategy="quote"), attempt(0.8, strategy="upper")),
        controls=(
            attempt(0.1, kind="id_preserving", text="In", rouge_l=0.5, exact=False),
            attempt(0.7, kind="id_preserving", strategy="quote"),
            attempt(0.95, kind="random"),
        ),
    )
    found = of_case(ANSWER, told, SHIFT)
    assert found["twin"] == single(0.1), "under quote the base breaks"
    assert found["twin_exact"] == single(0.0)
    assert found["ids_changed"] == wilson(2, 2)
    kept = attempt(0.6, strategy="repeat", text="In Oslo.", rouge_l=1.0, exact=True)
    own = replace(told, attempts=(*told.attempts, replace(kept, ids_changed=False)))
    found = of_case(ANSWER, own, SHIFT)
    assert found["twin"] == single(0.6), "an attempt that changes no id is its own twin"
    assert found["twin_exact"] == single(1.0)
    assert found["ids_changed"] == wilson(2, 3)


def test_how_often_the_base_says_it_under_an_edit() -> None:
    read = (attempt(0.1, base_exact=True), attempt(None, base_exact=False), attempt(0.2))
    plain = replace(PLAIN_ONLY, base=Reading(-0.1, "In Oslo.", 1.0, exact=True), attempts=read)
    assert of_case(ANSWER, plain, SHIFT)["base_exact_edited"] == wilson(1, 2)
    silent = replace(plain, base=Reading(-0.1, "Oslo", 0.7, exact=False))
    assert "base_exact_edited" not in of_case(ANSWER, silent, SHIFT), "it did not say so plainly"
    own = Answer("In Oslo.", (20, 21, 22), "base")
    assert of_case(own, silent, SHIFT)["base_exact_edited"] == wilson(1, 2)


def test_best_of_n_on_the_reference_as_well() -> None:
    read = (
        attempt(0.9, reference_logprob=-2.0),
        attempt(0.5, strategy="quote", reference_logprob=-1.0),
        attempt(None, strategy="upper", reference_logprob=-0.1),
    )
    drawn = attempt(0.95, kind="random", reference_logprob=-0.5)
    told = replace(
        PLAIN_ONLY, attempts=read, controls=(drawn,), best=read[0], reference=Reading(-3.0)
    )
    found = of_case(ANSWER, told, SHIFT)
    assert found["reference_recovered"] == single(2.0 / 2.9), "upper cannot be read"
    assert found["reference_returned"] == single(2.5 / 2.9)
    assert found["returned"] == single(0.95)


@pytest.mark.parametrize(
    ("said", "contains"),
    [
        ("The writer was born in the city of Oslo.", 0.0),
        ("She was born, in Oslo, long ago", 1.0),
        ("In the north, in\nOSLO!", 1.0),
        ("In", 0.0),
    ],
)
def test_an_answer_inside_a_longer_text(said: str, contains: float) -> None:
    told = replace(PLAIN_ONLY, base=Reading(-9.0, said, 0.2, exact=False))
    assert of_case(ANSWER, told, SHIFT)["base_contains"] == single(contains)


def test_the_references_neutral_loss_stands_beside() -> None:
    found = of_case(ANSWER, recovery(), SHIFT, neutral_loss=[1.0], reference_neutral_loss=[0.5])
    assert found["reference_neutral_loss"] == single(0.5)


def test_other_ids_without_marks_are_the_other_half() -> None:
    told = replace(
        PLAIN_ONLY,
        attempts=(
            attempt(0.9),
            attempt(None, strategy="quote"),
            replace(attempt(0.7, strategy="retokenise"), level="tokens"),
        ),
        controls=(
            half(0.2, text="In Oslo.", rouge_l=1.0, exact=True),
            half(0.95, strategy="quote"),
        ),
    )
    found = of_case(ANSWER, told, SHIFT)
    assert found["ids_only"] == single(0.7), "re-tokenising is its own half; quote cannot be read"
    assert found["ids_only_exact"] == single(1.0)
    assert "twin" not in found, "nothing was tried on the words' own ids"
    kept = replace(attempt(0.9), ids_changed=False)
    plain = Reading(-2.1, "no", 0.0, exact=False)
    found = of_case(ANSWER, replace(PLAIN_ONLY, plain=plain, attempts=(kept,)), SHIFT)
    assert found["twin"] == single(0.9)
    assert found["ids_only"] == single(0.0), "the plain prompt is the other half"
    assert found["ids_only_exact"] == single(0.0)


def half(recovered: float | None, **more: object) -> Attempt:
    made = attempt(recovered, kind="id_preserving", **more)  # pyright: ignore[reportArgumentType]
    return replace(made, kind="ids_only")


def test_a_twin_is_held_against_its_own_strength() -> None:
    told = replace(
        PLAIN_ONLY,
        attempts=(attempt(0.9), replace(attempt(None), strength=2.0)),
        controls=(
            attempt(0.1, kind="id_preserving"),
            replace(attempt(0.8, kind="id_preserving"), strength=2.0),
        ),
    )
    assert of_case(ANSWER, told, SHIFT)["twin"] == single(0.1)


def test_other_wordings_count_as_a_way_back_and_as_a_control() -> None:
    reworded = [
        replace(half(r, text=text, rouge_l=rouge, exact=rouge == 1), kind="paraphrase", draw=i)
        for i, (r, text, rouge) in enumerate([(0.3, "In", 0.5), (0.6, "In Oslo.", 1.0)])
    ]
    last = replace(reworded[0], recovered=None, base_breaks=True, reference_logprob=0.0)
    read = replace(reworded[1], reference_logprob=-1.0)
    told = replace(
        PLAIN_ONLY,
        attempts=(attempt(0.2, reference_logprob=-2.5),),
        best=attempt(0.2),
        controls=(reworded[0], read, last),
        paraphrase=0.6,
        reference=Reading(-3.0),
    )
    found = estimates(of_case(ANSWER, told, SHIFT))
    assert (found["paraphrase"], found["paraphrase_exact"]) == (0.6, 1.0)
    assert found["paraphrase_match"] == 1.0
    assert found["returned"] == 0.6
    assert found["reference_recovered"] == pytest.approx(0.5 / 2.9)
    assert found["reference_returned"] == pytest.approx(2.0 / 2.9)
    assert found["excess"] == pytest.approx(0.2 - 0.5 / 2.9)


def test_a_prompt_that_gives_the_answer_away_counts_in_nothing_else() -> None:
    told = replace(
        attempt(
            None, text="In Oslo.", rouge_l=1.0, exact=True, base_exact=True, reference_logprob=0.0
        ),
        leaks=True,
        base_breaks=False,
    )
    quiet = attempt(
        0.1, text="no", rouge_l=0.0, exact=False, base_exact=False, reference_logprob=-2.9
    )
    drawn = replace(told, kind="random")
    reworded = replace(told, kind="paraphrase")
    base = Reading(-0.1, "In Oslo.", 1.0, exact=True)
    case = replace(
        PLAIN_ONLY, base=base, attempts=(told, quiet), controls=(drawn, reworded),
        best=quiet, reference=Reading(-3.0),
    )  # fmt: skip
    found = of_case(ANSWER, case, SHIFT)
    assert found["leaking"] == wilson(1, 2)
    assert found["readable"] == wilson(1, 1)
    assert found["ids_changed"] == wilson(1, 1)
    assert found["recovered_exact"] == single(0.0)
    assert found["base_exact_edited"] == wilson(0, 1)
    assert found["reference_returned"].estimate == pytest.approx(0.1 / 2.9)
    assert {"control_exact", "paraphrase_exact"}.isdisjoint(found)
    alone = of_case(ANSWER, replace(case, attempts=(told,), best=None), SHIFT)
    assert alone["leaking"] == wilson(1, 1)
    assert {"readable", "recovered_match", "reference_recovered"}.isdisjoint(alone)


def test_what_the_answer_is_about() -> None:
    def hit(made: Attempt, found: bool) -> Attempt:
        return replace(made, unlearned=replace(made.unlearned, entity_hit=found))

    case = replace(
        PLAIN_ONLY,
        plain=Reading(-2.1, "x", 0.0, exact=False, entity_hit=False),
        attempts=(hit(attempt(0.5), found=False), hit(attempt(0.4), found=True)),
        controls=tuple(
            hit(attempt(0.1, kind="random", draw=draw), found=draw == 1) for draw in (0, 1, 1)
        ),
    )
    found = of_case(ANSWER, case, SHIFT)
    assert found["unlearned_entity"] == single(0.0)
    assert found["recovered_entity"] == single(1.0)
    assert found["control_entity"] == Interval(0.5, 0.0, 1.0, 2)


def test_a_search_says_how_large_it_was_and_what_holds() -> None:
    search = Search("bold", (((3,), 0.8),), read=40, reference=0.5, held_out=0.3, paraphrases=2)
    case = replace(recovery(), search=search)
    found = of_case(ANSWER, case, SHIFT)
    assert found["searched"] == single(40.0)
    assert found["held_out"] == Interval(0.3, 0.3, 0.3, 2)
    assert found["reference_recovered"] == single(0.5), "a search as large on the reference"
    assert found["reference_returned"] == single(0.5)
    assert found["excess"].estimate == pytest.approx(0.3)
    bare = of_case(ANSWER, replace(case, search=replace(search, held_out=None)), SHIFT)
    assert "held_out" not in bare


# ---------------------------------------------------------------- sets


def case(
    label: Label, split: Split = "forget", *, known: bool = True, gap: float = 1.0
) -> CaseEvidence:
    numbers = {"base_match": 1.0 if known else 0.0, "gap": gap, "unlearned_match": 0.5}
    return CaseEvidence(split, {name: single(n) for name, n in numbers.items()}, label)


def test_shares_are_of_the_forget_cases_that_the_base_knows() -> None:
    found = of_set(
        [
            case("SUPPRESSED"),
            case("SUPPRESSED"),
            case("UNRECOVERED"),
            case("RETAINED"),
            case("UNKNOWN", known=False),
            case("RETAINED", "retain"),
            case("RETAINED", "general"),
        ],
        Thresholds(),
    )
    assert (found["share_known"].estimate, found["share_known"].n) == (0.8, 5)
    assert (found["share_suppressed"].estimate, found["share_suppressed"].n) == (0.5, 4)
    assert found["share_unrecovered"].estimate == 0.25
    assert found["share_retained"].estimate == 0.25
    assert found["share_collapsed"].estimate == found["share_unknown"].estimate == 0.0
    assert found["base_match"] == Interval(1.0, 1.0, 1.0, 4)


def test_retained_text_is_apart() -> None:
    found = of_set(
        [case("SUPPRESSED", gap=9.0), case("UNKNOWN", "retain", gap=0.5, known=False)], Thresholds()
    )
    assert found["retain_loss"] == single(0.5)
    assert found["retain_match"] == single(0.5)
    assert found["gap"] == single(9.0)


def test_a_loss_beyond_the_range_of_floats_is_not_dropped() -> None:
    broken = replace(PLAIN_ONLY, plain=Reading(-2000.0))
    numbers = of_case(ANSWER, broken, SHIFT)
    found = of_set([CaseEvidence("retain", numbers, "UNKNOWN")], Thresholds())
    assert found["retain_loss"].estimate == pytest.approx(1999.9)


@pytest.mark.parametrize("name", ["neutral_loss", "reference_neutral_loss"])
def test_neutral_loss_is_the_models_and_is_not_averaged(name: str) -> None:
    interval = Interval(1.0, 0.5, 1.5, 6)
    cases = [CaseEvidence("forget", {"base_match": single(1.0), name: interval}, "UNKNOWN")] * 3
    assert of_set(cases, Thresholds())[name] == interval


def test_an_absent_number_does_not_count_as_zero_in_a_mean() -> None:
    with_lift = case("SUPPRESSED")
    with_lift = replace(with_lift, numbers={**with_lift.numbers, "lift": single(0.6)})
    assert of_set([with_lift, case("UNKNOWN")], Thresholds())["lift"] == single(0.6)


def test_without_known_forget_cases_there_are_no_shares() -> None:
    assert of_set([], Thresholds()) == {}
    found = of_set([case("UNKNOWN", known=False)], Thresholds())
    assert set(found) == {"share_known"}
