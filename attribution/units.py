"""Which tokens are removed together and share one contribution."""

from __future__ import annotations

from attribution.sentences import sentences
from attribution.types import Granularity, Prompt
from attribution.words import words

Unit = tuple[int, ...]
"""Positions that share one contribution: a token, or all tokens of a word or a sentence."""


def groups(prompt: Prompt, granularity: Granularity) -> tuple[Unit, ...]:
    """Return the units of more than a token's own, in order; a token in none stands alone."""
    if granularity == "word":
        return words(prompt)
    return sentences(prompt) if granularity == "sentence" else ()
