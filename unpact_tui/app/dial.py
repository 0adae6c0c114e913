"""What a strategy is called where its dial stands, in a word or two.

A session may name strategies that this version does not have: these are called by their names.
"""

from __future__ import annotations

from attribution import emphasis
from attribution.attempts import Level
from attribution.emphasis import Means, Strategy
from attribution.errors import AttributionError
from unpact_tui.app.lines import shown

STEERED: dict[Level, str] = {
    "attention": "attention to the words is raised",
    "embedding": "the words' embeddings are scaled",
    "decoding": "what the words add to the logits is added again",
}
"""What is done in the forward pass."""


def strategy_of(name: str, means: Means) -> Strategy | None:
    """Return a strategy; None where there is no such."""
    try:
        return emphasis.load(name, means)
    except AttributionError:
        return None


def strength_of(name: str, strength: float, means: Means) -> str:
    """Say what a strength means; empty for the default of a mark."""
    strategy = strategy_of(name, means)
    if strategy is None or strength not in strategy.strengths:
        return "" if strength == 1 else f"x{strength:g}"
    return strategy.at(strength)


def named(name: str, strength: float, means: Means) -> str:
    """Name a strategy, and say how strong it is where that has a name."""
    said = strength_of(name, strength, means)
    name = shown(name, 40)
    if not said:
        return name
    return f"{name} {said}" if said.startswith("x") else f"{name}, {said}"


def rung(name: str, strength: float, most: int) -> str:
    """Name a rung of the ladder in up to `most` characters, which its strength is never cut off."""
    tail = "" if strength == 1 else f" x{strength:g}"
    return shown(name, max(4, most - len(tail))) + tail
