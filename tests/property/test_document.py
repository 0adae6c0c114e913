from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from result_fixture import example

from attribution.types import Interval
from unpact_tui.document import decode, encode
from unpact_tui.errors import BadResult
from unpact_tui.plausible import MOST

# What is larger is refused: nothing that is measured is.
FINITE = st.floats(-MOST, MOST, allow_nan=False)
TEXT = st.text(st.characters(exclude_categories=["Cs"]))
EXAMPLE = example(with_failure=False)


@given(
    TEXT,
    TEXT,
    FINITE,
    st.none() | FINITE,
    st.dictionaries(TEXT, st.builds(Interval, FINITE, FINITE, FINITE, st.integers(0, 10))),
)
def test_any_text_and_any_number_come_back(
    text: str, name: str, number: float, noise: float | None, evidence: dict[str, Interval]
) -> None:
    case = EXAMPLE.cases[0]
    approximation = case.unlearned.approximation
    assert approximation is not None
    approximation = msgspec.structs.replace(approximation, how=text, agreement=None)
    case = msgspec.structs.replace(
        case,
        id=name,
        base=msgspec.structs.replace(case.base, generation=text, logprob=number, noise=noise),
        unlearned=msgspec.structs.replace(case.unlearned, approximation=approximation),
    )
    result = msgspec.structs.replace(EXAMPLE, cases=(case,), evidence=evidence)
    assert decode(encode(result)) == result
    assert decode(encode(result, pretty=True)) == result


@given(st.text(st.characters()))
def test_no_text_at_all_stops_a_result_from_being_written(text: str) -> None:
    base = msgspec.structs.replace(EXAMPLE.base, path=text)
    json.loads(encode(msgspec.structs.replace(EXAMPLE, base=base)))


@given(
    st.binary()
    | st.recursive(st.none() | st.text() | FINITE, st.lists).map(json.dumps).map(str.encode)
)
def test_garbage_is_refused_with_a_typed_error(data: bytes) -> None:
    with pytest.raises(BadResult, match="is not a result document"):
        decode(data)


@given(st.data())
def test_a_result_cut_short_is_refused(data: st.DataObject) -> None:
    encoded = encode(EXAMPLE)
    cut = data.draw(st.integers(0, len(encoded) - 1))
    with pytest.raises(BadResult):
        decode(encoded[:cut])
