"""Where the lines of a verdict are drawn, and how a number is looked up.

Knows nothing of models or of what is decided; the names of the numbers are those of `evidence.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from attribution.types import Interval

Evidence = Mapping[str, Interval]

HALF = 0.5
"""An exact match is 0 or 1 for one text; over random draws this is half of them."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where the lines are drawn. All ours, all adjustable."""

    known: float = 0.6
    """The base knows the answer when its ROUGE-L, or the answer's geometric-mean token probability,
    reaches this."""
    kept: float = 0.75
    """The unlearned model still answers when its ROUGE-L reaches this."""
    near: float = 0.9
    """... and the answer's geometric-mean token probability is this share of the base's or more."""
    close: float = 0.5
    """It also still answers when the whole answer keeps this share of the base's probability."""
    recovered: float = 0.5
    """Marks bring the answer back when this share of the lost log-probability returns."""
    lift: float = 0.25
    """... and this much more than the most that the same marks bring back on any draw of random
    words, or than the reference gains."""
    returned: float = 0.8
    """Nearly all of the answer is back when marks on the words and on random ones return this share
    on average."""
    guessable: float = 0.5
    """A reference knows or guesses an answer whose whole probability reaches this."""
    collapse: float = 2.0
    """The model is broken when neutral text loses more than this, in nats per token, and more than
    on the reference."""
    base_breaks: float = 0.5
    """An edit says nothing when the base itself loses more than this share of the gap under it."""
    base_loss: float = 0.5
    """... or more than this, in nats per token: it cannot say the answer either."""
    share: float = 0.1
    """A set is suppressed when the lower bound on the share of suppressed cases exceeds this."""


DEFAULT_THRESHOLDS = Thresholds()


def value(evidence: Evidence, name: str) -> float | None:
    """Return the estimate of `name`, or None where it does not exist."""
    found = evidence.get(name)
    return None if found is None else found.estimate


def reaches(number: float | None, threshold: float) -> bool:
    """Tell whether a number exists and reaches a threshold."""
    return number is not None and number >= threshold


def percent(share: float) -> str:
    """Return a share as a reason shows it."""
    return f"{100 * share:z.0f} %"
