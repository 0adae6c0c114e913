"""How an engine without models tries every strategy, and what is judged from that.

By the rule of `fake_model`, on what the real strategies make; the verdict is the real one, of
numbers that would be measured.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from attribution.attempts import Attempt, AttemptKind, Lever, LeverKind, Reading, Recovery
from attribution.evidence import of_case
from attribution.recover import control_of
from attribution.thresholds import Thresholds
from attribution.types import Case
from attribution.variants import Made, Variant, Wanted, variants
from attribution.verdict import judge
from unpact_tui.settings import DEFAULT_STRATEGIES, Settings
from unpact_tui.worker.events import Edited, Event, Failed, Judged, Ladder, Tried, Written
from unpact_tui.worker.fake_model import BASE, PLAIN, REFERENCE, FakeModel
from unpact_tui.worker.protocol import Recover, Try

STRATEGIES = DEFAULT_STRATEGIES


@dataclass(frozen=True, slots=True)
class FakeMeans:
    """What is tried, and what no model here lets be done to it."""

    settings: Settings
    refused: frozenset[LeverKind] = frozenset()

    def made(self, model: FakeModel, order: Try | Recover, positions: Sequence[int]) -> Made:
        """Return what to read. Raises `attribution.errors.AttributionError`."""
        settings = self.settings
        one = isinstance(order, Try)
        wanted = Wanted(
            (order.strategy,) if isinstance(order, Try) else settings.strategies,
            settings.draws,
            settings.seed,
            settings.means,
            order.case.paraphrases,
            order.strength if isinstance(order, Try) else None,
        )
        made = variants(model.tokens, model.prompt, positions, wanted, self._refuses)
        return Made(made.tried[:0], made.left_out) if one and made.left_out else made

    def _refuses(self, lever: Lever | None) -> str:
        if lever is None or lever.kind not in self.refused:
            return ""
        return "This model does not attend through transformers' AttentionInterface."


def attempt(model: FakeModel, means: FakeMeans, order: Try) -> Iterator[Event]:
    """Yield one emphasis with its answer, then its controls."""
    made = means.made(model, order, order.positions)
    if not made.tried:
        why = next((why for _, why in made.left_out), "there is nothing to emphasise.")
        yield Failed(f"{order.strategy} cannot be tried here: {why}", "", 2)
        return
    first, edited = made.tried[0], made.tried[0].edited
    yield Edited(order.strategy, edited.prompt, edited.moved, edited.ids_changed, first.level)
    read, *beside = [model.read(variant) for variant in made.tried]
    text = read.unlearned.generation or ""
    yield Written("unlearned", text[: len(text) // 2], emphasised=True, done=False)
    yield Written("unlearned", text, emphasised=True, done=True)
    yield Tried(read, tuple(beside), control_of(beside), model.answer_text)


def recover(model: FakeModel, means: FakeMeans, order: Recover) -> Iterator[Event]:
    """Yield the ladder rung by rung, then the verdict."""
    yield from _climbed(order.case, model.reference, means, order.positions)


@lru_cache(maxsize=64)
def _climbed(
    case: Case, reference: bool, means: FakeMeans, by_hand: tuple[int, ...]
) -> tuple[Event, ...]:
    """Return all of it; remembered, because tests ask for the same many times."""
    model = FakeModel(case, reference)
    chosen = by_hand or tuple(sorted(model.names)) or next(iter(model.words), ())
    made = means.made(model, Recover(case), chosen) if chosen else Made(())
    rungs = _rungs(made.tried) or [[]]  # a prompt without a word has none
    read: list[Attempt] = []
    events: list[Event] = []
    for done, rung in enumerate(rungs, 1):
        read += [model.read(variant) for variant in rung]
        recovery = _recovery(model, read, made, own=bool(by_hand), left=len(rungs) - done)
        events.append(Ladder(recovery, 5 * done, 5 * len(rungs)))
        if recovery.complete:
            events.append(_judge(model, recovery))
    return tuple(events)


def _rungs(tried: Sequence[Variant]) -> list[list[Variant]]:
    """Put what belongs together into one: what is tried, and its controls."""
    rungs: dict[tuple[str, float], list[Variant]] = {}
    for variant in tried:
        key = (variant.emphasis.strategy, variant.emphasis.strength)
        rungs.setdefault(key, []).append(variant)
    return list(rungs.values())


def _recovery(
    model: FakeModel, read: Sequence[Attempt], made: Made, *, own: bool, left: int
) -> Recovery:
    def kind(*kinds: AttemptKind) -> tuple[Attempt, ...]:
        return tuple(attempt for attempt in read if attempt.kind in kinds)

    tried = kind("key")
    said = [a for a in tried if a.recovered is not None]
    best = max(said, key=lambda a: a.recovered or 0.0, default=None)
    control = control_of(kind("random"))
    lift = None
    if best is not None and best.recovered is not None and control is not None:
        lift = best.recovered - control
    return Recovery(
        plain=Reading(PLAIN, model.plain_text(), 0.12, exact=False),
        base=Reading(BASE, model.answer_text, 1.0, exact=True),
        reference=_reference() if model.reference else None,
        attempts=tried,
        controls=tuple(attempt for attempt in read if attempt.kind != "key"),
        best=best,
        control=control,
        lift=lift,
        complete=left == 0,
        paraphrase=max((a.recovered or 0.0 for a in kind("paraphrase")), default=None),
        left_out=made.left_out,
        selection="own" if own else "base",
    )


def _reference() -> Reading:
    return Reading(REFERENCE, "I never heard of that.", 0.05, exact=False)


def _judge(model: FakeModel, recovery: Recovery) -> Judged:
    """Judge as the engine does: by numbers that would be measured."""
    losses = [0.11, 0.14, 0.09]
    evidence = of_case(model.answer, recovery, model.shift(), neutral_loss=losses)
    return Judged(judge(evidence, Thresholds()), evidence)
