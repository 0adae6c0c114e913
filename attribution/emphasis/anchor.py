"""Tell what the words contribute to each next token from what is likely without them, and add it.

Selective Prompt Anchoring (arXiv 2408.09121): logits + w (logits - logits without the words). It
masks the words; here they are taken out of the ids, which are not cut anew, as attribution takes
them out. Two passes per reading; works on any model whose logits are known. Strength s is w: 1 adds
the difference once.
"""

from __future__ import annotations

from attribution.attempts import Level, Lever
from attribution.emphasis._means import Reach

LEVEL: Level = "decoding"
STRENGTHS = (1.0, 2.0, 3.0)
NEEDS = "all of its logits are known"
FORWARDS = 2


def lever(strength: float, reach: Reach) -> Lever:
    """Anchor; a reach says nothing about logits."""
    return Lever("anchor", strength)


def said(strength: float) -> str:
    """Return the weight."""
    return f"anchored x{strength:g}"
