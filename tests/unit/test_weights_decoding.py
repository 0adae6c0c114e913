"""Every bit pattern of the small formats is the number that torch says it is."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from unpact_tui.weights.decoding import READ, decode, decode_doubles

TORCH = {
    "BF16": torch.bfloat16,
    "F16": torch.float16,
    "F8_E4M3": torch.float8_e4m3fn,
    "F8_E5M2": torch.float8_e5m2,
}


@pytest.mark.parametrize("dtype", TORCH)
def test_all_patterns(dtype: str) -> None:
    bits = torch.finfo(TORCH[dtype]).bits
    patterns = np.arange(1 << bits, dtype=np.uint8 if bits == 8 else np.uint16)
    ours = decode(patterns.tobytes(), dtype)
    storage = torch.from_numpy(patterns.view(np.int8 if bits == 8 else np.int16))
    theirs = storage.view(TORCH[dtype]).to(torch.float32).numpy()
    assert ours.dtype == np.float32
    np.testing.assert_array_equal(ours, theirs)
    # Zeros are equal whatever their sign, and the sign is a bit of its own.
    known = ~np.isnan(theirs)
    np.testing.assert_array_equal(np.signbit(ours)[known], np.signbit(theirs)[known])


@given(st.lists(st.floats(width=32), max_size=40))
def test_what_numpy_reads_is_left_as_it_is(numbers: list[float]) -> None:
    raw = np.array(numbers, "<f4").tobytes()
    np.testing.assert_array_equal(decode(raw, "F32"), np.array(numbers, np.float32))
    np.testing.assert_array_equal(decode_doubles(raw, "F32"), np.array(numbers, np.float64))


@pytest.mark.parametrize(
    ("dtype", "kind"), [("I64", "<i8"), ("U8", "u1"), ("BOOL", "u1"), ("F64", "<f8")]
)
def test_whole_numbers(dtype: str, kind: str) -> None:
    numbers = np.array([0, 1, 1], kind)
    assert decode(numbers.tobytes(), dtype).tolist() == [0.0, 1.0, 1.0]
    assert dtype in READ
