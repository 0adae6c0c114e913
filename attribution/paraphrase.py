"""The same question in other words, without emphasis: the control for any edit at all. Ours."""

from __future__ import annotations

from collections.abc import Sequence


def rewordings(content: str, given: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the paraphrases that were given, or frames around the prompt, which say nothing new.

    `content` is the prompt as a person wrote it, without the template.
    """
    return tuple(given)
