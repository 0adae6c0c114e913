"""Measuring: how much each prompt token contributes to an answer, and what brings it back.

    import attribution

    scorer = attribution.open("base/")
    found = attribution.leave_one_out(scorer, "Who wrote The Hidden River?", "Mira Vale.")

Each name is imported when it is first asked for, and torch when a model is opened.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from attribution.asking import key_tokens, leave_one_out, leave_out, measure, shift
    from attribution.effort import Effort
    from attribution.errors import AttributionError
    from attribution.opening import open as open
    from attribution.scorer import Scorer
    from attribution.types import (
        Answer,
        Approximation,
        Attribution,
        Granularity,
        Interval,
        KeyTokenRule,
        KeyTokens,
        Nats,
        Prompt,
        Shift,
        Span,
        Token,
    )

__all__ = [
    "Answer",
    "Approximation",
    "Attribution",
    "AttributionError",
    "Effort",
    "Granularity",
    "Interval",
    "KeyTokenRule",
    "KeyTokens",
    "Nats",
    "Prompt",
    "Scorer",
    "Shift",
    "Span",
    "Token",
    "key_tokens",
    "leave_one_out",
    "leave_out",
    "measure",
    "shift",
]
# `open` is left out: a star import would put it in the place of the builtin.

_ELSEWHERE = {
    "AttributionError": "attribution.errors",
    "Effort": "attribution.effort",
    "Scorer": "attribution.scorer",
    "key_tokens": "attribution.asking",
    "leave_one_out": "attribution.asking",
    "leave_out": "attribution.asking",
    "measure": "attribution.asking",
    "open": "attribution.opening",
    "shift": "attribution.asking",
}
"""Where a name is, unless it is among the types."""


def __getattr__(name: str) -> object:
    if name not in __all__ and name not in _ELSEWHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_ELSEWHERE.get(name, "attribution.types")), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_ELSEWHERE})
