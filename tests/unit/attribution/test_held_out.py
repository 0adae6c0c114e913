from __future__ import annotations

from random import Random
from statistics import fmean

import pytest
from result_fixture import attempt

from attribution.attempts import Attempt, Reading, Recovery
from attribution.cells import Cell, cells
from attribution.held_out import held_out
from attribution.standings import Field
from attribution.thresholds import Thresholds

NAMES = tuple(f"way_{i}" for i in range(10))


def prompt(shares: dict[str, tuple[float | None, float | None]]) -> dict[str, Cell]:
    return cells(recovery(shares))


def recovery(shares: dict[str, tuple[float | None, float | None]]) -> Recovery:
    def read(name: str, share: float | None, kind: str) -> Attempt:
        return attempt(share, strategy=name, kind=kind)

    return Recovery(
        plain=Reading(-2.1),
        base=Reading(-0.1),
        reference=None,
        attempts=tuple(read(name, key, "key") for name, (key, _) in shares.items()),
        controls=tuple(
            read(name, random, "random")
            for name, (_, random) in shares.items()
            if random is not None
        ),
        best=None,
        control=None,
        lift=None,
    )


def test_one_strategy_on_one_selection_is_chosen_and_read_on_the_rest() -> None:
    weak = [prompt({"bold": (0.2, 0.1), "quote": (0.1, 0.1)})] * 8
    strong = [prompt({"bold": (0.3, 0.1), "quote": (0.9, 0.2)})] * 8
    found = held_out({"base": weak, "shift": strong}, seed=0)
    assert found is not None
    assert found.chosen == (("quote", "shift"), ("quote", "shift"))
    assert (found.recovered.estimate, found.recovered.n) == (pytest.approx(0.9), 8)
    assert found.lift is not None
    assert found.lift.estimate == pytest.approx(0.7)
    assert found.excess is None, "there is no reference"


def test_the_lift_decides_and_only_without_any_control_the_share() -> None:
    found = held_out(
        {"base": [prompt({"a": (0.9, 0.8), "b": (0.5, 0.0), "c": (1.0, None)})] * 4}, seed=0
    )
    assert found is not None
    assert found.chosen[0] == ("b", "base")
    alone = held_out({"base": [prompt({"a": (0.9, None), "b": (0.5, None)})] * 4}, seed=0)
    assert alone is not None
    assert alone.chosen[0] == ("a", "base")
    assert (alone.random, alone.lift) == (None, None)


def test_one_lucky_reading_is_not_chosen() -> None:
    usual, lucky = {"a": (0.5, 0.1), "b": (None, 0.1)}, {"a": (0.5, 0.1), "b": (1.0, 0.0)}
    found = held_out({"base": [prompt(lucky), *[prompt(usual)] * 7]}, seed=0)
    assert found is not None
    assert {name for name, _ in found.chosen} == {"a"}


def test_too_few_prompts_or_nothing_to_choose() -> None:
    assert held_out({}, seed=0) is None
    assert held_out({"base": [prompt({"a": (0.5, 0.1)})] * 3}, seed=0) is None
    assert held_out({"base": [prompt({"a": (None, 0.1)})] * 9}, seed=0) is None


def test_seeds_split_otherwise_and_the_same_seed_alike() -> None:
    generator = Random(3)
    cases = [
        prompt({name: (generator.random(), generator.random()) for name in NAMES}) for _ in range(9)
    ]
    assert held_out({"base": cases}, seed=1) == held_out({"base": cases}, seed=1)
    assert len({str(held_out({"base": cases}, seed=seed)) for seed in range(6)}) > 1


def test_of_pure_noise_the_best_looks_good_and_does_not_hold() -> None:
    generator = Random(7)
    naive: list[float] = []
    honest: list[float] = []
    for seed in range(12):
        cases = [
            prompt({name: (generator.random(), generator.random()) for name in NAMES})
            for _ in range(10)
        ]
        best = Field(cases, seed=seed, samples=20).by(Thresholds())[0].lift
        found = held_out({"base": cases}, seed=seed)
        assert best is not None
        assert found is not None
        assert found.lift is not None
        naive.append(best.estimate)
        honest.append(found.lift.estimate)
    assert fmean(naive) > 0.15
    assert abs(fmean(honest)) < 0.06
