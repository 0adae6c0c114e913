"""Where a lever is pulled, how much it adds, and what the four strategies mean by a strength."""

from __future__ import annotations

import math
from types import ModuleType

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from attribution.attempts import Lever, Steering
from attribution.attention import Pull, _missing
from attribution.emphasis import (
    Reach,
    anchor,
    attention_bias,
    attention_share,
    embedding_scale,
)
from attribution.errors import NothingToAblate
from attribution.steer import (
    active,
    anchored,
    anchors,
    of_rows,
    rows_at_once,
    shifted,
    unanchored,
)

BIAS = Lever("attention_bias", 1.0)
ANCHOR = Lever("anchor", 2.0)
WHERE = (frozenset({0, 2}), frozenset[int](), frozenset({1}))
ROWS = [(5, 6, 7), (8,), (9, 10)]
STEERING = Steering(BIAS, WHERE)
FILES = (attention_bias, attention_share, embedding_scale, anchor)


def test_what_changes_nothing_is_no_steering() -> None:
    assert active(STEERING, ROWS) is STEERING
    assert active(None, ROWS) is None
    assert active(Steering(Lever("anchor", 0.0), WHERE), ROWS) is None
    assert active(Steering(Lever("embedding_scale", 1.0), WHERE), ROWS) is None
    assert active(Steering(BIAS, (frozenset(),) * 3), ROWS) is None


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ((frozenset({3}), *WHERE[1:]), "outside"),
        ((frozenset({-1}), *WHERE[1:]), "outside"),
        (WHERE[:2], "2 rows are steered, but 3 are read"),
    ],
)
def test_what_does_not_fit_the_rows_is_an_error(
    where: tuple[frozenset[int], ...], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        active(Steering(BIAS, where), ROWS)


def test_positions_go_with_their_rows() -> None:
    assert of_rows(STEERING, 1, 3) == Steering(BIAS, WHERE[1:])
    assert of_rows(None, 0, 1) is None
    moved = shifted(STEERING, [0, 2, 1])
    assert moved.where == (frozenset({0, 2}), frozenset(), frozenset({2}))


def test_taking_the_positions_out_leaves_the_other_ids() -> None:
    assert unanchored(ROWS, WHERE) == [(6,), (8,), (9,)]
    with pytest.raises(NothingToAblate):
        unanchored([(1, 2)], [frozenset({0, 1})])


def test_anchoring_adds_the_difference_and_leaves_other_rows() -> None:
    logits, without = torch.tensor([[1.0, 2.0]] * 3), torch.tensor([[0.0, 4.0]] * 3)
    found = anchored(logits, without, Steering(ANCHOR, WHERE))
    assert found.tolist() == [[3.0, -2.0], [1.0, 2.0], [3.0, -2.0]]
    assert logits.tolist() == [[1.0, 2.0]] * 3
    assert [anchors(s) for s in (Steering(ANCHOR, WHERE), STEERING, None)] == [True, False, False]


def test_tables_of_attention_bound_how_many_rows_are_read() -> None:
    heads, length = 8, 1024
    one = rows_at_once(STEERING, length, heads)
    assert one == rows_at_once(Steering(Lever("attention_share", 0.5), WHERE), length, heads) * 8
    assert one == rows_at_once(Steering(Lever("attention_bias", 1.0, (), (2,)), WHERE), 1024, 8) * 8
    assert rows_at_once(STEERING, 2 * length, heads) == one // 4
    for free in (None, Steering(ANCHOR, WHERE), Steering(Lever("embedding_scale", 2.0), WHERE)):
        assert rows_at_once(free, length, heads) > 10**6


@pytest.mark.parametrize(
    ("begins", "length", "kept", "wanted"),
    [
        (0, 4, 4, [0, 2]),  # all of it
        (4, 1, 5, [0, 2]),  # behind a cache
        (4, 1, 3, [0]),  # behind a window: ids 2, 3, 4 are left
        (6, 1, 3, []),
        (0, 4, 9, [0, 2]),  # a static cache
    ],
)
def test_columns_are_counted_from_the_first_id_of_all(
    begins: int, length: int, kept: int, wanted: list[int]
) -> None:
    pull = Pull(Steering(BIAS, (frozenset({0, 2}),)))
    pull.begins, pull.length = begins, length
    for _ in range(2):
        (columns,) = pull.columns(kept, 1, torch.device("cpu")).flatten(1)
        assert columns.nonzero().flatten().tolist() == wanted


shares = st.floats(0.01, 0.99)
numbers = st.lists(st.floats(-8, 8), min_size=4, max_size=4)


@settings(deadline=None, max_examples=30)
@given(numbers, st.sets(st.integers(0, 3), max_size=4), shares, st.none() | st.floats(-3, 3))
def test_what_lacks_makes_up_the_share(
    row: list[float], at: set[int], share: float, sink: float | None
) -> None:
    logits = torch.tensor(row)[None, None, None]
    chosen = torch.tensor([i in at for i in range(4)])[None, None, None]
    sinks = None if sink is None else torch.tensor([sink])
    added = float(_missing(logits, chosen, sinks, share))
    assert added >= 0.0

    def held(more: float) -> float:
        parts = [math.exp(x + more * (i in at)) for i, x in enumerate(row)]
        whole = sum(parts) + (0.0 if sink is None else math.exp(sink))
        return sum(parts[i] for i in at) / whole

    if not at or (len(at) == 4 and sink is None):
        assert added == 0.0, "none of them is seen, or nothing else"
    else:
        assert held(added) == pytest.approx(max(held(0.0), share), abs=1e-5)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.__name__.rpartition(".")[2])
def test_a_strength_says_what_it_does_and_none_does_nothing(file: ModuleType) -> None:
    reach = Reach(layers=(1,), heads=(2, 3))
    found = [file.lever(strength, reach) for strength in (0.0, *file.STRENGTHS)]
    assert found[0].idle
    assert not any(lever.idle for lever in found[1:])
    amounts = [lever.amount for lever in found]
    assert amounts == sorted(set(amounts))
    assert {lever.kind for lever in found} == {file.__name__.rpartition(".")[2]}
    assert len({file.said(strength) for strength in file.STRENGTHS}) == len(file.STRENGTHS)
    attends = file in (attention_bias, attention_share)
    assert (found[1].layers, found[1].heads) == (((1,), (2, 3)) if attends else ((), ()))


def test_strengths_in_numbers() -> None:
    reach = Reach()
    assert attention_bias.lever(2.0, reach).amount == pytest.approx(math.log(16))
    assert attention_share.lever(2.0, reach).amount == pytest.approx(0.51)
    assert embedding_scale.lever(2.0, reach).amount == 4.0
    assert anchor.lever(2.0, reach).amount == 2.0
    assert [file.said(1.0) for file in FILES] == [
        "attention x4",
        "at least 30%",
        "embedding x2",
        "anchored x1",
    ]
