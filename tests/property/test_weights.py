"""Directions of a difference: as many as were put in, whatever the scale; as exact ones say."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from unpact_tui.weights.change import Rank
from unpact_tui.weights.spectrum import (
    SKETCH,
    all_squares,
    product_squares,
    sketched_squares,
    told,
)

Matrix = NDArray[np.float64]


def made(rows: int, columns: int, values: Matrix, seed: int) -> Matrix:
    """Return a matrix with these singular values."""
    draw = np.random.default_rng(seed)
    left = np.linalg.qr(draw.standard_normal((rows, values.size))).Q
    right = np.linalg.qr(draw.standard_normal((columns, values.size))).Q
    return (left * values) @ right.T


def rows_of(matrix: Matrix, step: int) -> Callable[[], Iterator[NDArray[np.float32]]]:
    unit = np.abs(matrix).max()
    scaled = (matrix / unit).astype(np.float32)
    return lambda: iter([scaled[i : i + step] for i in range(0, len(scaled), step)])


def end(steps: Generator[None, None, Matrix]) -> Matrix:
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            return stop.value


def exact(matrix: Matrix, step: int = 7) -> Rank:
    tall = matrix.shape[1] <= matrix.shape[0]
    squares = end(all_squares(rows_of(matrix, step if tall else len(matrix)), tall))
    return told("x", squares, float(squares.sum()), 0.0, exact=True)


def sketched(matrix: Matrix, step: int = 50) -> Rank:
    unit = np.abs(matrix).max()
    squares = end(sketched_squares(rows_of(matrix, step), matrix.shape[1], 1))
    return told("x", squares, float(((matrix / unit) ** 2).sum()), 0.0, exact=False)


def by_numpy(matrix: Matrix) -> tuple[float, float, int]:
    """The obvious way: first share, effective rank, directions with 90 %."""
    squares = np.linalg.svd(matrix, compute_uv=False) ** 2
    shares = squares / squares.sum()
    seen = shares[shares > 1e-15]
    entropy = -float((seen * np.log(seen)).sum())
    return float(shares[0]), math.exp(entropy), int(np.searchsorted(np.cumsum(shares), 0.9)) + 1


sides = st.integers(2, 40)


@settings(max_examples=40, deadline=None)
@given(sides, sides, st.data())
def test_a_rank_k_difference_has_k_directions(rows: int, columns: int, data: st.DataObject) -> None:
    rank = data.draw(st.integers(1, min(rows, columns)))
    values = np.array(data.draw(st.lists(st.floats(0.3, 3.0), min_size=rank, max_size=rank)))
    matrix = made(rows, columns, values, seed=rank)
    found = exact(matrix)
    assert found.rank == rank
    top, effective, _ = by_numpy(matrix)
    assert found.top == pytest.approx(top, rel=1e-5)
    assert found.effective == pytest.approx(effective, rel=1e-4)
    assert found.held == 1.0


@settings(max_examples=10, deadline=None)
@given(st.integers(1, SKETCH - 4), st.floats(-100, 100), st.integers(0, 9))
def test_a_sketch_finds_k_at_any_scale(rank: int, power: float, seed: int) -> None:
    values = np.linspace(1.0, 0.3, rank) * 10.0**power
    matrix = made(130, 120, values, seed)
    found = sketched(matrix)
    assert found.rank == rank
    assert found.held == pytest.approx(1.0, abs=1e-5)
    top, effective, directions = by_numpy(matrix)
    assert found.top == pytest.approx(top, rel=1e-4)
    assert found.effective == pytest.approx(effective, rel=1e-3)
    assert found.directions == pytest.approx(directions, abs=1)


@pytest.mark.parametrize("decay", [0.2, 0.5, 1.0, 2.0])
def test_a_sketch_never_claims_too_much(decay: float) -> None:
    """On spectra that it cannot hold it stays below what is there."""
    values = np.arange(1, 401, dtype=np.float64) ** -decay
    matrix = made(400, 500, values, 1)
    found = sketched(matrix)
    top, effective, directions = by_numpy(matrix)
    squares = values**2 / (values**2).sum()
    assert found.held <= float(squares[:SKETCH].sum()) + 1e-5
    assert found.held >= 0.7 * float(squares[:SKETCH].sum())
    assert top * 0.9 <= found.top <= top + 1e-5
    assert found.effective <= effective * 1.02
    assert found.directions is None or found.directions >= directions
    assert (found.directions is None) == (found.held < 0.9)


def test_a_wide_matrix_is_as_its_transpose() -> None:
    matrix = made(20, 300, np.array([3.0, 2.0, 1.0]), 0)
    wide, tall = exact(matrix), exact(matrix.T.copy())
    assert (wide.rank, tall.rank) == (3, 3)
    assert wide.top == pytest.approx(tall.top, rel=1e-5)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 6), st.integers(7, 30), st.integers(7, 30))
def test_a_product_is_not_formed(rank: int, rows: int, columns: int) -> None:
    draw = np.random.default_rng(rank)
    left, right = draw.standard_normal((rows, rank)), draw.standard_normal((rank, columns))
    ours = product_squares(left, right)
    theirs = np.linalg.svd(left @ right, compute_uv=False) ** 2
    np.testing.assert_allclose(ours, theirs[:rank], rtol=1e-9)
