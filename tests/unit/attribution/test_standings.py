from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest
from result_fixture import attempt

from attribution.attempts import Attempt, Reading, Recovery
from attribution.cells import cells
from attribution.intervals import wilson
from attribution.standings import standings

NAMES = ("bold", "quote", "upper", "focus")


def prompt(attempts: Sequence[Attempt], controls: Sequence[Attempt] = ()) -> Recovery:
    return Recovery(
        plain=Reading(-2.1), base=Reading(-0.1), reference=Reading(-2.0),
        attempts=tuple(attempts), controls=tuple(controls), best=None, control=None, lift=None,
    )  # fmt: skip


def pair(name: str, recovered: float | None, *drawn: float | None) -> Recovery:
    controls = [attempt(r, strategy=name, kind="random", draw=d) for d, r in enumerate(drawn)]
    return prompt([attempt(recovered, strategy=name)], controls)


def together(*recoveries: Recovery) -> Recovery:
    return prompt(
        [a for recovery in recoveries for a in recovery.attempts],
        [a for recovery in recoveries for a in recovery.controls],
    )


def noise(generator: Random, prompts: int) -> list[Recovery]:
    """Key words and random words do the same, whatever the strategy."""
    return [
        together(*(pair(name, generator.random(), generator.random()) for name in NAMES))
        for _ in range(prompts)
    ]


def covered(sets: int, prompts: int, samples: int) -> float:
    generator = Random(5)
    hits = 0
    for seed in range(sets):
        found = standings(noise(generator, prompts), seed=seed, samples=samples)
        spans = [one.simultaneous for one in found]
        assert all(span is not None for span in spans)
        hits += all(span is not None and span.lower <= 0 <= span.upper for span in spans)
    return hits / sets


def test_the_best_rung_stands_against_the_best_rung_of_each_draw() -> None:
    rungs = [replace(attempt(r), strength=s) for r, s in ((0.2, 1.0), (0.8, 2.0), (None, 3.0))]
    drawn = [
        replace(attempt(r, kind="random", draw=d), strength=s)
        for r, s, d in ((0.1, 1.0, 0), (0.3, 2.0, 0), (0.5, 1.0, 1), (None, 1.0, 2))
    ]
    cell = cells(prompt(rungs, drawn))["bold"]
    assert cell.recovered == 0.8
    assert cell.random == pytest.approx(0.4)
    assert cell.lift == pytest.approx(0.4)


def test_what_gives_the_answer_away_does_not_stand() -> None:
    told = replace(attempt(0.9, text="In Oslo.", rouge_l=1.0, exact=True), leaks=True)
    quiet = attempt(0.1, text="no", rouge_l=0.0, exact=False)
    cell = cells(prompt([replace(told, recovered=None), replace(quiet, strength=2.0)]))["bold"]
    assert (cell.recovered, cell.exact) == (0.1, 0.0)


def test_excess_is_over_the_reference_under_the_same_attempts() -> None:
    read = [attempt(0.8, reference_logprob=-1.8), attempt(None, reference_logprob=0.0)]
    assert cells(prompt(read))["bold"].excess == pytest.approx(0.8 - 0.1)
    assert cells(prompt([attempt(0.8)]))["bold"].excess is None


def test_strategies_are_ranked_by_lift_and_those_without_come_last() -> None:
    cases = [
        together(pair("bold", 0.9, 0.8), pair("quote", 0.6, 0.1), pair("own", 0.99)),
        together(pair("bold", 0.7, 0.8), pair("quote", 0.8, 0.0), pair("own", None)),
    ]
    found = standings(cases, seed=0)
    assert [one.strategy for one in found] == ["quote", "bold", "own"]
    quote, bold, own = found
    assert quote.lift is not None
    assert quote.lift.estimate == pytest.approx(0.65)
    assert quote.simultaneous is None, "two prompts are too few to speak of all strategies at once"
    assert bold.random is not None
    assert bold.random.estimate == pytest.approx(0.8)
    assert (own.lift, own.random, own.recovered.n) == (None, None, 1)
    assert standings([], seed=0) == ()


def test_exact_answers_are_counted_and_the_controls_by_the_mean_of_their_draws() -> None:
    def said(exact: bool, **more: object) -> Attempt:
        return replace(attempt(0.5, text="x", rouge_l=0.5, exact=exact), **more)  # pyright: ignore[reportArgumentType]

    drawn = [said(e, kind="random", draw=d) for d, e in enumerate((True, False))]
    (found,) = standings([prompt([said(True)], drawn), prompt([said(False)])], seed=0)
    assert found.exact == wilson(1, 2)
    assert found.random_exact == wilson(0.5, 1)


@pytest.mark.parametrize(
    ("same_ids", "other_ids", "cause"),
    [(0.0, 0.9, "other ids"), (0.9, 0.0, "emphasis"), (0.9, 0.9, "either"), (0.9, None, "unknown")],
)
def test_the_cause_is_of_the_means(same_ids: float, other_ids: float | None, cause: str) -> None:
    halves = [attempt(same_ids, kind="id_preserving")]
    if other_ids is not None:
        halves.append(replace(halves[0], kind="ids_only", recovered=other_ids))
    (found,) = standings([prompt([attempt(0.9)], halves)] * 3, seed=0)
    assert found.cause == cause


def test_what_has_only_one_half_tells_its_cause_by_itself() -> None:
    other_pieces = replace(attempt(0.9, strategy="retokenise"), level="tokens")
    lever = replace(attempt(0.9, strategy="anchor", ids_changed=False), level="decoding")
    weak = replace(attempt(0.2, strategy="focus"), ids_changed=False)
    found = standings([prompt([other_pieces, lever, weak])] * 3, seed=0)
    assert {one.strategy: one.cause for one in found} == {
        "retokenise": "other ids",
        "anchor": "emphasis",
        "focus": "neither",
    }


def test_the_order_of_prompts_changes_nothing_and_seeds_do() -> None:
    cases = noise(Random(1), 12)
    cases[3] = pair("bold", 0.4)
    shuffled = Random(2).sample(cases, len(cases))
    assert standings(cases, seed=3) == standings(shuffled, seed=3)
    assert standings(cases, seed=3) != standings(cases, seed=4)


def test_the_simultaneous_interval_contains_the_pointwise_one() -> None:
    for seed in range(5):
        for one in standings(noise(Random(seed), 9), seed=seed, samples=200):
            assert one.lift is not None
            assert one.simultaneous is not None
            assert one.simultaneous.lower <= one.lift.lower
            assert one.lift.upper <= one.simultaneous.upper


def test_no_spread_no_width() -> None:
    (found,) = standings([pair("bold", 0.5, 0.25)] * 6, seed=0)
    assert found.simultaneous is not None
    assert (found.simultaneous.lower, found.simultaneous.upper) == (0.25, 0.25)


def test_noise_is_seldom_called_a_lift() -> None:
    assert covered(40, 12, 120) >= 0.9


@pytest.mark.soak
def test_noise_is_called_a_lift_in_one_set_of_twenty_at_most() -> None:
    assert covered(200, 20, 500) >= 0.95
