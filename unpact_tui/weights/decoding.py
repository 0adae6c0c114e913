"""Numbers from the bytes of a weight file.

numpy has neither bfloat16 nor the formats of eight bits: those are decoded here from their bits.
Knows no file and no tensor.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.floating[Any]]

_PLAIN = {
    "F64": "<f8",
    "F32": "<f4",
    "F16": "<f2",
    "I64": "<i8",
    "I32": "<i4",
    "I16": "<i2",
    "I8": "i1",
    "U64": "<u8",
    "U32": "<u4",
    "U16": "<u2",
    "U8": "u1",
    "BOOL": "u1",
}
"""What numpy can read itself."""

_EIGHT_BITS = {"F8_E4M3": (4, 7), "F8_E5M2": (5, 15)}
"""Bits of the exponent, and its bias."""

READ = frozenset({*_PLAIN, *_EIGHT_BITS, "BF16"})
"""The formats that `decode` takes, as safetensors spells them."""


def decode(raw: bytes | memoryview, dtype: str) -> Numbers:
    """Return the numbers in `raw`, each exactly; as float64 where float32 has not the room."""
    import numpy as np

    if dtype == "BF16":
        # The upper half of a float32.
        return (np.frombuffer(raw, "<u2").astype(np.uint32) << 16).view(np.float32)
    if dtype in _EIGHT_BITS:
        return np.take(_table(dtype), np.frombuffer(raw, np.uint8))
    numbers = np.frombuffer(raw, _PLAIN[dtype])
    return numbers.astype(np.float32 if dtype in ("F32", "F16") else np.float64, copy=False)


def decode_doubles(raw: bytes | memoryview, dtype: str) -> NDArray[np.float64]:
    """Return the same as float64; a NaN of any kind is no reason to warn."""
    import numpy as np

    with np.errstate(all="ignore"):
        return decode(raw, dtype).astype("f8", copy=False)


@dataclass(frozen=True, slots=True)
class Room:
    """Where bits are put in their place."""

    bits: NDArray[np.uint32]
    floats: NDArray[np.float32]
    """The same memory, as what the bits mean."""

    @classmethod
    def of(cls, elements: int) -> Room:
        """Return room for so many."""
        import numpy as np

        bits = np.empty(elements, np.uint32)
        return cls(bits, bits.view(np.float32))


def decode_into(
    raw: bytes | memoryview, dtype: str, out: NDArray[np.float64], room: Room
) -> NDArray[np.float64]:
    """Write what `decode_doubles` returns to the beginning of `out`, and return that part.

    For the two usual formats nothing is allocated. NaN may warn.
    """
    import numpy as np

    if dtype == "BF16":
        halves = np.frombuffer(raw, "<u2")
        bits = room.bits[: halves.size]
        np.copyto(bits, halves)
        np.left_shift(bits, 16, out=bits)
        numbers: Numbers = room.floats[: halves.size]
    else:
        numbers = np.frombuffer(raw, "<f4") if dtype == "F32" else decode(raw, dtype)
    filled = out[: numbers.size]
    np.copyto(filled, numbers)
    return filled


@cache
def _table(dtype: str) -> NDArray[np.float32]:
    """Return the value of each of the 256 bytes."""
    import numpy as np

    values = [_value(byte, dtype) for byte in range(256)]
    return np.array(values, np.float32)


def _value(byte: int, dtype: str) -> float:
    exponent_bits, bias = _EIGHT_BITS[dtype]
    mantissa_bits = 7 - exponent_bits
    sign = -1.0 if byte & 0x80 else 1.0
    exponent = byte >> mantissa_bits & (1 << exponent_bits) - 1
    mantissa = byte & (1 << mantissa_bits) - 1
    if dtype == "F8_E4M3":
        # No infinity: of the highest exponent only the highest mantissa is not a number.
        if byte & 0x7F == 0x7F:
            return float("nan")
    elif exponent == (1 << exponent_bits) - 1:
        return float("nan") if mantissa else sign * float("inf")
    fraction = mantissa / (1 << mantissa_bits)
    if exponent == 0:
        return sign * fraction * 2.0 ** (1 - bias)
    return sign * (1 + fraction) * 2.0 ** (exponent - bias)
