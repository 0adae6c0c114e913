"""What emphasis brought back, written down for a result document. Text stays raw."""

from __future__ import annotations

from attribution.attempts import Attempt, Reading, Recovery
from unpact_tui.recovery_schema import AttemptEntry, LeftOutEntry, ReadingEntry, RecoveryEntry


def reading_entry(reading: Reading) -> ReadingEntry:
    """Write down what a model says to the plain prompt."""
    return ReadingEntry(
        reading.logprob,
        reading.generation,
        reading.rouge_l,
        reading.exact,
        reading.diverges_at,
        reading.entity_hit,
    )


def recovery_entry(recovery: Recovery) -> RecoveryEntry:
    """Write down all attempts on one prompt, beside their controls."""
    return RecoveryEntry(
        plain=reading_entry(recovery.plain),
        base=reading_entry(recovery.base),
        reference=None if recovery.reference is None else reading_entry(recovery.reference),
        attempts=tuple(map(attempt_entry, recovery.attempts)),
        controls=tuple(map(attempt_entry, recovery.controls)),
        best=None if recovery.best is None else attempt_entry(recovery.best),
        control=recovery.control,
        lift=recovery.lift,
        paraphrase=recovery.paraphrase,
        left_out=tuple(LeftOutEntry(strategy, why) for strategy, why in recovery.left_out),
        selection=recovery.selection,
    )


def attempt_entry(attempt: Attempt) -> AttemptEntry:
    """Write down one emphasised prompt."""
    return AttemptEntry(
        strategy=attempt.strategy,
        kind=attempt.kind,
        draw=attempt.draw,
        positions=attempt.positions,
        moved=attempt.moved,
        strength=attempt.strength,
        ids_changed=attempt.ids_changed,
        prompt_text=attempt.prompt_text,
        logprob=attempt.unlearned.logprob,
        base_logprob=attempt.base_logprob,
        reference_logprob=attempt.reference_logprob,
        recovered=attempt.recovered,
        base_breaks=attempt.base_breaks,
        generation=attempt.unlearned.generation,
        rouge_l=attempt.unlearned.rouge_l,
        exact=attempt.unlearned.exact,
        diverges_at=attempt.unlearned.diverges_at,
        base_generation=attempt.base_generation,
        base_exact=attempt.base_exact,
        level=attempt.level,
        leaks=attempt.leaks,
        entity_hit=attempt.unlearned.entity_hit,
        pieces=attempt.pieces,
    )
