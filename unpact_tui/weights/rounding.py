"""How far rounding alone moves weights, by the format that they are stored in.

Ours: a rule of thumb from the digits of a format. Reads nothing.
"""

from __future__ import annotations

_DIGITS = {"F64": 53, "F32": 24, "F16": 11, "BF16": 8, "F8_E4M3": 4, "F8_E5M2": 3}
"""Binary digits of a number, the first one, which is not stored, included."""

_TYPICAL = 0.42
"""Root of the mean square of a rounding error, in units of the largest that is possible."""


def formats(dtype: str) -> tuple[str, str]:
    """Return the formats of both sides from how a change spells them: F32/BF16, or F32 for two."""
    first, _, second = dtype.partition("/")
    return first, second or first


def rounding(dtype: str, norm: float) -> float:
    """Return the typical norm of what the second side's rounding adds to weights of this norm.

    0 for whole numbers, whose steps depend on a scale that is stored elsewhere.
    """
    digits = _DIGITS.get(formats(dtype)[1])
    return 0.0 if digits is None else _TYPICAL * 2.0**-digits * norm
