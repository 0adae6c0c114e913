from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from attribution.lasso import descend, fit

Array = NDArray[np.float64]


def _ablations(columns: int, rows: int, keep: float = 0.9, seed: int = 0) -> Array:
    kept = np.random.default_rng(seed).random((rows + 1, columns)) < keep
    kept[0] = True
    return kept.astype(np.float64)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("columns", "rows"), [(12, 64), (90, 32)])
@pytest.mark.parametrize("share", [0.5, 0.05])
def test_what_it_finds_is_the_minimum(seed: int, columns: int, rows: int, share: float) -> None:
    """The conditions of Karush, Kuhn and Tucker: necessary and, for LASSO, sufficient."""
    generator = np.random.default_rng(seed)
    x = _ablations(columns, rows, seed=seed)
    y = x[:, :4] @ np.array([2.0, -1.0, 0.5, 0.1]) + 0.1 * generator.normal(size=len(x))
    x, y = x - x.mean(0), y - y.mean()
    length = np.sqrt((x * x).sum(0))
    x = x[:, length > 0] / length[length > 0]
    penalty = share * float(np.abs(x.T @ y).max())
    weights = np.zeros(x.shape[1])
    descend(x, y, penalty, weights)
    pull = x.T @ (y - x @ weights)
    assert 0 < np.count_nonzero(weights) < x.shape[1]
    used = weights != 0
    slack = 1e-3 * penalty
    assert pull[used] == pytest.approx(penalty * np.sign(weights[used]), abs=slack)
    assert np.abs(pull[~used]).max() <= penalty + slack


def test_few_true_columns_among_many_are_found_and_not_shrunk() -> None:
    x = _ablations(60, 48)
    true = np.zeros(60)
    true[[3, 17, 40]] = [2.0, -1.0, 0.5]
    found = fit(x.tolist(), (x @ true - 7)[:, None].tolist(), seed=0)
    weights = [weight[0] if weight else None for weight in found.weights]
    assert weights == pytest.approx(true.tolist(), abs=1e-9)
    assert (found.draws, found.r_squared) == ((), None), "neither asked for"


def test_a_column_that_never_varied_has_no_weight() -> None:
    x = _ablations(10, 40)
    x[:, 4] = 1.0
    found = fit(x.tolist(), x.sum(1)[:, None].tolist(), seed=0, draws=3)
    assert [i for i, weight in enumerate(found.weights) if weight is None] == [4]
    assert [draw[4] for draw in found.draws] == [None] * 3
    assert None not in (draw[5] for draw in found.draws)


def test_several_numbers_share_the_columns_and_keep_their_mean() -> None:
    x = _ablations(20, 60)
    noise = 0.05 * np.random.default_rng(1).normal(size=(len(x), 3))
    numbers = x[:, [0]] * np.array([1.0, 2.0, 3.0]) + noise
    found = fit(x.tolist(), numbers.tolist(), seed=0)
    alone = fit(x.tolist(), numbers.mean(1)[:, None].tolist(), seed=0)
    for all_three, one in zip(found.weights, alone.weights, strict=True):
        assert all_three is not None
        assert one is not None
        assert sum(all_three) / 3 == pytest.approx(one[0], abs=1e-12)
    assert found.weights[0] == pytest.approx((1.0, 2.0, 3.0), abs=0.2)


def test_r_squared_is_of_rows_left_out() -> None:
    x = _ablations(30, 60)
    pure = fit(x.tolist(), x[:, :2].tolist(), seed=0, draws=2).r_squared
    assert pure is not None
    assert pure.estimate == pytest.approx(1.0)
    assert pure.n == 60
    noise = np.random.default_rng(2).normal(size=(len(x), 1))
    none = fit(x.tolist(), noise.tolist(), seed=0, draws=2).r_squared
    assert none is not None
    assert none.estimate < 0.2, "thirty columns explain noise only to those who fitted it"
    assert none.lower < none.estimate < none.upper
    flat = fit(x.tolist(), [[1.0]] * len(x), seed=0, draws=2)
    assert flat.r_squared is None, "there is nothing to explain"
    assert set(flat.weights) == {(0.0,)}


def test_draws_spread_as_far_as_the_noise_moves_the_weight() -> None:
    x = _ablations(6, 100, keep=0.5)

    def noisy(seed: int) -> list[list[float]]:
        return (x[:, [0]] + np.random.default_rng(seed).normal(size=(len(x), 1))).tolist()

    drawn = fit(x.tolist(), noisy(0), seed=0, draws=64, dense=True)
    again = [fit(x.tolist(), noisy(seed), seed=0, dense=True).weights[0] for seed in range(64)]
    spread = float(np.std([draw[0] for draw in drawn.draws if draw[0] is not None]))
    true = float(np.std([weight[0] for weight in again if weight]))
    assert spread == pytest.approx(true, rel=0.35)


def test_the_same_seed_gives_the_same() -> None:
    x = _ablations(20, 40)
    y = (x[:, [0]] + 0.3 * np.random.default_rng(0).normal(size=(len(x), 1))).tolist()
    assert fit(x.tolist(), y, seed=5, draws=4) == fit(x.tolist(), y, seed=5, draws=4)
    assert fit(x.tolist(), y, seed=5, draws=4) != fit(x.tolist(), y, seed=6, draws=4)
