"""What each strategy does on one prompt, beside its controls: the numbers that are compared. Ours.

Little, so that of ten thousand prompts all can be kept. Knows nothing of models.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean

from attribution.attempts import Attempt, Recovery
from attribution.counted import (
    honest,
    most,
    other_ids,
    random_ones,
    readable,
    reference_share,
    same_ids,
)


@dataclass(frozen=True, slots=True)
class Cell:
    """One strategy on one prompt: the best of its strengths, as in each random draw."""

    recovered: float | None
    random: float | None
    excess: float | None
    exact: float | None
    random_exact: float | None
    same_ids: float | None
    other_ids: float | None

    @property
    def lift(self) -> float | None:
        """Return recovered - random."""
        if self.recovered is None or self.random is None:
            return None
        return self.recovered - self.random


def cells(recovery: Recovery) -> dict[str, Cell]:
    """Return what each strategy does on one prompt."""
    attempts = _by_strategy(honest(recovery.attempts))
    drawn = _by_strategy(random_ones(recovery))
    same, other = _by_strategy(same_ids(recovery)), _by_strategy(other_ids(recovery))
    return {
        name: _cell(
            recovery,
            attempts.get(name, ()),
            drawn.get(name, ()),
            most(same.get(name, ())),
            most(other.get(name, ())),
        )
        for name in dict.fromkeys(attempt.strategy for attempt in recovery.attempts)
    }


def _by_strategy(attempts: Iterable[Attempt]) -> dict[str, list[Attempt]]:
    found: dict[str, list[Attempt]] = {}
    for attempt in attempts:
        found.setdefault(attempt.strategy, []).append(attempt)
    return found


def _cell(
    recovery: Recovery,
    attempts: Sequence[Attempt],
    drawn: Sequence[Attempt],
    same: float | None,
    other: float | None,
) -> Cell:
    read = readable(attempts)
    draws: dict[int, list[Attempt]] = {}
    for attempt in drawn:
        draws.setdefault(attempt.draw, []).append(attempt)
    recovered = most(attempts)
    gain = _reference_gain(recovery, read)
    # What has but one half has the plain prompt for the other, which brings back nothing.
    if read and all(attempt.level == "tokens" for attempt in read):
        same = 0.0
    if read and not any(attempt.ids_changed for attempt in read):
        other = 0.0
    return Cell(
        recovered=recovered,
        random=_mean(most(draw) for draw in draws.values()),
        excess=None if recovered is None or gain is None else recovered - gain,
        exact=_any_exact(attempts),
        random_exact=_mean(_any_exact(draw) for draw in draws.values()),
        same_ids=same,
        other_ids=other,
    )


def _reference_gain(recovery: Recovery, read: Sequence[Attempt]) -> float | None:
    found = [a.reference_logprob for a in read if a.reference_logprob is not None]
    return reference_share(recovery, max(found)) if found else None


def _any_exact(attempts: Iterable[Attempt]) -> float | None:
    said = [a.unlearned.exact for a in attempts if a.unlearned.exact is not None]
    return float(any(said)) if said else None


def _mean(values: Iterable[float | None]) -> float | None:
    found = [value for value in values if value is not None]
    return fmean(found) if found else None
