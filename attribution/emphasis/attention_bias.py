"""Add to the attention logits towards the words: each is attended to so many times as much.

PASTA (arXiv 2311.02262) multiplies the attention to everything else by a small alpha and makes it
sum to one again; adding -log alpha to the logits of the words is the same. It does so in heads that
were chosen beforehand, this in all of them or in those of the reach. One pass per reading; no text
and no id changes. Strength s makes it 4**s times as much.
"""

from __future__ import annotations

from math import log

from attribution.attempts import Level, Lever
from attribution.emphasis._means import Reach

LEVEL: Level = "attention"
STRENGTHS = (1.0, 2.0, 3.0)
NEEDS = "every layer attends through transformers' AttentionInterface"


def lever(strength: float, reach: Reach) -> Lever:
    """Add the logarithm."""
    return Lever("attention_bias", strength * log(4), reach.layers, reach.heads)


def said(strength: float) -> str:
    """Return how many times as much."""
    return f"attention x{4**strength:g}"
