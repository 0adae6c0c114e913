"""Which readings of a recovery count, and which is the best of them. Ours.

A prompt that gives the answer away counts in nothing: neither its number nor its text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from attribution.attempts import Attempt, AttemptKind, Reading, Recovery
from attribution.textmatch import exact
from attribution.types import Answer, Nats


def honest(attempts: Iterable[Attempt], kind: AttemptKind | None = None) -> list[Attempt]:
    """Return what counts: prompts that give the answer away do not."""
    return [a for a in attempts if not a.leaks and kind in (None, a.kind)]


def readable(attempts: Iterable[Attempt]) -> list[Attempt]:
    """Return those that can be read: the base does not break either."""
    return [attempt for attempt in honest(attempts) if not attempt.base_breaks]


def random_ones(recovery: Recovery) -> list[Attempt]:
    """Return the controls on random other words."""
    return honest(recovery.controls, "random")


def without_key_words(recovery: Recovery) -> list[Attempt]:
    """Return what does not depend on the words: random ones, and no marks at all."""
    return [*random_ones(recovery), *honest(recovery.controls, "paraphrase")]


def _twins(recovery: Recovery, kind: AttemptKind) -> list[Attempt]:
    """Without a number where their attempt has none: the two are read side by side."""
    read = {(a.strategy, a.strength) for a in readable(recovery.attempts)}
    return [
        twin if (twin.strategy, twin.strength) in read else replace(twin, recovered=None)
        for twin in honest(recovery.controls, kind)
    ]


def same_ids(recovery: Recovery) -> list[Attempt]:
    """Return the marks on the words' own ids; an attempt that changes no id is its own twin."""
    own = [attempt for attempt in honest(recovery.attempts) if not attempt.ids_changed]
    return [*_twins(recovery, "id_preserving"), *own]


def other_ids(recovery: Recovery) -> list[Attempt]:
    """Return other ids without marks; what only cuts words otherwise is its own twin."""
    own = [attempt for attempt in honest(recovery.attempts) if attempt.level == "tokens"]
    return [*_twins(recovery, "ids_only"), *own]


def most(attempts: Iterable[Attempt]) -> float | None:
    """Return the largest recovery; None when nothing could be read."""
    return max((a.recovered for a in attempts if a.recovered is not None), default=None)


def reference_share(recovery: Recovery, logprob: Nats) -> float | None:
    """Return what the reference gains when its LP of the answer is `logprob`; None without one.

    As a share of what unlearning took or of what the reference itself lacks, whichever is more:
    a little more probability for what it finds very unlikely is no sign that anybody could guess
    it, however little unlearning took.
    """
    if recovery.reference is None:
        return None
    plain, base = recovery.reference.logprob, recovery.base.logprob
    gap = base - recovery.plain.logprob
    return (logprob - plain) / max(gap, base - plain) if gap > 0 else None


def entity(attempts: Iterable[Attempt]) -> float | None:
    """Return 1 when one of the texts holds what the answer is about, else 0; None: not known."""
    hits = [a.unlearned.entity_hit for a in attempts if a.unlearned.entity_hit is not None]
    return float(any(hits)) if hits else None


def best_said(attempts: Iterable[Attempt]) -> Attempt | None:
    """Return the attempt whose text is nearest to the answer; None when nothing was written."""
    written = [attempt for attempt in attempts if attempt.unlearned.rouge_l is not None]
    return max(
        written,
        key=lambda attempt: (attempt.unlearned.exact or False, attempt.unlearned.rouge_l or 0.0),
        default=None,
    )


def exact_share(reading: Reading) -> float | None:
    """Return 1 for the answer word for word, else 0; None when nothing was written."""
    return None if reading.exact is None else float(reading.exact)


def contains(answer: Answer, base: Reading) -> float | None:
    """Return 1 when the answer's words stand in the text, else 0; None when nothing was written.

    A short answer may stand inside a sentence, which no other measure shows.
    """
    if base.generation is None:
        return None
    chunks, length = base.generation.split(), len(answer.text.split())
    windows = (" ".join(chunks[i : i + length]) for i in range(len(chunks) - length + 1))
    return float(any(exact(answer.text, window) for window in windows))


def larger(left: float | None, right: float | None) -> float | None:
    """Return the larger of what there is."""
    return max((share for share in (left, right) if share is not None), default=None)
