"""What reading costs, in token-forwards: ids that a model reads, each once.

Plain arithmetic on lengths: knows no model, and nothing of what one token-forward costs it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from attribution.types import Answer, Prompt
from attribution.units import Unit

_BACK = 3
"""A pass forward and back, in passes forward."""

_SEEN = 100
"""Keys and values that are brought to a few ids for the price of reading one more. Measured on
small models, on which they weigh most."""


def whole(prompt: Prompt, answer: Answer) -> int:
    """Return the cost of the whole prompt; the answer's last token is never read."""
    return len(prompt.tokens) + len(answer.ids) - 1


def removal(prompt: Prompt, answer: Answer, units: Sequence[Unit]) -> float:
    """Return the average cost of removing one of `units`, once the whole prompt was read.

    What stands behind its first position is read again: one id at least, to predict the answer.
    """
    count = len(prompt.tokens)
    behind = sum(max(1, count - unit[0] - len(unit)) for unit in units)
    return behind / len(units) + len(answer.ids) - 1


def look(
    prompt: Prompt, answer: Answer, units: Sequence[Unit], screen: Literal["hidden", "gradient"]
) -> int:
    """Return the cost of estimating all `units` without removing one."""
    if screen == "gradient":
        return _BACK * whole(prompt, answer)
    each = len(answer.ids) + len(prompt.tokens) // _SEEN
    return whole(prompt, answer) + (len(units) + 1) * each
