"""Cut each word into other tokens and leave the text: ` Weswick` becomes ` ` and `Weswick`. Ours.

Such cuts are sampled as in subword regularisation (arXiv 1804.10959), which trains on them. Nothing
is emphasised by it: it shows what a mark does merely by changing ids. Needs the tokenizer's
vocabulary; one pass per reading, over a few tokens more.
"""

from __future__ import annotations

from attribution.attempts import Level
from attribution.scorer import Tokens
from attribution.types import Prompt, Token
from attribution.words import Word

LEVEL: Level = "tokens"
NEEDS = "the tokenizer's vocabulary"
STRENGTHS = (1.0, 2.0, 3.0)
"""The leading space set apart (in two pieces where there is none); in more pieces; in many."""
RUNGS = STRENGTHS

_SAMPLED = 24
"""Spellings to choose from."""


def respell(
    tokens: Tokens, prompt: Prompt, word: Word, strength: float, seed: int
) -> tuple[Token, ...] | None:
    """Return the first other spelling, or one in more pieces; None where there is no other."""
    first, last = word.positions[0], word.positions[-1]
    if last - first + 1 != len(word.positions):  # a fixed token in the midst of it
        return None
    own = [prompt.tokens[i] for i in word.positions]
    found = tokens.spellings(own, _SAMPLED, seed=seed)
    if strength == 1.0 or len(found) < 2:
        return found[0] if found else None
    finer = sorted(found[1:], key=len)
    finer = [spelling for spelling in finer if len(spelling) > len(found[0])] or finer
    return finer[len(finer) // 2] if strength == 2.0 else finer[-1]


def said(strength: float) -> str:
    """Return what a strength means."""
    return {1.0: "space apart", 2.0: "more pieces", 3.0: "many pieces"}.get(strength, "")
