"""The bootstrap over items: seeded, around the estimate, and as wide as theory says."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unpact_tui.metrics import _bootstrap, forget_quality, membership, model_utility, muse

numbers = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=8)


@settings(max_examples=15)
@given(numbers, st.integers(0, 5))
def test_the_estimate_is_always_inside(values: list[float], seed: int) -> None:
    found = _bootstrap.mean(values, seed)
    assert found.lower <= found.estimate <= found.upper
    assert min(values) - 1e-6 <= found.lower
    assert found.upper <= max(values) + 1e-6
    assert found.n == len(values)


def test_the_same_seed_gives_the_same_interval() -> None:
    values = [Random(place).random() for place in range(30)]
    assert _bootstrap.mean(values, 1) == _bootstrap.mean(values, 1)
    assert _bootstrap.mean(values, 1) != _bootstrap.mean(values, 2)


def test_it_is_as_wide_as_the_normal_interval_of_a_mean() -> None:
    values = [Random(place).gauss(0, 1) for place in range(300)]
    found = _bootstrap.mean(values, 0)
    expected = 2 * 1.96 * float(np.std(values)) / len(values) ** 0.5
    assert found.upper - found.lower == pytest.approx(expected, rel=0.1)


def test_a_mean_of_nothing_is_no_number() -> None:
    with pytest.raises(ValueError, match="absent"):
        _bootstrap.mean([], 0)


def test_every_resample_draws_as_many_as_there_are() -> None:
    for block in _bootstrap.counts([3, 5], 0):
        assert [set(group.sum(axis=1)) for group in block] == [{3.0}, {5.0}]


@pytest.mark.soak
def test_many_items_are_drawn_in_blocks_and_not_too_often() -> None:
    blocks = list(_bootstrap.counts([1_000_000], 0))
    assert len(blocks) == 100
    assert {block[0].shape for block in blocks} == {(2, 1_000_000)}


def test_the_area_has_the_interval_of_the_area_of_every_resample() -> None:
    generator = np.random.default_rng(0)
    forget, holdout = generator.normal(0, 1, 12).round(1), generator.normal(0.5, 1, 9).round(1)
    statistic = membership.areas(forget.tolist(), holdout.tolist())
    block = next(_bootstrap.counts([12, 9], 4))
    for row, found in enumerate(statistic(block)[:20]):
        one, two = (
            side.repeat(counts[row].astype(int))
            for side, counts in zip((forget, holdout), block, strict=True)
        )
        assert found == pytest.approx(membership.auc(one.tolist(), two.tolist()))


def test_forget_quality_has_ends_that_are_p_values_of_resamples() -> None:
    generator = np.random.default_rng(1)
    unlearned, reference = generator.normal(0, 1, 30), generator.normal(0.4, 1, 25)
    found = forget_quality.quality(unlearned.tolist(), reference.tolist(), 0)
    assert 0 < found.lower < found.estimate < found.upper <= 1
    assert found.n == 55
    resampled = []
    for one, two in _bootstrap.counts([30, 25], 0):
        for row in range(0, len(one), 20):
            sides = (
                np.sort(unlearned).repeat(one[row].astype(int)),
                np.sort(reference).repeat(two[row].astype(int)),
            )
            resampled.append(forget_quality.p_value(*(side.tolist() for side in sides)))
    assert np.mean([found.lower <= p <= found.upper for p in resampled]) == pytest.approx(
        0.95, abs=0.06
    )


def test_model_utility_draws_the_three_numbers_of_an_item_together() -> None:
    whole = [(1.0, 1.0, 1.0)] * 5
    same = [(0.2, 0.2, 0.2), (0.8, 0.8, 0.8)] * 10
    crossed = [(0.2, 0.8, 0.5), (0.8, 0.2, 0.5)] * 10
    wide, narrow = (model_utility.utility([rows, whole, whole], 0) for rows in (same, crossed))
    assert wide.estimate == pytest.approx(narrow.estimate)
    assert wide.upper - wide.lower > 1.5 * (narrow.upper - narrow.lower)


def test_model_utility_leaves_out_what_an_item_lacks() -> None:
    rows: list[model_utility.Three] = [(0.5, None, 0.5), (0.5, 0.5, None)]
    found = model_utility.utility([rows, rows, rows], 0)
    assert (found.lower, found.estimate, found.upper) == pytest.approx((0.5, 0.5, 0.5))


def test_one_part_that_is_zero_makes_model_utility_zero() -> None:
    rows: list[model_utility.Three] = [(0.5, 0.0, 0.5)] * 4
    found = model_utility.utility([rows, [(0.5, 0.5, 0.5)], [(0.5, 0.5, 0.5)]], 0)
    assert (found.lower, found.estimate, found.upper) == (0, 0, 0)


def test_privleak_has_an_interval_with_and_without_a_reference() -> None:
    forget, holdout = [0.1, 0.4, 0.5, 0.9], [0.3, 0.6, 0.7, 1.1, 1.2]
    alone = muse.leak((forget, holdout), None, 0)
    against = muse.leak((forget, holdout), (holdout, forget), 0)
    known = muse.leak((forget, holdout), membership.auc(holdout, forget), 0)
    assert alone.lower < alone.estimate < alone.upper
    assert against.estimate == pytest.approx(known.estimate)
    assert against.n == 18
    assert known.n == 9
    # A reference of which the rows are there is uncertain as well.
    assert against.upper - against.lower > known.upper - known.lower
