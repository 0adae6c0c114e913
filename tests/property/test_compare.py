from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from attribution.compare import rank_correlation, shift
from attribution.types import Answer, Attribution, KeyTokenRule, KeyTokens, Prompt, Span, Token

NUMBERS = st.integers(-40, 40).map(lambda number: number / 8)
PAIRS = st.lists(st.tuples(st.none() | NUMBERS, st.none() | NUMBERS), max_size=20)
INDICES = st.sets(st.integers(0, 19))


def both(pairs: list[tuple[float | None, float | None]]) -> tuple[Attribution, Attribution]:
    tokens = tuple(Token(i, "a", i, i + 1) for i in range(len(pairs)))
    prompt = Prompt("a" * len(tokens), tokens, Span(0, len(tokens)))
    base = Attribution(prompt, Answer("y", (9,), "gold"), -1.0, tuple(a for a, _ in pairs), "x")
    return base, replace(base, contributions=tuple(b for _, b in pairs))


def keys(positions: set[int], size: int) -> KeyTokens:
    return KeyTokens(tuple(sorted(i for i in positions if i < size)), KeyTokenRule())


@given(PAIRS, INDICES, INDICES)
def test_a_shift_is_within_its_ranges(
    pairs: list[tuple[float | None, float | None]], left: set[int], right: set[int]
) -> None:
    found = shift(*both(pairs), keys(left, len(pairs)), keys(right, len(pairs)))
    assert len(found.delta) == len(pairs)
    for delta, (before, after) in zip(found.delta, pairs, strict=True):
        assert (delta is None) == (before is None or after is None)
    assert found.overlap is None or 0 <= found.overlap <= 1
    assert found.focus_kept is None or found.focus_kept >= 0
    assert found.rank_correlation is None or -1.000001 <= found.rank_correlation <= 1.000001


@given(PAIRS, INDICES)
def test_nothing_moves_between_a_model_and_itself(
    pairs: list[tuple[float | None, float | None]], positions: set[int]
) -> None:
    base, _ = both(pairs)
    found = shift(base, base, keys(positions, len(pairs)), keys(positions, len(pairs)))
    assert all(not delta for delta in found.delta)
    assert found.overlap in (None, 1.0)
    assert found.focus_kept in (None, 1.0)
    assert found.rank_correlation in (None, pytest.approx(1.0))


@given(PAIRS, INDICES, INDICES)
def test_overlap_and_rank_correlation_have_no_direction(
    pairs: list[tuple[float | None, float | None]], left: set[int], right: set[int]
) -> None:
    one, other = keys(left, len(pairs)), keys(right, len(pairs))
    base, unlearned = both(pairs)
    there, back = shift(base, unlearned, one, other), shift(unlearned, base, other, one)
    assert there.overlap == back.overlap
    assert there.rank_correlation == pytest.approx(back.rank_correlation)


@given(st.lists(NUMBERS, min_size=3, max_size=20))
def test_ranks_see_order_alone(values: list[float]) -> None:
    assume(len(set(values)) > 1)
    assert rank_correlation(values, [value**3 for value in values]) == pytest.approx(1.0)
    assert rank_correlation(values, [-(2.0**value) for value in values]) == pytest.approx(-1.0)
