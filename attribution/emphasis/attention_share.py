"""Raise attention to the words to a share of all of it, where they have less; never lower it.

SpotLight (arXiv 2505.12025): per layer, head and query. It adds log(share / found) to the logits of
the words, which falls short of the share once attention sums to one again; what is added here is
the difference of the log odds, which meets it. Queries that see none of the words are left alone,
and so are those that see nothing else. One pass per reading, which computes attention logits twice;
no text and no id changes. Strength s stands for a share of 1 - 0.7**s.
"""

from __future__ import annotations

from attribution.attempts import Level, Lever
from attribution.emphasis._means import Reach

LEVEL: Level = "attention"
STRENGTHS = (1.0, 2.0, 3.0)
NEEDS = "every layer attends through transformers' AttentionInterface"


def lever(strength: float, reach: Reach) -> Lever:
    """Ask for the share."""
    return Lever("attention_share", 1 - 0.7**strength, reach.layers, reach.heads)


def said(strength: float) -> str:
    """Return the share."""
    return f"at least {1 - 0.7**strength:.0%}"
