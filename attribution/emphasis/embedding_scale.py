"""Multiply the input embeddings of the words.

Ours. A norm in front of the first layer takes much of it back; what is left is that the words weigh
more in the sum that later layers add to. One pass per reading; no text and no id changes. Strength
s multiplies by 2**s.
"""

from __future__ import annotations

from attribution.attempts import Level, Lever
from attribution.emphasis._means import Reach

LEVEL: Level = "embedding"
STRENGTHS = (1.0, 2.0, 3.0)
NEEDS = "its input embeddings are a module of their own"


def lever(strength: float, reach: Reach) -> Lever:
    """Multiply; a reach says nothing about embeddings."""
    return Lever("embedding_scale", 2**strength)


def said(strength: float) -> str:
    """Return the factor."""
    return f"embedding x{2**strength:g}"
