"""What an answer is about, and whether a text gives it away. Ours.

An emphasised prompt that holds what was to be forgotten proves nothing when the answer comes back.
Knows nothing of models.
"""

from __future__ import annotations

from collections.abc import Sequence


def entities_of(prompt: str, answer: str, given: Sequence[str] = ()) -> tuple[str, ...]:
    """Return what the answer tells that the prompt does not; `given` where somebody said it."""
    return tuple(given)


def leaks(edited: str, prompt: str, entities: Sequence[str]) -> bool:
    """Tell whether an edited prompt says one of the entities more often than the prompt did."""
    return False


def hit(text: str, entities: Sequence[str]) -> bool | None:
    """Tell whether a text holds every entity; None where there is none."""
    return None
