"""Is the model still a language model?

A collapsed model forgets everything, the forget set included. To tell the two apart without asking
for data, the base continues some neutral openings and both models score what it wrote. Ours.
"""

from __future__ import annotations

from collections.abc import Iterator

from attribution.scorer import Model, score_all, write_all
from attribution.types import Answer, Nats, Prompt

OPENINGS = (
    "Once upon a time, there was",
    "The weather today is",
    "In the morning, people often",
    "The most important thing to remember is",
    "What is the capital of France?",
    "One, two, three,",
)
_LENGTH = 16
"""Tokens of the base's continuation that are scored."""


def neutral_probes(base: Model) -> Iterator[tuple[Prompt, Answer]]:
    """Yield each opening with the base's continuation; one it has nothing to say to is left out."""
    for opening in OPENINGS:
        prompt = base.encode(opening)
        (ids,) = write_all(base, [prompt.ids], _LENGTH)
        if ids:
            yield prompt, Answer(base.decode(ids), ids, "base")


def neutral_losses(base: Model, other: Model) -> Iterator[Nats]:
    """Yield, per opening, the nats per token that `other` loses on what the base says."""
    for prompt, answer in neutral_probes(base):
        (before,) = score_all(base, [prompt.ids], answer)
        (after,) = score_all(other, [prompt.ids], answer)
        yield before - after
