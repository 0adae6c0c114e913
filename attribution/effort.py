"""How far an estimator goes: what one reads, the others ignore. Knows none of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Effort:
    """How far an estimator goes. Each reads what it needs. Ours."""

    top_k: int = 16
    """screened, hierarchical: the most promising units that are measured by removal."""
    checked: int = 16
    """screened, hierarchical: units measured besides, at random, to know how good the rest is."""
    samples: int = 128
    """surrogate, shapley: prompts with something removed that may be read."""
    keep: float = 0.9
    """surrogate: the share of the prompt that stays in each."""
    screen: Literal["hidden", "gradient"] = "hidden"
    """screened: hide each unit from the answer, or one gradient x input: cheaper by far, and blind
    where the answer is all but certain."""
    baseline: str = "pad"
    """replacement: what takes a token's place: pad, mask, unk or a text of one token."""


DEFAULT_EFFORT = Effort()
