"""Whatever the bytes, reading ends in a header or in `Unreadable`; and the library agrees."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest
from checkpoints_fixture import safetensors_bytes
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from safetensors import SafetensorError, deserialize

from unpact_tui import safetensors_header
from unpact_tui.errors import Unreadable
from unpact_tui.safetensors_header import BITS, Header

FILE = Path("model.safetensors")


def good(shapes: list[list[int]], dtypes: list[str]) -> bytes:
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    start = 0
    for number, (shape, dtype) in enumerate(zip(shapes, dtypes, strict=True)):
        count = BITS[dtype] // 8
        for length in shape:
            count *= length
        entry = {"dtype": dtype, "shape": shape, "data_offsets": [start, start + count]}
        header[f"layer.{number}"] = entry
        start += count
    return safetensors_bytes(header, bytes(start))


WHOLE = ["F32", "F16", "BF16", "F64", "I64", "U8", "BOOL", "F8_E4M3"]
FILES = st.integers(0, 4).flatmap(
    lambda count: st.builds(
        good,
        st.lists(st.lists(st.integers(0, 4), max_size=3), min_size=count, max_size=count),
        st.lists(st.sampled_from(WHOLE), min_size=count, max_size=count),
    )
)


def read(raw: bytes) -> Header:
    """Parse without a file, as `safetensors_header.read` does."""
    length = int.from_bytes(raw[:8], "little")
    if len(raw) < 8 or 8 + length > len(raw):
        raise Unreadable(FILE, "short")
    return safetensors_header.parse(FILE, raw[8 : 8 + length], len(raw))


def accepted(raw: bytes) -> bool:
    try:
        read(raw)
    except Unreadable:
        return False
    return True


def accepted_by_the_library(raw: bytes) -> bool:
    try:
        deserialize(raw)
    except SafetensorError:
        return False
    return True


@given(FILES)
def test_good_files(raw: bytes) -> None:
    header = read(raw)
    assert header.size == len(raw)
    assert sum(tensor.bytes for tensor in header.tensors) + 8 + int.from_bytes(
        raw[:8], "little"
    ) == len(raw)
    assert all(
        tensor.elements * BITS[tensor.dtype] == 8 * tensor.bytes for tensor in header.tensors
    )


@settings(max_examples=400)
@given(FILES, st.data())
def test_changed_bytes(raw: bytes, data: st.DataObject) -> None:
    changed = bytearray(raw)
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    if accepted(bytes(changed)):
        assert accepted_by_the_library(bytes(changed))


@given(FILES, st.integers(1, 200))
def test_truncated(raw: bytes, count: int) -> None:
    assert not accepted(raw[:-count])


@given(FILES, st.binary(min_size=1, max_size=9))
def test_something_after_the_end(raw: bytes, more: bytes) -> None:
    assert not accepted(raw + more)


@settings(max_examples=300)
@given(st.binary(max_size=200))
@example(b"[" * 50_000)
@example(b'{"a":' * 50_000)
@example(b'{"\\ud800":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}')
@example(b'{"a":{"dtype":"U8","shape":[' + b"9" * 5000 + b'],"data_offsets":[0,1]}}')
def test_any_header(text: bytes) -> None:
    raw = safetensors_bytes(text, b"\0")
    if accepted(raw):
        assert accepted_by_the_library(raw)


NUMBERS = st.integers(-2, 12) | st.sampled_from([2**31, 2**62, 2**63, 2**64, 2**70]) | st.floats()
ENTRIES = st.fixed_dictionaries(
    {
        "dtype": st.sampled_from([*BITS, "X9", ""]),
        "shape": st.lists(NUMBERS, max_size=3),
        "data_offsets": st.lists(NUMBERS, max_size=3),
    }
)


@settings(max_examples=400)
@given(st.dictionaries(st.text(max_size=4), ENTRIES, max_size=3), st.integers(0, 24))
def test_any_description(header: dict[str, object], size: int) -> None:
    raw = safetensors_bytes(json.dumps(header).encode(), bytes(size))
    if accepted(raw):
        assert accepted_by_the_library(raw)


@pytest.mark.timeout(20)
def test_absurd_shapes_cost_no_time() -> None:
    entry = {"dtype": "U8", "shape": [2**62] * 100_000 + [0], "data_offsets": [0, 0]}
    assert read(safetensors_bytes({"a": entry}, b"")).tensors[0].elements == 0
    entry["shape"] = [2**62] * 100_000
    assert not accepted(safetensors_bytes({"a": entry}, b""))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.binary(max_size=40) | FILES)
def test_any_file(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(raw)
    with suppress(Unreadable):
        assert safetensors_header.read(path).size == len(raw)
