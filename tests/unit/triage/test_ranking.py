from __future__ import annotations

import random

import msgspec
import pytest
from triage_fixture import between, make_row

from attribution.types import Label
from unpact_tui.document import encode
from unpact_tui.triage.ranking import Ranked, Table, table
from unpact_tui.triage.row import IS_REFERENCE, Row


def names(found: Table) -> list[str]:
    return [row.name for row in found.checkpoints]


def on_front(found: Table) -> set[str]:
    return {row.name for row in found.checkpoints if row.front}


def test_the_worst_verdict_is_first_and_what_failed_is_last() -> None:
    verdicts: list[Label] = ["UNRECOVERED", "UNKNOWN", "SUPPRESSED", "RETAINED", "COLLAPSED"]
    rows = [make_row("broken", None, error="It is truncated."), *(make_row(v, v) for v in verdicts)]
    random.Random(0).shuffle(rows)
    found = table(rows)
    assert names(found) == [*reversed(verdicts), "broken"]
    assert [row.rank for row in found.checkpoints] == [1, 2, 3, 4, 5, 6]


def test_within_a_verdict_the_least_forgotten_is_first_then_the_least_kept() -> None:
    rows = [
        make_row("d", said=None),
        make_row("c", said=0.1, retained=0.9),
        make_row("b", said=0.1, retained=0.8),
        make_row("a", said=0.6),
    ]
    assert names(table(rows)) == ["a", "b", "c", "d"]


def test_rows_that_are_alike_are_in_the_order_of_their_names() -> None:
    assert names(table([make_row("b"), make_row("a")])) == ["a", "b"]


@pytest.mark.parametrize(("said", "brought_back"), [(0.2, 0.7), (0.7, 0.2)])
def test_what_is_said_either_way_is_not_forgotten(said: float, brought_back: float) -> None:
    (row,) = table([make_row("a", said=said, brought_back=brought_back)]).checkpoints
    assert row.forget is not None
    assert row.forget.estimate == pytest.approx(0.3)
    assert (row.forget.lower, row.forget.upper) == pytest.approx((0.25, 0.35))


def test_the_front_is_what_nothing_beats() -> None:
    rows = [
        make_row("forgets most", said=0.0, brought_back=0.0, retained=0.5),
        make_row("keeps most", said=0.5, retained=1.0),
        make_row("between", said=0.2, retained=0.8),
        make_row("beaten by one", said=0.2, retained=0.7),
        make_row("beaten by all", said=0.6, retained=0.4),
    ]
    assert on_front(table(rows)) == {"forgets most", "keeps most", "between"}


def test_the_front_is_what_no_other_one_beats_pair_by_pair() -> None:
    draw = random.Random(4)
    for count in range(1, 25):
        points = [(draw.randrange(5) / 4, draw.randrange(5) / 4) for _ in range(count)]
        rows = [
            make_row(f"{number}", said=1 - forgotten, brought_back=0.0, retained=kept)
            for number, (forgotten, kept) in enumerate(points)
        ]
        unbeaten = {
            str(number)
            for number, one in enumerate(points)
            if not any(o != one and o[0] >= one[0] and o[1] >= one[1] for o in points)
        }
        assert on_front(table(rows)) == unbeaten


def test_equal_ones_are_on_the_front_together() -> None:
    rows = [make_row("a"), make_row("b"), make_row("c", said=0.3)]
    assert on_front(table(rows)) == {"a", "b"}


def test_what_lacks_an_axis_or_is_broken_or_failed_is_on_no_front() -> None:
    rows = [
        make_row("no forget", said=None, retained=1.0),
        make_row("no utility", said=0.0, retained=None),
        make_row("collapsed", "COLLAPSED", said=0.0, retained=1.0),
        make_row("failed", None, error="No."),
        make_row("left", said=0.9, retained=0.1),
    ]
    assert on_front(table(rows)) == {"left"}


def test_the_base_among_them_does_not_empty_the_front() -> None:
    rows = [make_row("reference", said=0.0, retained=1.0), make_row("candidate")]
    assert on_front(table(rows)) == {"reference"}
    same = msgspec.structs.replace(rows[0], warnings=(IS_REFERENCE,))
    assert on_front(table([same, rows[1]])) == {"candidate"}


def with_utility(row: Row, utility: float) -> Row:
    return msgspec.structs.replace(row, metrics={"model_utility": between(utility)})


def test_model_utility_is_the_axis_where_every_checkpoint_has_it() -> None:
    good, bad = make_row("good", retained=0.1), make_row("bad", retained=0.9)
    broken = make_row("broken", None, error="No.")
    found = table([with_utility(good, 0.8), with_utility(bad, 0.2), broken])
    assert found.utility == "model_utility"
    assert on_front(found) == {"good"}
    mixed = table([with_utility(good, 0.8), bad])
    assert mixed.utility == "retain_match"
    assert on_front(mixed) == {"bad"}


def test_a_table_is_read_back_as_it_was() -> None:
    found = table([make_row("a"), make_row("b", None, error="No.")], base="base")
    again = msgspec.json.decode(encode(found), type=Table)
    assert again == found
    plain = msgspec.json.decode(encode(found))
    assert plain["schema"] == 1
    assert {"name", "path", "verdict", "reasons", "evidence"} <= set(plain["checkpoints"][0])


def test_a_ranked_row_has_all_of_the_row() -> None:
    row = make_row("a")
    (ranked,) = table([row]).checkpoints
    assert isinstance(ranked, Ranked)
    assert all(getattr(ranked, name) == getattr(row, name) for name in Row.__struct_fields__)


def test_no_rows_are_no_checkpoints() -> None:
    assert table([]).checkpoints == ()
