"""What is known of a prompt at a glance: enough for its row in a list of ten thousand.

Read from answers as they lie folded, over what is large in them. Ours.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from attribution.types import Interval, Nats


class _Best(msgspec.Struct, frozen=True):
    recovered: float | None


class _Recovery(msgspec.Struct, frozen=True):
    best: _Best | None
    control: float | None


class Glimpse(msgspec.Struct, frozen=True):
    """Any event, without what is large; what it has not is as here."""

    type: str
    role: str = ""
    text: str = ""
    emphasised: bool = False
    done: bool | int = False
    logprob: Nats = 0.0
    recovery: _Recovery | None = None
    evidence: dict[str, Interval] | None = None


@dataclass(frozen=True, slots=True)
class Glance:
    """What the answers to a prompt say, in short."""

    evidence: dict[str, Interval] | None = None
    """None while it is not judged."""
    recovered: float | None = None
    """By the best attempt."""
    control: float | None = None
    logprobs: dict[str, Nats] = field(default_factory=dict[str, Nats])
    """Of the answer, by model."""
    texts: dict[str, str] = field(default_factory=dict[str, str])
    """What each model says to the plain prompt, when it has said it."""


def glance(said: Iterable[Glimpse]) -> Glance:
    """Put together what there is."""
    evidence: dict[str, Interval] | None = None
    recovery = _Recovery(None, None)
    logprobs: dict[str, Nats] = {}
    texts: dict[str, str] = {}
    for event in said:
        match event.type:
            case "Judged":
                evidence = event.evidence
            case "Ladder":
                recovery = event.recovery or recovery
            case "Contributions":
                logprobs[event.role] = event.logprob
            case "Written" if event.done and not event.emphasised:
                texts[event.role] = event.text
            case _:
                pass
    best = None if recovery.best is None else recovery.best.recovered
    return Glance(evidence, best, recovery.control, logprobs, texts)
