"""What an engine without models says of how sure it is: noise, guesses, and what two models share.

Made-up numbers of the shape that real ones have. It knows neither orders nor replies.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from attribution.types import Approximation, Interval, Nats, Prompt
from unpact_tui.worker.events import Loaded

Values = tuple[Nats | None, ...]

_TOP, _EVERY = 4, 4
_BLUR = 0.8
_SHARE = 0.99
_LAYERS = 5


@dataclass(frozen=True, slots=True)
class FakeDoubt:
    """What is not exact, or not separate, about models that do not exist."""

    noise: Nats | None = None
    screened: bool = False
    """Only the largest contributions and some others are measured; all are guessed."""
    shared: bool = False
    """The unlearned model has most of its weights from the base."""


EXACT = FakeDoubt()


def measured(values: Values) -> Values:
    """Return what removal would be tried on: the largest, and now and then another."""
    known = [i for i, value in enumerate(values) if value is not None]
    top = sorted(known, key=lambda i: -(values[i] or 0.0))[:_TOP]
    kept = {*top, *known[::_EVERY]}
    return tuple(value if i in kept else None for i, value in enumerate(values))


def approximation(values: Values) -> Approximation:
    """Return how the others were guessed, and how well."""
    known = [value for value in values if value is not None]
    count = sum(value is not None for value in measured(values))
    return Approximation(
        estimates=tuple(None if v is None else round(_BLUR * v, 4) for v in values),
        how=f"{count} of {len(known)} tokens were measured by removal; the others are estimated by"
        " hiding each from the answer",
        measured=count,
        units=len(known),
        agreement=Interval(0.91, 0.8, 0.97, 16),
    )


def belongs(prompt: Prompt, values: Values, keys: tuple[int, ...]) -> Values:
    """Return how likely each token is a KeyToken: sure of what was measured, less of others."""
    top = max((value for value in values if value is not None), default=0.0) or 1.0
    sure = measured(values)

    def chance(i: int) -> float | None:
        value = values[i]
        if prompt.tokens[i].fixed or value is None:
            return None
        if sure[i] is None:
            return round(min(0.9, max(0.02, _BLUR * value / top)), 2)
        return 0.97 if i in keys else 0.01

    return tuple(chance(i) for i in range(len(values)))


def shared(loaded: Loaded) -> Loaded:
    """Return the unlearned checkpoint with most of it in memory already."""
    if loaded.role != "unlearned":
        return loaded
    part = int(_SHARE * loaded.bytes)
    return msgspec.structs.replace(loaded, shared_bytes=part, shared_layers=_LAYERS)
