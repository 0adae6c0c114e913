"""How an engine without models tries every strategy, and what is judged from that.

By the rule of `fake_model`; the verdict is the real one, of numbers that would be measured.
"""

from __future__ import annotations

from collections.abc import Iterator

from attribution.evidence import of_case
from attribution.thresholds import Thresholds
from attribution.types import Attempt, Reading, Recovery
from attribution.verdict import judge
from unpact_tui.worker.events import Event, Judged, Ladder
from unpact_tui.worker.fake_model import BASE, PLAIN, REFERENCE, FakeModel

STRATEGIES = ("bold", "bold_each", "quote", "quote_each", "upper", "repeat", "keywords", "focus")


def controls(model: FakeModel, strategy: str, positions: tuple[int, ...]) -> tuple[Attempt, ...]:
    """Return the twin, where there is one, and three draws of random words."""
    twin = model.read(strategy, "id_preserving", 0, positions)
    draws = [model.read(strategy, "random", draw, model.random_words(draw)) for draw in (1, 2, 3)]
    return tuple(attempt for attempt in (twin, *draws) if attempt is not None)


def recover(model: FakeModel, positions: tuple[int, ...]) -> Iterator[Event]:
    """Yield the ladder strategy by strategy, then the verdict."""
    chosen = positions or tuple(sorted(model.names)) or model.words[0]
    attempts: tuple[Attempt, ...] = ()
    beside: tuple[Attempt, ...] = ()
    recovery: Recovery | None = None
    for done, strategy in enumerate(STRATEGIES, 1):
        attempt = model.read(strategy, "key", 0, chosen)
        attempts += () if attempt is None else (attempt,)
        beside += controls(model, strategy, chosen)
        recovery = _recovery(model, attempts, beside, complete=done == len(STRATEGIES))
        yield Ladder(recovery, 5 * done, 5 * len(STRATEGIES))
    if recovery is not None:
        yield _judge(model, recovery)


def _recovery(
    model: FakeModel, attempts: tuple[Attempt, ...], controls: tuple[Attempt, ...], complete: bool
) -> Recovery:
    read = [a for a in attempts if a.recovered is not None]
    best = max(read, key=lambda a: a.recovered or 0.0, default=None)
    control = 0.03
    lift = None if best is None or best.recovered is None else best.recovered - control
    return Recovery(
        plain=Reading(PLAIN, model.plain_text(), 0.12, exact=False),
        base=Reading(BASE, model.answer_text, 1.0, exact=True),
        reference=_reference() if model.reference else None,
        attempts=attempts,
        controls=controls,
        best=best,
        control=control,
        lift=lift,
        complete=complete,
    )


def _reference() -> Reading:
    return Reading(REFERENCE, "I never heard of that.", 0.05, exact=False)


def _judge(model: FakeModel, recovery: Recovery) -> Judged:
    """Judge as the engine does: by numbers that would be measured."""
    losses = [0.11, 0.14, 0.09]
    evidence = of_case(model.answer, recovery, model.shift(), neutral_loss=losses)
    return Judged(judge(evidence, Thresholds()), evidence)
